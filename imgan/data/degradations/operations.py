"""What happens to a picture on its way: blur, resize, noise, JPEG; and sharpening.

Pictures are `(height, width, channels)` float32 in [0, 1]. Every function returns a new
array of the same layout and leaves its argument as it was. Blur and resize may leave
[0, 1] a little, where kernels ring; noise and JPEG end within it, as in Real-ESRGAN.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgan.config.degradation import ResizeMode
from imgan.data.degradations.kernels import Kernel
from imgan.types import Array
from imgan.types import Size

_INTERPOLATIONS: dict[ResizeMode, int] = {
    "area": cv2.INTER_AREA,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
}

# Channels that OpenCV resizes in every mode.
_RESIZED_TOGETHER = 4

# Luma of ITU-R BT.601, which JPEG and television use.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# Far below the 8 bits that come out, well above the rounding of float32 kernels.
_SEPARABLE_TOLERANCE = 1e-6


def blur(image: Array, kernel: Kernel) -> Array:
    """Blur by a symmetric kernel; beyond the border the picture is mirrored.

    The border row itself is not doubled. Kernels that are a product of a row and a
    column, as an upright Gaussian is, are applied in two cheap passes.

    Args:
        image: `(height, width, channels)` float32.
        kernel: `(size, size)` float32, odd size.

    Returns:
        float32 in the shape of `image`.
    """
    centre = kernel.shape[0] // 2
    row, column = kernel[centre], kernel[:, centre]
    peak = kernel[centre, centre]
    border = cv2.BORDER_REFLECT_101
    rest = np.abs(np.outer(column, row) - peak * kernel).max()
    if peak > 0 and rest <= _SEPARABLE_TOLERANCE * peak**2:
        out = cv2.sepFilter2D(image, -1, row, column / peak, borderType=border)
    else:
        out = cv2.filter2D(image, -1, kernel, borderType=border)
    return out.reshape(image.shape)


def resize(image: Array, size: Size, mode: ResizeMode) -> Array:
    """Resize as OpenCV does; bilinear and bicubic do not antialias.

    That is wanted here: cameras and web sites do not either, and networks must have
    seen it.

    Args:
        image: `(height, width, channels)` float32.
        size: Wanted height and width.
        mode: How pixels are weighted.

    Returns:
        `(*size, channels)` float32.
    """
    if image.shape[:2] == tuple(size):
        return image.copy()
    parts = [
        cv2.resize(
            np.ascontiguousarray(image[..., first : first + _RESIZED_TOGETHER]),
            (size[1], size[0]),
            interpolation=_INTERPOLATIONS[mode],
        ).reshape((*size, -1))
        for first in range(0, image.shape[2], _RESIZED_TOGETHER)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def add_gaussian_noise(
    image: Array, sigma: float, rng: np.random.Generator, grey: bool = False
) -> Array:
    """Add normal noise of one strength everywhere.

    Args:
        image: `(height, width, channels)` float32 in [0, 1].
        sigma: Standard deviation, levels of 255.
        rng: Where the noise comes from.
        grey: The same noise in all channels.

    Returns:
        float32 in the shape of `image`, clipped to [0, 1].
    """
    shape = (*image.shape[:2], 1) if grey else image.shape
    noise = rng.standard_normal(shape, dtype=np.float32)
    return _clipped(image + noise * np.float32(sigma / 255))


def add_poisson_noise(
    image: Array, scale: float, rng: np.random.Generator, grey: bool = False
) -> Array:
    """Add shot noise, which grows with brightness.

    As in Real-ESRGAN: white stands for as many photons as the picture, in 8 bits, has
    distinct values over all channels, rounded up to a power of two; the deviation of
    the counts from their mean is multiplied by `scale` and added.

    Args:
        image: `(height, width, channels)` float32 in [0, 1].
        scale: What the noise is multiplied with.
        rng: Where the noise comes from.
        grey: The same noise in all channels, counted on the luma (the mean, if there
            are not three channels).

    Returns:
        float32 in the shape of `image`, clipped to [0, 1].
    """
    levels = _as_bytes(_grey(image) if grey else image)
    distinct = np.count_nonzero(np.bincount(levels.ravel(), minlength=256))
    # The power of two from `distinct` on: 1 -> 1, 2 -> 2, 3 -> 4.
    photons = 1 << (int(distinct) - 1).bit_length()
    expected = levels * (photons / 255)
    noise = (rng.poisson(expected) - expected) * (scale / photons)
    return _clipped(image + noise.astype(np.float32))


def compress_jpeg(image: Array, quality: int) -> Array:
    """Store as JPEG with colour at half resolution (4:2:0), and read it again.

    Args:
        image: `(height, width, 1 or 3)` float32; rounded to 8 bits first.
        quality: 1 (worst) to 100.

    Returns:
        8-bit levels as float32 in [0, 1], in the shape of `image`.
    """
    if image.shape[2] not in (1, 3) or not 1 <= quality <= 100:
        raise ValueError(
            "JPEG takes pictures of 1 or 3 channels and a quality within 1 and 100. "
            f"Received: shape {image.shape}, quality {quality}"
        )
    grey = image.shape[2] == 1
    pixels: Array = _as_bytes(image)
    if not grey:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, int(quality)),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
    ]
    _, file = cv2.imencode(".jpg", pixels, options)
    kind = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB
    return _from_bytes(np.asarray(cv2.imdecode(file, kind)).reshape(image.shape))


def unsharp_mask(
    image: Array,
    *,
    weight: float = 0.5,
    radius: int = 50,
    threshold: float = 10.0,
) -> Array:
    """Sharpen where there is something to sharpen, as Real-ESRGAN does its targets.

    What a Gaussian blur takes away is added once more, `weight` times, where it is
    above the threshold. That mask is softened by the same blur.

    Args:
        image: `(height, width, channels)` float32 in [0, 1].
        weight: Share of the difference that is added.
        radius: Taps of the Gaussian; an even number takes one more. Its deviation is
            OpenCV's for so many taps, 8 pixels for 51.
        threshold: Differences above it are edges, levels of 255.

    Returns:
        float32 in [0, 1], in the shape of `image`.
    """
    taps = (radius + (radius + 1) % 2,) * 2
    blurred = cv2.GaussianBlur(image, taps, 0).reshape(image.shape)
    difference = image - blurred
    mask = (np.abs(difference) * 255 > threshold).astype(np.float32)
    soft = cv2.GaussianBlur(mask, taps, 0).reshape(image.shape)
    sharp = _clipped(image + np.float32(weight) * difference)
    return image + soft * (sharp - image)


def to_8_bits(image: Array) -> Array:
    """Round to the nearest of 256 levels.

    Args:
        image: float32; clipped to [0, 1] first.

    Returns:
        float32 in [0, 1], multiples of 1/255.
    """
    return _from_bytes(_as_bytes(image))


def _as_bytes(image: Array) -> NDArray[np.uint8]:
    return np.rint(_clipped(image) * np.float32(255)).astype(np.uint8)


def _from_bytes(pixels: Array) -> Array:
    # Divided, not multiplied by 1 / 255: white is exactly 1 and reading a file gives
    # the same bits.
    return pixels.astype(np.float32) / np.float32(255)


def _grey(image: Array) -> Array:
    if image.shape[2] == 3:
        return image @ _LUMA[:, np.newaxis]
    return image.mean(axis=2, keepdims=True)


def _clipped(image: Array) -> Array:
    return np.clip(image, 0.0, 1.0)
