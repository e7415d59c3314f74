"""Contact sheets hold every picture, pixel for pixel."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.resize import resize_bicubic
from tests.tools.loading import load_tool

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.thorough
def test_rows_of_truth_bicubic_and_models(tmp_path: Path) -> None:
    photographs = {"a": skimage.data.coffee(), "b": skimage.data.astronaut()}
    (tmp_path / "in").mkdir()
    for name, image in photographs.items():
        photographs[name] = image = image[:200, 100:340]
        cv2.imwrite(str(tmp_path / "in" / f"{name}.png"), image[..., ::-1])
    result = subprocess.run(
        [
            sys.executable,
            "tools/make_sheets.py",
            str(tmp_path / "in"),
            str(tmp_path / "out"),
            "--models",
            "x4",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    details = cv2.imread(str(tmp_path / "out" / "details.png"))[..., ::-1]
    # Two halves of a row with three squares each, and a gap after each of them.
    assert details.shape == (192 + 4 + 4, 2 * (3 * 196 + 4), 3)
    for half, image in enumerate(photographs.values()):
        left = half * (3 * 196 + 4)
        truth = details[:192, left : left + 192]
        place = cv2.matchTemplate(image, truth, cv2.TM_SQDIFF)
        top, side = np.unravel_index(place.argmin(), place.shape)
        square = (slice(top, top + 192), slice(side, side + 192))
        np.testing.assert_array_equal(truth, image[square])
        bicubic = resize_bicubic(resize_bicubic(image, 1 / 4), 4)[square]
        shown = details[:192, left + 196 : left + 388]
        np.testing.assert_array_equal(shown, bicubic)
    whole = cv2.imread(str(tmp_path / "out" / "x4.png"))
    assert whole.shape == (100 + 4, 2 * (120 + 4), 3)


def test_an_odd_number_of_pictures_loses_none(tmp_path: Path) -> None:
    photograph = skimage.data.coffee()[:192, :192]
    (tmp_path / "in").mkdir()
    for name in "abc":
        cv2.imwrite(str(tmp_path / "in" / f"{name}.png"), photograph[..., ::-1])
    load_tool("make_sheets").main(
        [str(tmp_path / "in"), str(tmp_path / "out"), "--models", "x4-fast"]
    )
    details = cv2.imread(str(tmp_path / "out" / "details.png"))[..., ::-1]
    for top, left in ((0, 0), (200, 0), (0, 592)):
        truth = details[top : top + 192, left : left + 192]
        np.testing.assert_array_equal(truth, photograph)
