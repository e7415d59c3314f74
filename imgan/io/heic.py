"""HEIC files, through the optional pillow-heif: its decoder may not ship with imgan."""

import importlib
from typing import Any

import numpy as np

from imgan.errors import ImageReadError
from imgan.errors import MissingExtraError
from imgan.errors import first_line
from imgan.io.metadata import Metadata
from imgan.io.sources import Source
from imgan.types import Array
from imgan.types import Size


def open_heic(source: Source) -> Any:
    """Return pillow-heif's primary image of a file, not yet decoded.

    Raises:
        ImageReadError: If pillow-heif is missing, or the file damaged or of many pages.
    """
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError:
        missing = MissingExtraError("reading HEIC", "heic")
        raise ImageReadError(f"{source.path}: {missing}") from None
    try:
        container = pillow_heif.open_heif(
            source.read_at(0, source.length), convert_hdr_to_8bit=False
        )
    except (ValueError, OSError, RuntimeError, EOFError) as error:
        raise damaged(source, error) from error
    if len(container) > 1:
        raise ImageReadError(
            f"{source.path} holds {len(container)} pictures; expected one. "
            "Split it into single pictures first"
        )
    return container[0]


def heic_size(image: Any) -> Size:
    """Return the upright size; libheif applies rotations itself."""
    return Size(image.size[1], image.size[0])


def decode_heic(source: Source, image: Any) -> tuple[Array, Metadata]:
    """Decode the pixels: `(height, width[, 3 or 4])` uint8 or uint16.

    Raises:
        ImageReadError: If the file is damaged.
    """
    try:
        pixels = np.asarray(image)
    except (ValueError, OSError, RuntimeError, EOFError) as error:
        raise damaged(source, error) from error
    info = image.info
    metadata = Metadata(
        icc=info.get("icc_profile"), exif=info.get("exif"), xmp=info.get("xmp")
    )
    return pixels, metadata


def damaged(source: Source, error: Exception) -> ImageReadError:
    """Return the one clear line for a file that libheif refuses."""
    return ImageReadError(f"{source.path} is damaged or truncated: {first_line(error)}")
