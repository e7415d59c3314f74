"""BMP files: libvips has no reader for them, OpenCV has, after a look at the header."""

from typing import NamedTuple

import cv2
import numpy as np

from imgan.errors import ImageReadError
from imgan.io.metadata import Metadata
from imgan.io.metadata import true_resolution
from imgan.io.sources import Source
from imgan.types import Array
from imgan.types import Size

_UNCOMPRESSED = 0
_BITFIELDS = 3
_RESOLUTION_AT = 38  # horizontal, then vertical, pixels per metre, 32 bits each


class BmpHeader(NamedTuple):
    """What is decided before the pixels are decoded."""

    size: Size
    bits: int
    """Per pixel."""
    compression: int
    resolution: tuple[float, float] | None
    """Pixels per millimetre."""


def read_bmp_header(source: Source) -> BmpHeader:
    """Read the header of a BMP file.

    Raises:
        ImageReadError: If it is damaged, or the file ends before its last pixel.
    """
    head = source.read_at(0, 54).ljust(26, b"\0")
    numbers = np.frombuffer(head[14:].ljust(40, b"\0"), "<i4")
    if numbers[0] == 12:
        width, height = np.frombuffer(head[18:22], "<u2").tolist()
        bits, compression = int.from_bytes(head[24:26], "little"), 0
        resolution = None
    else:
        width, height = int(numbers[1]), abs(int(numbers[2]))
        bits, compression = int(numbers[3]) >> 16, int(numbers[4])
        across, down = int(numbers[6]), int(numbers[7])
        resolution = (across / 1e3, down / 1e3) if min(across, down) > 0 else None
    usual = bits in (1, 4, 8, 16, 24, 32) and 0 <= compression <= _BITFIELDS
    if source.length < 26 or width < 1 or height < 1 or not usual:
        raise ImageReadError(f"{source.path} is a damaged BMP file, or not a picture")
    first_pixel = int.from_bytes(head[10:14], "little")
    row = (width * bits + 31) // 32 * 4
    fixed = compression in (_UNCOMPRESSED, _BITFIELDS)
    if first_pixel + (row * height if fixed else 1) > source.length:
        raise ImageReadError(f"{source.path} ends too early: it is truncated")
    return BmpHeader(Size(height, width), bits, compression, resolution)


def decode_bmp(source: Source, header: BmpHeader) -> tuple[Array, Metadata]:
    """Decode the pixels: `(height, width[, 3 or 4])` uint8, RGB order.

    Raises:
        ImageReadError: If the pixels cannot be decoded.
    """
    data = np.frombuffer(source.read_at(0, source.length), np.uint8)
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None or pixels.shape[:2] != header.size:
        raise ImageReadError(f"{source.path} is a damaged or unusual BMP file")
    if pixels.ndim == 3:
        four = pixels.shape[2] == 4
        # Without bit fields the fourth byte is padding, mostly zero.
        keep = four and header.compression == _BITFIELDS and bool(pixels[..., 3].any())
        code = cv2.COLOR_BGRA2RGBA if keep else cv2.COLOR_BGR2RGB
        if four and not keep:
            code = cv2.COLOR_BGRA2RGB
        pixels = cv2.cvtColor(pixels, code)
    return pixels, Metadata(resolution=header.resolution)


def encode_bmp(pixels: Array, alpha: Array | None, metadata: Metadata) -> Array:
    """Return the bytes of a BMP file as a flat uint8 array.

    Args:
        pixels: `(height, width[, 3])` uint8.
        alpha: `(height, width)` uint8 or None.
        metadata: Of which BMP holds the resolution.
    """
    if alpha is not None and pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    if alpha is not None:
        pixels = np.dstack([pixels[..., ::-1], alpha])
    elif pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".bmp", pixels)
    data = data.reshape(-1)
    resolution = true_resolution(metadata)
    if resolution:
        per_metre = np.rint(np.multiply(resolution, 1e3)).astype("<i4")
        data[_RESOLUTION_AT : _RESOLUTION_AT + 8] = per_metre.view(np.uint8)
    return data
