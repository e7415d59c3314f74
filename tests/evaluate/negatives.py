"""Pairs of which the target is the negative of the source, but for a known error."""

from pathlib import Path

import numpy as np
import skimage.data

from imgan.io.images import Picture
from imgan.io.images import write_image

SIZE = 32


def put(path: Path, pixels: np.ndarray) -> None:
    """Write a picture, whose folder may be missing."""
    write_image(Picture(np.ascontiguousarray(pixels)), path)


def photograph(index: int, size: int = SIZE) -> np.ndarray:
    """Return source number `index`."""
    # Neither black nor white, so that an error of a few levels is never clipped.
    part = skimage.data.astronaut()[40 * index :, 100:][:size, :size]
    return (part // 2 + 50).astype(np.uint8)


def error(index: int) -> int:
    """Return by how many levels the target of a pair is off the negative."""
    return (4, 1, 3, 0, 2)[index]


def target(index: int, size: int = SIZE) -> np.ndarray:
    """Return target number `index`."""
    return (255 - photograph(index, size) + error(index)).astype(np.uint8)


def put_pairs(folder: Path) -> Path:
    """Write five pairs as folders `source` and `target`, and as halves in `ab`."""
    for index in range(5):
        put(folder / "source" / f"{index}.png", photograph(index))
        put(folder / "target" / f"{index}.tif", target(index))
        both = np.concatenate([photograph(index), target(index)], axis=1)
        put(folder / "ab" / f"{index}.png", both)
    return folder
