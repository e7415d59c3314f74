"""Tiles of a network that sees all it is given, blended where they overlap.

Where a network normalises by what it sees, each tile has a tone of its own, and no halo
makes tiles put side by side fit. So they overlap, and in the middle of an overlap one
fades into the other along a linear ramp; ramps never meet. A row of tiles is joined
from left to right and rows from top to bottom, always in this order: the result is the
same to the bit, whichever tile was ready first.
"""

import math
from collections.abc import Sequence

import numpy as np

from imgan.bundles.grid import Grid
from imgan.bundles.grid import padded_length
from imgan.bundles.grid import ramp_length
from imgan.bundles.grid import tile_side
from imgan.inference.tiling import Tile
from imgan.types import Array
from imgan.types import Region
from imgan.types import Size


def is_blended(size: Size, grid: Grid) -> bool:
    """Return whether a picture does not fit into one tile of a grid that blends."""
    return bool(grid.tile and grid.overlap) and max(size) > tile_side(grid)


def plan_blended(size: Size, grid: Grid) -> list[list[Tile]]:
    """Return overlapping tiles of one size, spread evenly over a picture.

    Args:
        size: Input picture, before padding.
        grid: With a tile and an overlap.

    Returns:
        Rows of tiles, which share at least `ramp_length` pixels with their neighbours
        and keep all of their output that is inside the picture.
    """
    if min(grid.tile, grid.overlap, *size) < 1:
        raise ValueError(
            f"tile, overlap and sides must be at least 1. Received: {grid}, {size!r}"
        )
    across = _plan_axis(size.width, grid)
    return [
        [_tile(rows, columns, size, grid.scale) for columns in across]
        for rows in _plan_axis(size.height, grid)
    ]


def blend_row(parts: Sequence[Array], tiles: Sequence[Tile], ramp: int) -> Array:
    """Join the outputs of a row of tiles from left to right.

    Args:
        parts: `(height, width, channels)` float32, one for each tile.
        tiles: Where they lie, in order.
        ramp: Over how many pixels of the output one fades into the next.

    Returns:
        `(height, width of the picture, channels)` float32.
    """
    height, _, channels = parts[0].shape
    row = np.empty((height, tiles[-1].place.right, channels), np.float32)
    row[:, : tiles[0].place.right] = parts[0]
    rising = ramp_weights(ramp)[:, np.newaxis]
    for part, left, right in zip(parts[1:], tiles, tiles[1:], strict=False):
        start = ramp_start((left.place.left, left.place.right), right.place.left, ramp)
        skipped = start - right.place.left
        shared = row[:, start : start + ramp]
        shared += (part[:, skipped : skipped + ramp] - shared) * rising
        row[:, start + ramp : right.place.right] = part[:, skipped + ramp :]
    return row


class RowBlender:
    """Takes rows of tiles from top to bottom and gives back what is settled.

    It holds the ramp at the bottom of one row, and nothing else.

    Args:
        rows: All tiles, as planned.
        ramp: Over how many pixels of the output one row fades into the next.
    """

    def __init__(self, rows: Sequence[Sequence[Tile]], ramp: int) -> None:
        places = [row[0].place for row in rows]
        # Where each row begins to be seen, and where the picture ends.
        self._starts = [0]
        for above, below in zip(places, places[1:], strict=False):
            start = ramp_start((above.top, above.bottom), below.top, ramp)
            self._starts.append(start)
        self._starts.append(places[-1].bottom)
        self._tops = [place.top for place in places]
        self._ramp = ramp
        self._next = 0
        self._fading: Array | None = None

    def add(self, row: Array) -> tuple[int, Array]:
        """Blend the next row into those before it.

        Args:
            row: `(height, width, channels)` float32; changed in place.

        Returns:
            The first row of the picture that is settled now, and the pixels from there.
        """
        index = self._next
        self._next += 1
        top, start, stop = self._tops[index], *self._starts[index : index + 2]
        if self._fading is not None:
            rising = ramp_weights(self._ramp)[:, np.newaxis, np.newaxis]
            shared = row[start - top : start - top + self._ramp]
            shared[:] = self._fading + (shared - self._fading) * rising
        self._fading = row[stop - top : stop - top + self._ramp].copy()
        return start, row[start - top : stop - top]


def ramp_weights(length: int) -> Array:
    """Return the weights of what fades in; with those of what fades out, all are 1."""
    return ((np.arange(length) + 0.5) / max(1, length)).astype(np.float32)


def ramp_start(first: tuple[int, int], start: int, ramp: int) -> int:
    """Return where a ramp begins in the middle of what two tiles share.

    Args:
        first: Where the first tile begins and ends.
        start: Where the second one begins.
        ramp: Length of the ramp.
    """
    return start + (first[1] - start - ramp) // 2


def _plan_axis(length: int, grid: Grid) -> list[tuple[int, int]]:
    """Return what tiles read along one axis: start and stop."""
    side, ramp = tile_side(grid), ramp_length(grid)
    if length <= side:
        return [(0, padded_length(length, grid.multiple, grid.minimum))]
    # Tiles begin where the finest patterns of a network that halves its input do, as
    # far as the overlap allows: a multiple of 256 would need tiles of thousands.
    unit = math.gcd(grid.multiple, ramp)
    last = padded_length(length, unit) - side
    count = 1 + -(-last // (side - ramp))
    starts = [last * index // (count - 1) // unit * unit for index in range(count)]
    return [(start, start + side) for start in starts]


def _tile(
    rows: tuple[int, int], columns: tuple[int, int], size: Size, scale: int
) -> Tile:
    read = Region(rows[0], columns[0], rows[1] - rows[0], columns[1] - columns[0])
    height = (min(read.bottom, size.height) - read.top) * scale
    width = (min(read.right, size.width) - read.left) * scale
    kept = Region(read.top * scale, read.left * scale, height, width)
    return Tile(read, Region(0, 0, height, width), kept, kept)
