"""Cut a picture into tiles whose results, put together, equal the whole picture's.

A tile is read with a halo of neighbours, and what the halo made of the output is cut
away. Reads stop at the picture's own border, so zero padding happens there and nowhere
else: no output pixel knows that it came from a tile. Integers and numpy only.

Three grids are involved: the input, the network's output (`scale` times as fine), and
the result, which is the network's output or a resampling of it.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgan.bundles.grid import Grid
from imgan.bundles.grid import padded_length
from imgan.bundles.grid import up_to_multiple
from imgan.types import Array
from imgan.types import Region
from imgan.types import Size

Taps = NDArray[np.int64]
"""`(result length, taps)`: which pixels of the network's output make a result pixel."""

_SHORTEST_MIRRORED = 4
"""Pixels from which on there is something to mirror over and over."""


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
        Tiles row by row. Reads lie within `padded_size` of the picture and the grid.
    """
    least = min(grid.scale, grid.multiple, grid.minimum, *size)
    if grid.tile < 0 or grid.halo < 0 or least < 1:
        raise ValueError(
            "tile and halo must be at least 0; scale, multiple, minimum and sides at "
            f"least 1. Received: {grid}, {size!r}"
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
    padded = padded_length(length, grid.multiple, grid.minimum)
    used = (0, length) if taps is None else _used(taps, grid.scale)
    # What is computed: of a picture that is cropped, no more than is looked at.
    window = max(0, used[0] - grid.halo), min(length, used[1] + grid.halo)
    offset = window[0] - window[0] % grid.multiple
    borders = _borders(window[1] - offset, grid)
    # All tiles are read at one size, which what computes them can be prepared for.
    shortest = padded_length(1, grid.multiple, grid.minimum)
    if len(borders) > 2:
        shortest = max(shortest, up_to_multiple(borders[1] + grid.halo, grid.multiple))
    spans = []
    for start, stop in pairwise(offset + border for border in borders):
        place = kept = (start * grid.scale, stop * grid.scale)
        if taps is not None:
            # The same share of the result as of the input: borders only have to be
            # monotone, each result pixel knows what it needs.
            place = _share(len(taps), used, start), _share(len(taps), used, stop)
            if place[0] == place[1]:
                continue
            needed = taps[place[0] : place[1]]
            kept = (int(needed.min()), int(needed.max()) + 1)
        first = max(0, kept[0] // grid.scale - grid.halo)
        last = min(padded, -(-kept[1] // grid.scale) + grid.halo)
        first, last = first - first % grid.multiple, up_to_multiple(last, grid.multiple)
        if last - first < shortest:
            # More neighbours than the halo change nothing.
            first = min(first, padded - shortest)
            last = first + shortest
        spans.append(Span((first, last), kept, place))
    return spans


def _used(taps: Taps, scale: int) -> tuple[int, int]:
    """Return the input pixels that a result looks at: the first, and after the last."""
    return int(taps.min()) // scale, -(-(int(taps.max()) + 1) // scale)


def _share(count: int, used: tuple[int, int], border: int) -> int:
    """Return how many of the result's pixels lie before a border of the input."""
    first, last = used
    return count * (min(max(border, first), last) - first) // (last - first)


def _borders(length: int, grid: Grid) -> list[int]:
    """Return where tiles meet, 0 and the length included.

    Those at the ends have a halo on one side only and keep more instead, so that all
    read as much, and no more than a tile and two halos.
    """
    step = up_to_multiple(grid.tile, grid.multiple) or length
    halos = 2 * grid.halo
    count = max(1, -(-(length - halos) // step))
    read = -(-(length + halos * (count - 1)) // count)
    inner = [grid.halo + index * (read - halos) for index in range(1, count)]
    return [0, *inner, length]


def padded_size(size: Size, multiple: int, minimum: int = 1) -> Size:
    """Return the smallest size that holds `size` and that a network accepts."""
    return Size(*(padded_length(side, multiple, minimum) for side in size))


def pad_to_multiple(image: Array, multiple: int, minimum: int = 1) -> Array:
    """Mirror a picture at its bottom and right until its sides are multiples.

    Args:
        image: `(height, width, channels)`; a side is mirrored as often as it takes, and
            one of less than 4 pixels that is too short repeats its last pixel.
        multiple: What both sides must be divisible by.
        minimum: What both sides must be at least.

    Returns:
        The picture itself if nothing is missing.
    """
    size = Size(*image.shape[:2])
    wanted = padded_size(size, multiple, minimum)
    for axis in (0, 1):
        missing = wanted[axis] - size[axis]
        if missing:
            mirrored = missing < size[axis] or size[axis] >= _SHORTEST_MIRRORED
            widths = [(0, 0)] * image.ndim
            widths[axis] = (0, missing)
            mode = "reflect" if mirrored else "edge"
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
