"""A network learns to leave borders as if the picture went on mirrored."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.networks.anchored_edsr import AnchoredEDSR
from imgan.runtime import import_tensorflow
from imgan.types import Array
from tests.export import bundles
from tests.tools.loading import TOOLS
from tests.tools.loading import load_tool
from tests.tools.pictures import save_cat


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # It takes its chain from the tool beside it.
    monkeypatch.syspath_prepend(TOOLS)
    return load_tool("mend_border")


@pytest.fixture
def framed(tmp_path: Path) -> Path:
    """Return a bundle that draws a frame of some levels around flat white."""
    network = AnchoredEDSR(scale=2, num_filters=8, num_blocks=1)
    last = network.get_layer("last")
    kernel, bias = last.get_weights()
    random = np.random.default_rng(0)
    last.set_weights([random.normal(0, 0.002, kernel.shape), bias])
    return bundles.save(
        network, tmp_path / "framed", "anchored_edsr", "super_resolution", 2
    )


def made(bundle: Path, image: Array) -> Array:
    network, _ = load_network(bundle)
    return np.asarray(network(image[None] / np.float32(255), training=False))[0]


@pytest.mark.slow
def test_the_frame_fades_and_the_middle_stays(
    tool: ModuleType, framed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cat = save_cat(tmp_path / "photos")[:40, :40]
    network, _ = load_network(framed)
    image = cat[None] / np.float32(255)
    target = np.asarray(tool.mirrored(import_tensorflow(), network, image))[0]
    before = made(framed, cat)
    assert tool.main([str(framed), str(tmp_path / "photos"), "--steps", "200"]) == 0
    was, became = re.findall(r"([\d.]+) -> ([\d.]+) levels", capsys.readouterr().out)[0]
    assert 2 < float(was) < 40
    assert float(became) < float(was)
    after = made(framed, cat)
    frame, middle = slice(0, 2), slice(16, -16)
    off_before, off_after = (np.abs(one - target)[frame] for one in (before, after))
    assert off_after.mean() < 0.75 * off_before.mean()
    np.testing.assert_allclose(
        before[middle, middle], target[middle, middle], atol=1e-5
    )
    assert np.abs(after - target)[middle, middle].mean() < 0.3 * off_before.mean()


def test_what_is_mirrored_is_cut_off_again(tool: ModuleType, framed: Path) -> None:
    """For a picture that is its own mirror image beyond the border, at any size."""
    network, _ = load_network(framed)
    tf = import_tensorflow()
    image = tf.random.uniform((1, 24, 30, 3), seed=1)
    inner = np.asarray(tool.mirrored(tf, network, image))
    around = [(0, 0), (tool.MIRRORED,) * 2, (tool.MIRRORED,) * 2, (0, 0)]
    whole = np.asarray(network(np.pad(image, around, "symmetric"), training=False))
    assert inner.shape == (1, 48, 60, 3)
    np.testing.assert_array_equal(inner, whole[:, 16:-16, 16:-16])


def test_a_model_that_does_not_enlarge_colour_is_refused(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = AnchoredEDSR(scale=1, num_filters=4, num_blocks=1)
    bundle = bundles.save(
        network, tmp_path / "same", "anchored_edsr", "super_resolution", 1
    )
    write_image(Picture(np.zeros((30, 30, 3), np.uint8)), tmp_path / "p" / "a.png")
    with pytest.raises(SystemExit, match="2"):
        tool.main([str(bundle), str(tmp_path / "p")])
    assert "no network that enlarges colour" in capsys.readouterr().err


def test_pictures_that_are_too_small_are_refused(
    tool: ModuleType,
    framed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_image(Picture(np.zeros((31, 40, 3), np.uint8)), tmp_path / "p" / "a.png")
    with pytest.raises(SystemExit, match="2"):
        tool.main([str(framed), str(tmp_path / "p")])
    assert "has no picture of 32 pixels" in capsys.readouterr().err
