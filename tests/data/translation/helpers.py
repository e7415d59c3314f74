"""Folders and recipes that the tests of translation share."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from imgan.config import validate_recipe
from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.types import Array


def save(path: Path, image: Array) -> Path:
    """Write a picture, RGB or grey, 8 or 16 bits, whose folder may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)
    return path


def ramp(height: int, width: int, channels: int = 3) -> Array:
    """Return a picture whose pixels say where they are: column, row, and their sum."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    ramps = np.stack([columns, rows, columns // 2 + rows // 2], axis=-1)
    return ramps if channels == 3 else rows


def paired(train: dict[str, Any], seed: int = 3, **data: Any) -> Pix2PixRecipe:
    """Return a recipe of pairs, cut out of pictures as they are."""
    recipe = validate_recipe(
        {
            "name": "tiny",
            "family": "pix2pix",
            "seed": seed,
            "data": {
                "train": {key: str(value) for key, value in train.items()},
                "image_size": 16,
                "load_size": None,
                **data,
            },
            "training": {"steps": 1},
        }
    )
    assert isinstance(recipe, Pix2PixRecipe)
    return recipe


def unpaired(a: Path, b: Path, /, **data: Any) -> CycleGANRecipe:
    """Return a recipe of two domains, cut out of pictures as they are."""
    recipe = validate_recipe(
        {
            "name": "tiny",
            "family": "cyclegan",
            "seed": 3,
            "data": {
                "train": {"a": str(a), "b": str(b)},
                "image_size": 16,
                "load_size": None,
                **data,
            },
            "training": {"steps": 1},
        }
    )
    assert isinstance(recipe, CycleGANRecipe)
    return recipe
