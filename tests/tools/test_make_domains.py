"""Two domains share no photograph, and held-out pairs show the true mapping."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.types import Array
from tools import make_domains
from tools.make_domains import changed

NAMES = ("astronaut", "chelsea", "coffee", "rocket", "camera", "brick")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in NAMES:
        pixels = getattr(skimage.data, name)()[:200, :260]
        shown = pixels if pixels.ndim == 2 else pixels[..., ::-1]
        cv2.imwrite(str(folder / f"{name}.png"), shown)
    return folder


def read(folder: Path) -> dict[str, Array]:
    return {
        path.name: cv2.imread(str(path))[..., ::-1] for path in sorted(folder.iterdir())
    }


def test_files(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--count", "5", "--held-out", "2", "--size", "48"]
    for name in ("one", "two"):
        make_domains.main([str(photographs), str(tmp_path / name), *words])
    assert "dB PSNR to the true mapping" in capsys.readouterr().out
    train = {side: read(tmp_path / "one" / "train" / side) for side in "ab"}
    held_out = {side: read(tmp_path / "one" / "validation" / side) for side in "ab"}
    assert [len(side) for side in (*train.values(), *held_out.values())] == [5, 5, 2, 2]
    stems = [{name[5:-4] for name in side} for side in train.values()]
    stems.append({name[5:-4] for name in held_out["a"]})
    assert sum(map(len, stems)) == len(NAMES) == len(set.union(*stems))
    assert held_out["a"].keys() == held_out["b"].keys()
    for name, pixels in held_out["a"].items():
        assert pixels.shape == (48, 48, 3)
        np.testing.assert_array_equal(changed(pixels), held_out["b"][name])
    again = read(tmp_path / "two" / "train" / "b")
    for name, pixels in train["b"].items():
        np.testing.assert_array_equal(pixels, again[name])


def test_mapping_by_hand() -> None:
    """120 degrees move channels on by one; then the values are inverted."""
    pixel = np.array([[[200, 100, 30]]], np.uint8)
    assert changed(pixel).tolist() == [[[225, 55, 155]]]
    assert changed(pixel, 0.0).tolist() == [[[55, 155, 225]]]
    grey = np.full((1, 1, 3), 77, np.uint8)
    assert changed(grey, 40.0).tolist() == [[[178] * 3]]


def test_too_few_photographs(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="6 photographs"):
        make_domains.main([str(photographs), str(tmp_path / "out")])
