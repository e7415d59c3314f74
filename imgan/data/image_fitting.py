"""A decoded picture as training wants it: square, of one size, grey or RGB."""

import cv2
import numpy as np

from imgan.io.picture import Picture
from imgan.types import Array
from imgan.types import dtype_peak

COLOURS = {1: "grey", 3: "RGB"}


def describe(picture: Picture) -> str:
    """Return size and colour, `64x48 RGB with transparency`."""
    colour = COLOURS[1 if picture.is_grey else 3]
    return f"{picture.size} {colour}" + _transparency(picture)


def fits(picture: Picture, image_size: int, channels: int) -> bool:
    """Return whether a picture can be used as it is."""
    right_colour = picture.is_grey == (channels == 1)
    right_size = picture.size == (image_size, image_size)
    return right_size and right_colour and not _transparency(picture)


def adapt(picture: Picture, image_size: int, channels: int) -> Picture:
    """Lay a picture over white, cut its central square, convert and resize it.

    Args:
        picture: Of any size.
        image_size: Side of the result in pixels.
        channels: 1: grey, by the weights of BT.601. 3: RGB.

    Returns:
        A picture that `fits`, in the dtype of the input. It is reduced by the mean over
        areas, and enlarged by bicubic interpolation.
    """
    pixels = _over_white(picture) if picture.alpha is not None else picture.pixels
    height, width = picture.size
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    pixels = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    if channels == 1 and pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if side != image_size:
        how = cv2.INTER_AREA if side > image_size else cv2.INTER_CUBIC
        pixels = cv2.resize(pixels, (image_size, image_size), interpolation=how)
    if pixels.dtype == np.float32:
        # A cubic overshoots at edges; integers are clipped by OpenCV.
        pixels = np.clip(pixels, 0.0, 1.0)
    if channels == 3 and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., np.newaxis], 3, axis=2)
    return Picture(pixels)


def with_channels(pixels: Array) -> Array:
    """Return `(height, width, channels)`, also for grey."""
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _transparency(picture: Picture) -> str:
    alpha = picture.alpha
    if alpha is None or bool((alpha >= dtype_peak(alpha.dtype)).all()):
        return ""
    return " with transparency"


def _over_white(picture: Picture) -> Array:
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is None:
        return pixels
    peak = dtype_peak(pixels.dtype)
    opacity = alpha.astype(np.float32) / np.float32(dtype_peak(alpha.dtype))
    if pixels.ndim == 3:
        opacity = opacity[..., np.newaxis]
    mixed = pixels * opacity + np.float32(peak) * (1 - opacity)
    if pixels.dtype != np.float32:
        mixed = np.floor(mixed + np.float32(0.5))
    return mixed.astype(pixels.dtype)
