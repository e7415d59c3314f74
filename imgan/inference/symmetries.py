"""The eight ways to lay a picture down: turned and mirrored.

A network answers each a little differently, and the mean of its answers is nearer to
the truth than any of them (self-ensemble: Timofte et al., 2016, section 4.2).
"""

from imgan.types import Array
from imgan.types import Region
from imgan.types import Size

SYMMETRIES = range(8)
"""Bit 0 exchanges the axes, then bit 1 mirrors rows and bit 2 columns."""


def turn(image: Array, symmetry: int) -> Array:
    """Return a view of a `(height, width, ...)` array under one of `SYMMETRIES`."""
    if symmetry & 1:
        image = image.swapaxes(0, 1)
    return image[:: -1 if symmetry & 2 else 1, :: -1 if symmetry & 4 else 1]


def turn_back(image: Array, symmetry: int) -> Array:
    """Return a view of what `turn` made, as it was before."""
    image = image[:: -1 if symmetry & 2 else 1, :: -1 if symmetry & 4 else 1]
    return image.swapaxes(0, 1) if symmetry & 1 else image


def turn_region(region: Region, size: Size, symmetry: int) -> Region:
    """Return where a part of a picture lies after `turn`.

    Args:
        region: Part of the picture.
        size: Of the whole picture.
        symmetry: One of `SYMMETRIES`.
    """
    top, left, height, width = region
    if symmetry & 1:
        top, left, height, width = left, top, width, height
        size = Size(size.width, size.height)
    if symmetry & 2:
        top = size.height - top - height
    if symmetry & 4:
        left = size.width - left - width
    return Region(top, left, height, width)
