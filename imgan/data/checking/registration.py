"""Whether two pictures of one size show the same, and how far one is shifted."""

from typing import NamedTuple

import cv2
import numpy as np

from imgan.types import Array

_WINDOW = 512  # pixels; enough for hundredths of a pixel, and quick
_COARSE = 8.0  # sigma in pixels; what is coarser is light, not content
_SMOOTHINGS = (1.0, 2.5)  # sigma in pixels, against noise
_LEAST_SIDE = 2  # pixels; a row or a column has no shift across it
_ITERATIONS = 40
_PRECISION = 1e-3  # pixels, at which the search for a shift ends
_LEAST_CORRELATION = 0.5  # of shifted pictures, to believe that they show the same
# Pairs without a shift, degraded as in Real-ESRGAN, reach 17 and 45; shifts of 3 pixels
# in high resolution mostly 100.
_EVIDENCE, _FAR_EVIDENCE = 18.0, 60.0
_PERFECT = 0.9999  # correlation that counts as no better


class Shift(NamedTuple):
    """How far the second picture's content lies right of and below the first's."""

    x: float
    y: float
    correlation: float
    """Of both pictures after the shift is undone."""

    @property
    def length(self) -> float:
        """Distance in pixels."""
        return float(np.hypot(self.x, self.y))


def busiest_window(luma: Array) -> tuple[slice, slice]:
    """Return the square window with the most detail; all of a small picture."""
    height, width = (min(side, _WINDOW) for side in luma.shape)
    if luma.shape == (height, width):
        return slice(None), slice(None)
    gradient = np.abs(cv2.Laplacian(luma, cv2.CV_32F))
    # Strong edges alone must not win: they tell nothing along their direction.
    integral = cv2.integral(np.minimum(gradient, 32.0), sdepth=cv2.CV_64F)
    tops = np.arange(0, luma.shape[0] - height + 1, max(1, height // 4))
    lefts = np.arange(0, luma.shape[1] - width + 1, max(1, width // 4))
    rows, columns = tops[:, np.newaxis], lefts[np.newaxis]
    sums = integral[rows + height, columns + width] - integral[rows, columns + width]
    sums += integral[rows, columns] - integral[rows + height, columns]
    best = np.unravel_index(int(np.argmax(sums)), sums.shape)
    top, left = int(tops[best[0]]), int(lefts[best[1]])
    return slice(top, top + height), slice(left, left + width)


def correlation(first: Array, second: Array) -> float:
    """Return how alike the detail of two pictures is, -1 to 1.

    Two smoothings are tried and the higher result counts: fine detail tells pictures
    apart better, but noise and blur hide it.

    Args:
        first: `(height, width)` float32.
        second: The same.
    """
    return max(
        _normalised(_detail(first, sigma), _detail(second, sigma))
        for sigma in _SMOOTHINGS
    )


def certain_shift(first: Array, second: Array, least: float) -> Shift | None:
    """Estimate a shift to a fraction of a pixel; None unless there certainly is one.

    The maximum of the enhanced correlation coefficient ([Evangelidis and Psarakis,
    2008](https://doi.org/10.1109/TPAMI.2008.113)) is searched for from no shift, and
    then from where phase correlation sees one, which finds long shifts too.

    Args:
        first: `(height, width)` float32.
        second: The same.
        least: Length in pixels from which a shift counts.
    """
    one, two = (_detail(image, _SMOOTHINGS[0]) for image in (first, second))
    if not (one.any() and two.any()) or min(one.shape) < _LEAST_SIDE:
        return None
    near = _refine(one, two, (0.0, 0.0))
    if near is not None and _evidence(one, two, near, least) > _EVIDENCE:
        return near
    hann = cv2.createHanningWindow(one.shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(one, two, hann)
    far = _refine(one, two, (float(x), float(y)))
    if far is not None and _evidence(one, two, far, least) > _FAR_EVIDENCE:
        return far
    return None


def _evidence(first: Array, second: Array, shift: Shift, least: float) -> float:
    """Return twice the log-likelihood ratio of a shift against one of `least / 2`."""
    if shift.length < least or shift.correlation < _LEAST_CORRELATION:
        return 0.0
    before = _normalised(first, second)
    if before >= shift.correlation:
        return 0.0
    # Values of smoothed noise depend on one another over this many pixels.
    independent = first.size / (4 * np.pi * _SMOOTHINGS[0] ** 2)
    after = min(shift.correlation, _PERFECT)
    ratio = (1 - before**2) / (1 - after**2)
    # The likelihood falls with the square of the distance from the estimate.
    part = (shift.length - least / 2) / shift.length
    return float(independent * np.log(ratio) * part**2)


def _refine(first: Array, second: Array, start: tuple[float, float]) -> Shift | None:
    warp: Array = np.array([[1, 0, start[0]], [0, 1, start[1]]], np.float32)
    everywhere = np.full(second.shape, 255, np.uint8)
    criteria = (
        int(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT),
        _ITERATIONS,
        _PRECISION,
    )
    try:
        reached, found = cv2.findTransformECC(
            first, second, warp, cv2.MOTION_TRANSLATION, criteria, everywhere, 1
        )
    except cv2.error:
        # Pictures without anything in common make the search diverge.
        return None
    x, y = (float(value) for value in np.asarray(found)[:, 2])
    if not (np.isfinite(reached) and max(abs(x), abs(y)) < min(first.shape) / 2):
        return None
    return Shift(x, y, float(reached))


def _detail(image: Array, sigma: float) -> Array:
    smooth = cv2.GaussianBlur(image, (0, 0), sigma)
    detail: Array = smooth - cv2.GaussianBlur(image, (0, 0), _COARSE)
    return detail


def _normalised(first: Array, second: Array) -> float:
    one, two = first - first.mean(), second - second.mean()
    scale = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float((one * two).sum()) / scale if scale > 1e-6 * one.size else 0.0
