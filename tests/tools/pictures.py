"""What the tools that train are given to train on."""

from pathlib import Path

import cv2
import skimage.data

from imgan.types import Array


def save_cat(folder: Path) -> Array:
    """Make a folder with one photograph, 200 x 250, and return its pixels."""
    folder.mkdir()
    cat = skimage.data.chelsea()[50:250, 100:350, ::-1]
    cv2.imwrite(str(folder / "cat.png"), cat)
    return cat
