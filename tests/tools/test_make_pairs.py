"""Pairs are made by seed, of the sizes asked for."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.resize import resize_bicubic
from imgan.types import Array

ROOT = Path(__file__).parents[2]


def make(*words: object) -> None:
    result = subprocess.run(
        [sys.executable, "tools/make_pairs.py", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def pairs(folder: Path) -> dict[str, tuple[Array, Array]]:
    return {
        path.name: (cv2.imread(str(path)), cv2.imread(str(folder / "LR" / path.name)))
        for path in sorted((folder / "HR").iterdir())
    }


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("astronaut", "coffee"):
        pixels = getattr(skimage.data, name)()[:301, :390]
        cv2.imwrite(str(folder / f"{name}.png"), pixels[..., ::-1])
    return folder


def test_whole_pictures(photographs: Path, tmp_path: Path) -> None:
    make(photographs, tmp_path / "out")
    made = pairs(tmp_path / "out")
    assert list(made) == ["0000-astronaut.png", "0001-coffee.png"]
    source = cv2.imread(str(photographs / "coffee.png"))
    hr, lr = made["0001-coffee.png"]
    np.testing.assert_array_equal(hr, source[:300, :388])
    assert lr.shape == (75, 97, 3)
    make(photographs, tmp_path / "noisy", "--blur", 0, "--jpeg", 0)
    noisy = pairs(tmp_path / "noisy")["0001-coffee.png"][1]
    noise = noisy.astype(np.float32) - resize_bicubic(hr, 1 / 4)
    middle = (noisy > 20) & (noisy < 235)
    assert noise[middle].std() == pytest.approx(5, rel=0.05)
    # Blur takes detail away, JPEG noise.
    assert np.abs(np.diff(lr.astype(float), axis=0)).mean() < (
        0.9 * np.abs(np.diff(noisy.astype(float), axis=0)).mean()
    )


def test_crops_are_repeatable_and_differ(photographs: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make(photographs, tmp_path / name, "--count", 5, "--crop", 96, "--scale", 2)
    one, two = pairs(tmp_path / "one"), pairs(tmp_path / "two")
    assert [name[5:8] for name in one] == ["ast"] * 3 + ["cof"] * 2
    for name, (hr, lr) in one.items():
        assert (hr.shape, lr.shape) == ((96, 96, 3), (48, 48, 3))
        np.testing.assert_array_equal(hr, two[name][0])
        np.testing.assert_array_equal(lr, two[name][1])
    assert len({hr.tobytes() for hr, _ in one.values()}) == 5
