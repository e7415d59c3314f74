"""What a network adds to flat grey is taken from its last biases."""

from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.register import PRETRAINED
from imgan.metrics.checkerboard import checkerboard
from imgan.types import Array
from tests.tools.bundles import save_srresnet
from tests.tools.loading import load_tool


def flat(bundle: Path, level: float, scale: int) -> Array:
    network, _ = load_network(bundle)
    side = 88
    made = network(np.full((1, side, side, 3), level, np.float32), training=False)
    inner = slice(40 * scale, -40 * scale)
    return np.asarray(made)[0, inner, inner]


@pytest.mark.parametrize(("name", "scale"), [("x4-fast", 4), ("x2", 2)])
def test_a_pattern_of_the_last_biases_goes_and_the_rest_stays(
    name: str, scale: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two levels are added to one place of the cell, and one to all blue ones."""
    network, card = load_network(PRETRAINED / name)
    before = [np.array(weight) for weight in network.weights]
    last = next(w for w in reversed(network.weights) if w.shape == (scale**2 * 3,))
    pattern = np.zeros((scale**2, 3))
    pattern[1] = 2 / 255
    pattern[:, 2] += 1 / 255
    last.assign(np.asarray(last) + pattern.reshape(-1))
    save_bundle(network, card, tmp_path / "spoilt")
    assert checkerboard(flat(tmp_path / "spoilt", 0.5, scale) * 255, scale) > 0.3

    assert load_tool("level_bundle").main([str(tmp_path / "spoilt")]) == 0
    assert "pattern on flat grey: " in capsys.readouterr().out
    for level in (0.2, 0.5, 0.8):
        made = flat(tmp_path / "spoilt", level, scale)
        assert checkerboard(made * 255, scale) < 0.1
        np.testing.assert_allclose(made.mean(axis=(0, 1)), level, atol=0.25 / 255)
    after, _ = load_network(tmp_path / "spoilt")
    for weight, old in zip(after.weights, before, strict=True):
        assert np.abs(np.asarray(weight) - old).max() < 0.5 / 255


def test_networks_without_such_an_end_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_srresnet(tmp_path / "other")
    with pytest.raises(SystemExit):
        load_tool("level_bundle").main([str(tmp_path / "other")])
    assert "no bias for each pixel of a cell" in capsys.readouterr().err
