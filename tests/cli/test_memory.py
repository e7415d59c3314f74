"""Memory is bounded by the tile and one output, not by the number of files."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from imgan.io.images import Picture
from imgan.io.images import write_image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "wait4"), reason="no wait4 here"),
]


def peak_megabytes(*words: object) -> float:
    """Run `imgan upscale` and return the most memory that it held."""
    command = [sys.executable, "-m", "imgan", "upscale", *map(str, words), "--quiet"]
    process = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss / 1024


def save(folder: Path, count: int) -> Path:
    cat = skimage.data.chelsea()
    for number in range(count):
        write_image(
            Picture(np.roll(cat, number, 1)[:96, : 96 + number % 7].copy()),
            folder / f"{number}.jpg",
        )
    return folder


def test_many_files_need_no_more_than_few(tmp_path: Path) -> None:
    few = peak_megabytes(save(tmp_path / "few", 10), tmp_path / "few_out")
    many = peak_megabytes(save(tmp_path / "many", 300), tmp_path / "many_out")
    assert many <= 1.05 * few


def test_twelve_megapixels_at_x4_stay_below_three_gigabytes(tmp_path: Path) -> None:
    photo = np.tile(skimage.data.astronaut(), (6, 8, 1))[:3000, :4000].copy()
    write_image(Picture(photo), tmp_path / "photo.jpg")
    peak = peak_megabytes(tmp_path / "photo.jpg", tmp_path / "out", "--scale", "4")
    assert peak <= 3000
