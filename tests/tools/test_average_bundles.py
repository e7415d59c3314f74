"""The mean of bundles' weights, and what has none."""

from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.register import PRETRAINED
from tests.tools.bundles import save_srresnet
from tests.tools.loading import load_tool


def refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        load_tool("average_bundles").main(words)
    return capsys.readouterr().err


def test_each_weight_is_the_mean_and_the_distance_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights w, 2w and 6w have the mean 3w, and are 2/3, 1/3 and 3/3 of it away."""
    network, card = load_network(PRETRAINED / "x4-fast")
    weights = network.get_weights()
    paths = [str(tmp_path / name) for name in ("one", "two", "six")]
    for factor, path in zip((1, 2, 6), paths, strict=True):
        network.set_weights([factor * each for each in weights])
        save_bundle(network, card, Path(path))

    assert load_tool("average_bundles").main(paths) == 0
    told = [line.split(": ") for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in told] == paths
    assert [line.split()[0] for _, line in told] == ["0.667", "0.333", "1.000"]
    mean, its_card = load_network(Path(paths[0]))
    assert its_card.network == card.network
    for found, weight in zip(mean.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, 3 * weight, rtol=1e-6)
    for factor, path in zip((2, 6), paths[1:], strict=True):
        untouched, _ = load_network(Path(path))
        np.testing.assert_array_equal(untouched.get_weights()[0], factor * weights[0])


def test_another_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(PRETRAINED / name) for name in ("x4", "x4-fast")]
    assert "is another network than" in refusal(words, capsys)


def test_statistics_of_batches_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "normalized"
    save_srresnet(bundle)
    assert "statistics of batches" in refusal([str(bundle), str(bundle)], capsys)


def test_shares_weigh_the_mean(tmp_path: Path) -> None:
    """(4 w + 1 * 6 w) / 5 = 2 w."""
    network, card = load_network(PRETRAINED / "x4-fast")
    weights = network.get_weights()
    paths = [str(tmp_path / name) for name in ("one", "six")]
    for factor, path in zip((1, 6), paths, strict=True):
        network.set_weights([factor * each for each in weights])
        save_bundle(network, card, Path(path))
    assert load_tool("average_bundles").main([*paths, "--shares", "4", "1"]) == 0
    mean, _ = load_network(Path(paths[0]))
    for found, weight in zip(mean.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, 2 * weight, rtol=1e-6)


@pytest.mark.parametrize("shares", [["1"], ["1", "0"], ["1", "2", "3"]])
def test_shares_are_one_for_each(
    shares: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(PRETRAINED / "x4"), str(PRETRAINED / "x4"), "--shares", *shares]
    assert "for each bundle" in refusal(words, capsys)
