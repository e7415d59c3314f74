"""A pair looked at together: whether both show the same, at the same place."""

from dataclasses import dataclass

import numpy as np

from imgan.data.checking.fingerprints import SIDE
from imgan.data.checking.fingerprints import detail_spread
from imgan.data.checking.fingerprints import detail_vector
from imgan.data.checking.looks import Look
from imgan.data.checking.looks import luma_levels
from imgan.data.checking.registration import Shift
from imgan.data.checking.registration import busiest_window
from imgan.data.checking.registration import certain_shift
from imgan.data.checking.registration import correlation
from imgan.types import Array
from imgan.types import Size

_LEAST_SHIFT = 0.25  # low-resolution pixels; finer ones cannot be told from noise
_OTHER_LIKENESS, _OTHER_CORRELATION = 0.35, 0.5
_VISIBLE = 0.8  # correlation that noise leaves, from which a lack of it tells
_NORMAL_MEDIAN = 0.6745  # of absolute values, in standard deviations
_LEAST_NOISE = 10.0  # levels; compression hides noise from the estimate


@dataclass(frozen=True)
class Comparison:
    """What two pictures of one name have to do with each other.

    Attributes:
        likeness: Correlation of the details of their thumbnails, -1 to 1.
        correlation: The same at the size of the low resolution.
        visible: Which likeness to expect of true twins, by the noise; 0 to 1.
        shift: Certain shift in high-resolution pixels, or None.
    """

    likeness: float
    correlation: float
    visible: float
    shift: Shift | None = None

    @property
    def different(self) -> bool:
        """Whether they certainly show something else."""
        return (
            self.shift is None
            and self.likeness < _OTHER_LIKENESS
            and self.correlation < _OTHER_CORRELATION
            and self.visible > _VISIBLE
        )


def compare(
    hr: Look, hr_pixels: Array, lr: Look, lr_pixels: Array, scale: int
) -> Comparison:
    """Compare the pictures of a pair.

    Args:
        hr: What is known of the high resolution.
        hr_pixels: `(height, width[, channels])`.
        lr: What is known of the low resolution.
        lr_pixels: `(height / scale, width / scale[, channels])`; of other sizes no
            shift is estimated.
        scale: Ratio of the sizes.
    """
    expected = Size(*(side // scale for side in hr.size))
    whole = hr_pixels[: expected.height * scale, : expected.width * scale]
    fits = lr.size == expected
    reduced = luma_levels(whole if fits else hr_pixels, lr.size)
    second = luma_levels(lr_pixels)
    window = busiest_window(reduced)
    first, second = reduced[window], second[window]
    shift = None
    if fits:
        shift = certain_shift(first, second, max(_LEAST_SHIFT, 1 / scale))
    if shift is not None:
        shift = Shift(shift.x * scale, shift.y * scale, shift.correlation)
    return Comparison(
        likeness=float(detail_vector(hr.thumb) @ detail_vector(lr.thumb)),
        correlation=correlation(first, second),
        visible=_visible(hr, lr, second),
        shift=shift,
    )


def _visible(hr: Look, lr: Look, luma: Array) -> float:
    """Return the likeness that noise as in `luma` would leave to true twins."""
    if min(luma.shape) < 2:
        return 0.0
    averaged = max(1.0, np.sqrt(lr.size.height * lr.size.width) / SIDE)
    noise = max(_noise(luma), _LEAST_NOISE) / averaged
    signal = detail_spread(hr.thumb)
    return float(signal / np.hypot(signal, noise))


def _noise(luma: Array) -> float:
    """Estimate noise by the median diagonal difference, which few edges have."""
    difference = luma[1:, 1:] - luma[1:, :-1] - luma[:-1, 1:] + luma[:-1, :-1]
    return float(np.median(np.abs(difference))) / (2 * _NORMAL_MEDIAN)
