"""Which picture formats there are, what each can hold, and how to recognise one."""

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from imgan.errors import OutputError
from imgan.types import Size

_FORMAT_OF_SUFFIX = {
    ".png": "png",
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".apng": "png",
    ".jpe": "jpg",
    ".jfif": "jpg",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".avif": "avif",
    ".gif": "gif",
    ".heic": "heic",
    ".heif": "heic",
}

PICTURE_SUFFIXES = frozenset(_FORMAT_OF_SUFFIX)
"""Suffixes, lower case, of the files that are taken for pictures in a folder."""

WRITABLE_FORMATS = ("png", "jpg", "webp", "tiff", "bmp", "avif")
"""Formats that `write_image` writes; still GIF and HEIC are only read."""

_SUFFIX_OF_FORMAT = {"tiff": ".tif"}

# Pixels on the longer side. libjpeg stops at 65,500 although the format's fields reach
# 65,535; libheif and OpenCV have limits of their own below those of the formats.
_LONGEST_SIDE = {
    "png": 2**31 - 1,
    "jpg": 65_500,
    "webp": 16_383,
    "tiff": 2**31 - 1,
    "bmp": 2**20,
    "avif": 16_384,
}
_BMP_LARGEST_FILE = 2**31 - 1
_NAMES = {"jpg": "JPEG", "webp": "WebP"}

_BRANDS_AVIF = {b"avif", b"avis"}
_BRANDS_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
)

_FOREIGN_MAGIC = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"v/1\x01", "OpenEXR"),
    (b"DDS ", "DDS"),
)


def format_of(path: Path | str) -> str | None:
    """Return the format that a path's suffix stands for, or None if for no picture."""
    return _FORMAT_OF_SUFFIX.get(Path(path).suffix.lower())


def suffix_of(image_format: str) -> str:
    """Return the usual suffix of a format, with its dot."""
    return _SUFFIX_OF_FORMAT.get(image_format, f".{image_format}")


def format_name(image_format: str) -> str:
    """Return how people write the format: `JPEG`, `WebP`, `PNG`."""
    return _NAMES.get(image_format, image_format.upper())


def sniff(head: bytes) -> str | None:
    """Return the format by the first bytes of a file, or None if it is no picture."""
    for magic, image_format in _MAGIC:
        if head.startswith(magic):
            return image_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        brands = brands_of(head)
        if brands & _BRANDS_AVIF:
            return "avif"
        if brands & _BRANDS_HEIC:
            return "heic"
    return None


def brands_of(head: bytes) -> set[bytes]:
    """Return major and compatible brands of an ISO media file (AVIF, HEIC)."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = {head[start : start + 4] for start in range(16, length - 3, 4)}
    return {head[8:12], *compatible}


def foreign_name(head: bytes) -> str | None:
    """Name the format of a file that imgan recognises but does not read."""
    return next(
        (name for magic, name in _FOREIGN_MAGIC if head.startswith(magic)), None
    )


def stored_bits(image_format: str, dtype: DTypeLike) -> int:
    """Return the bits a channel (8, 10, 16 or 32) in which a format keeps a dtype."""
    bits = np.dtype(dtype).itemsize * 8
    most = {"png": 16, "tiff": 32, "avif": 10}.get(image_format, 8)
    return min(bits, most)


def check_output(
    image_format: str, size: Size, dtype: DTypeLike, has_alpha: bool
) -> list[str]:
    """Check before computing that a format can hold a picture.

    Args:
        image_format: One of `WRITABLE_FORMATS`.
        size: Height and width of the picture to write.
        dtype: uint8, uint16 or float32.
        has_alpha: Whether the picture has transparency.

    Returns:
        One line for each thing that will be lost; empty if nothing is.

    Raises:
        OutputError: If the format is not written or cannot hold that many pixels.
    """
    if image_format not in WRITABLE_FORMATS:
        raise OutputError(
            f"{format_name(image_format)} is not written; expected one of "
            f"{', '.join(WRITABLE_FORMATS)}. Choose another with --format"
        )
    name = format_name(image_format)
    _check_size(image_format, size, has_alpha)
    lost = []
    bits = np.dtype(dtype).itemsize * 8
    kept = stored_bits(image_format, dtype)
    if kept < bits:
        held = "float" if bits == 32 else f"{bits}-bit"
        lost.append(f"{name} holds {kept} bits a channel: {held} values are rounded")
    if has_alpha and image_format == "jpg":
        lost.append(f"{name} holds no transparency: the picture is laid over white")
    return lost


def _check_size(image_format: str, size: Size, has_alpha: bool) -> None:
    name = format_name(image_format)
    longest = _LONGEST_SIDE[image_format]
    if max(size) > longest:
        raise OutputError(
            f"{name} holds at most {longest:,} pixels a side, the output would be "
            f"{size}. Choose another format, such as --format png or tiff"
        )
    if min(size) < 1:
        raise OutputError(f"A picture needs at least one pixel. Received: {size}")
    if image_format == "bmp":
        bytes_needed = size.height * size.width * (4 if has_alpha else 3)
        if bytes_needed > _BMP_LARGEST_FILE - 4096:
            raise OutputError(
                f"BMP holds at most 2 GB, the output would be {size}. "
                "Choose another format, such as --format png or tiff"
            )
