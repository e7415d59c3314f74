"""Bring a network's output to the scale the user asked for, tile by tile.

`--scale 2.5` with a network of scale 4 reduces its output by 1.6, once, in float and
before quantising. Positions and weights come from the coordinates of the whole picture,
so the full-size output of the network never exists and tiles do not show.
"""

from fractions import Fraction

from imgan.data.resize import as_ratio
from imgan.data.resize import output_length
from imgan.data.resize import resample_axis
from imgan.data.resize import resample_weights
from imgan.inference.tiling import Taps
from imgan.inference.tiling import Tile
from imgan.types import Array
from imgan.types import Size


class Resampler:
    """Antialiased bicubic resampling of a picture that is only seen in parts.

    Args:
        size: The whole picture that is resampled: a network's output.
        result: Size wanted.
        ratio: Result pixels per pixel of the picture, the same on both axes.
    """

    def __init__(self, size: Size, result: Size, ratio: Fraction) -> None:
        self.size = result
        self._rows = resample_weights(size.height, result.height, ratio)
        self._columns = resample_weights(size.width, result.width, ratio)

    @property
    def rows(self) -> Taps:
        """Rows of the picture that each result row needs, `(height, taps)`."""
        return self._rows[0]

    @property
    def columns(self) -> Taps:
        """Columns of the picture that each result column needs, `(width, taps)`."""
        return self._columns[0]

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
        for axis, (indices, weights), start, stop, origin in (
            (0, self._rows, place.top, place.bottom, kept.top),
            (1, self._columns, place.left, place.right, kept.left),
        ):
            pixels = resample_axis(
                pixels, indices[start:stop] - origin, weights[start:stop], axis
            )
        return pixels


def result_size(size: Size, scale: float | Fraction) -> Size:
    """Return the size of a picture enlarged by `scale`: each side rounded up."""
    return Size(*(output_length(side, scale) for side in size))


def make_resampler(
    size: Size, scale: float | Fraction, network_scale: int
) -> Resampler | None:
    """Return what turns a network's output into the scale wanted; None if it is that.

    Args:
        size: Input picture.
        scale: Result pixels per input pixel along one side.
        network_scale: What the network itself makes of one pixel along one side.
    """
    ratio = as_ratio(scale)
    if ratio == network_scale:
        return None
    made = Size(size.height * network_scale, size.width * network_scale)
    return Resampler(made, result_size(size, ratio), ratio / network_scale)
