"""Bring a network's output to the scale the user asked for, tile by tile.

`--scale 2.5` with a network of scale 4 reduces its output by 1.6, once, in float and
before quantising. Positions and weights come from the coordinates of the whole picture,
so the full-size output of the network never exists and tiles do not show.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgan.bundles.grid import Grid
from imgan.bundles.grid import up_to_multiple
from imgan.data.resize import resample_axis
from imgan.data.resize import resample_weights
from imgan.inference.sizing import Scaling
from imgan.inference.tiling import Taps
from imgan.inference.tiling import Tile
from imgan.types import Array
from imgan.types import Size


class Axis(NamedTuple):
    """What each result pixel of one axis is made of."""

    indices: Taps
    """`(result length, taps)`: pixels of the network's output."""
    weights: NDArray[np.float64]
    """Of the same shape; each row sums to 1."""
    margin: int = 0
    """Input pixels that are put before and behind the picture."""

    @property
    def is_plain(self) -> bool:
        """Whether each result pixel is one pixel of the network's output."""
        return self.indices.shape[1] == 1


class Resampler:
    """Antialiased bicubic resampling of a picture that is only seen in parts.

    Args:
        rows: What makes each result row.
        columns: What makes each result column.
    """

    def __init__(self, rows: Axis, columns: Axis) -> None:
        self.size = Size(len(rows.indices), len(columns.indices))
        self._rows = rows
        self._columns = columns

    @property
    def rows(self) -> Taps:
        """Rows of the picture that each result row needs, `(height, taps)`."""
        return self._rows.indices

    @property
    def columns(self) -> Taps:
        """Columns of the picture that each result column needs, `(width, taps)`."""
        return self._columns.indices

    def __call__(self, pixels: Array, tile: Tile) -> Array:
        """Resample one tile.

        Args:
            pixels: `(height, width, channels)`, the picture's region `tile.kept`.
            tile: Where `pixels` come from and which part of the result they make.

        Returns:
            The result's region `tile.place`, in the dtype of `pixels`: floats are
            neither rounded nor clipped, integers are rounded after each axis, as
            MATLAB does.
        """
        place, kept = tile.place, tile.kept
        for axis, (indices, weights, _), start, stop, origin in (
            (0, self._rows, place.top, place.bottom, kept.top),
            (1, self._columns, place.left, place.right, kept.left),
        ):
            pixels = resample_axis(
                pixels, indices[start:stop] - origin, weights[start:stop], axis
            )
        return pixels


class Layout(NamedTuple):
    """How a result lies on what the network makes of a picture."""

    resampler: Resampler | None
    """None: the network's output is the result, or a part of it."""
    window: tuple[Taps | None, Taps | None]
    """Which part that is, where it is not all of it: rows and columns."""
    margins: tuple[int, int]
    """Input pixels put around the picture, above and below, left and right."""


def make_layout(
    size: Size, scaling: Scaling, grid: Grid, wrapped: tuple[bool, bool] = (False,) * 2
) -> Layout:
    """Return how to come from the output of a network to the result.

    Args:
        size: Input picture.
        scaling: What becomes of it.
        grid: Scale of the network, and how far it sees.
        wrapped: Whether rows, and whether columns, go on at the other side. The result
            is a whole number of pixels that repeats, so a wrapped axis is stretched to
            that by less than a pixel.
    """
    ratios, starts = scaling[1:3], scaling[3:5]
    whole = all(
        made == length * grid.scale and ratio == grid.scale and not start
        for length, made, ratio, start in zip(
            size, scaling.size, ratios, starts, strict=True
        )
    )
    if whole and not any(wrapped):
        return Layout(None, (None, None), (0, 0))
    rows, columns = (
        _wrapped(length, made, grid)
        if around
        else _axis(length * grid.scale, made, ratio / grid.scale, start)
        for length, made, ratio, start, around in zip(
            size, scaling.size, ratios, starts, wrapped, strict=True
        )
    )
    margins = rows.margin, columns.margin
    if rows.is_plain and columns.is_plain:
        return Layout(None, (rows.indices, columns.indices), margins)
    return Layout(Resampler(rows, columns), (None, None), margins)


def _axis(length: int, made: int, ratio: Fraction, start: int) -> Axis:
    """Return an axis whose result begins at pixel `start` of the resampled one."""
    indices, weights = resample_weights(length, start + made, ratio)
    return Axis(indices[start:], weights[start:])


def _wrapped(length: int, made: int, grid: Grid) -> Axis:
    """Return an axis that goes on at its other end, `length` input pixels long."""
    output = length * grid.scale
    ratio = Fraction(made, output)
    # A reduction sees 2 result pixels far, an enlargement 2 pixels of its input.
    reach = 3 + int(3 / min(ratio, Fraction(1)))
    before = -(-reach // output)
    indices, weights = resample_weights(
        (2 * before + 1) * output, (before + 1) * made, ratio
    )
    indices = indices[before * made :] - before * output
    beyond = max(0, -int(indices.min()), int(indices.max()) - output + 1)
    margin = up_to_multiple(-(-beyond // grid.scale) + grid.halo, grid.multiple)
    return Axis(indices + margin * grid.scale, weights[before * made :], margin)
