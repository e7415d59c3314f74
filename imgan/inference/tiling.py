"""Cut a picture into tiles whose results, put together, equal the whole picture's.

A tile is read with a halo of neighbours, and what the halo made of the output is cut
away. Reads stop at the picture's own border, so zero padding happens there and nowhere
else: no output pixel knows that it came from a tile. Integers and numpy only.

Three grids are involved: the input, the network's output (`scale` times as fine), and
the result, which is the network's output or a resampling of it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgan.types import Array
from imgan.types import Region
from imgan.types import Size

Taps = NDArray[np.int64]
"""`(result length, taps)`: which pixels of the network's output make a result pixel."""


class Span(NamedTuple):
    """One tile along one axis; every pair is `start, stop`."""

    read: tuple[int, int]
    """Input pixels that the network is given."""
    kept: tuple[int, int]
    """Pixels of the network's whole output that are kept of what it made."""
    place: tuple[int, int]
    """Pixels of the result that the tile is responsible for."""


class Tile(NamedTuple):
    """What to read, what to keep of the network's output, where the result goes."""

    read: Region
    """Input pixels that the network is given."""
    crop: Region
    """What is kept, inside the network's output for `read`."""
    kept: Region
    """The same pixels, inside the network's output for the whole picture."""
    place: Region
    """Pixels of the result that the tile is responsible for."""


class Grid(NamedTuple):
    """How a network may be tiled."""

    tile: int
    """Side of a tile in input pixels, halo excluded; 0 for the whole picture."""
    halo: int
    """Input pixels on one side that an output pixel depends on."""
    scale: int = 1
    """Output pixels per input pixel along one side."""
    multiple: int = 1
    """Sides that the network accepts are multiples of this."""


def plan_tiles(
    size: Size, grid: Grid, rows: Taps | None = None, columns: Taps | None = None
) -> list[Tile]:
    """Return tiles that cover the result exactly once.

    Args:
        size: Input picture, before padding to multiples.
        grid: Tile, halo, scale and multiple of the network.
        rows: What each result row needs, if the network's output is resampled.
        columns: The same for columns.

    Returns:
        Tiles row by row. Reads lie within `padded_size(size, grid.multiple)`.
    """
    if grid.tile < 0 or grid.halo < 0 or min(grid.scale, grid.multiple, *size) < 1:
        raise ValueError(
            "tile and halo must be at least 0; scale, multiple and sides at least 1. "
            f"Received: {grid}, {size!r}"
        )
    across = plan_axis(size.width, grid, columns)
    return [
        _join(down, right, grid.scale)
        for down in plan_axis(size.height, grid, rows)
        for right in across
    ]


def plan_axis(length: int, grid: Grid, taps: Taps | None = None) -> list[Span]:
    """Return the spans of one axis, in order; their places cover the result once.

    Args:
        length: Input pixels along the axis.
        grid: Tile, halo, scale and multiple of the network.
        taps: What each result pixel needs, if the network's output is resampled.
    """
    step = _up(grid.tile, grid.multiple) or length
    padded = _up(length, grid.multiple)
    spans = []
    for start in range(0, length, step):
        stop = min(start + step, length)
        place = kept = (start * grid.scale, stop * grid.scale)
        if taps is not None:
            # The same share of the result as of the input: borders only have to be
            # monotone, each result pixel knows what it needs.
            place = (len(taps) * start // length, len(taps) * stop // length)
            if place[0] == place[1]:
                continue
            needed = taps[place[0] : place[1]]
            kept = (int(needed.min()), int(needed.max()) + 1)
        first = max(0, kept[0] // grid.scale - grid.halo)
        last = min(padded, -(-kept[1] // grid.scale) + grid.halo)
        read = (first - first % grid.multiple, _up(last, grid.multiple))
        spans.append(Span(read, kept, place))
    return spans


def padded_size(size: Size, multiple: int) -> Size:
    """Return the smallest size that holds `size` and whose sides are multiples."""
    return Size(_up(size.height, multiple), _up(size.width, multiple))


def pad_to_multiple(image: Array, multiple: int) -> Array:
    """Mirror a picture at its bottom and right until its sides are multiples.

    Args:
        image: `(height, width, channels)`; a side too short to mirror repeats its
            last pixel.
        multiple: What both sides must be divisible by.

    Returns:
        The picture itself if nothing is missing.
    """
    size = Size(*image.shape[:2])
    wanted = padded_size(size, multiple)
    for axis in (0, 1):
        missing = wanted[axis] - size[axis]
        if missing:
            mode = "reflect" if missing < size[axis] else "edge"
            widths = [(0, 0)] * image.ndim
            widths[axis] = (0, missing)
            image = np.pad(image, widths, mode=mode)  # type: ignore[call-overload]
    return image


def _join(down: Span, right: Span, scale: int) -> Tile:
    kept = _region(down.kept, right.kept)
    read = _region(down.read, right.read)
    crop = Region(
        kept.top - read.top * scale,
        kept.left - read.left * scale,
        kept.height,
        kept.width,
    )
    return Tile(read, crop, kept, _region(down.place, right.place))


def _region(rows: tuple[int, int], columns: tuple[int, int]) -> Region:
    return Region(rows[0], columns[0], rows[1] - rows[0], columns[1] - columns[0])


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
