"""What travels beside the pixels: colour profile, EXIF, XMP, IPTC and resolution."""

import re
from dataclasses import dataclass

from imgan.io.exif import Exif
from imgan.io.exif import build_exif
from imgan.io.exif import parse_exif
from imgan.io.formats import format_name
from imgan.io.vips import pyvips
from imgan.types import Size

DEFAULT_RESOLUTION = 72 / 25.4
"""Pixels per millimetre written where none is known and the format wants one."""

_HIGHEST_RESOLUTION = 1e5  # pixels per millimetre; above, the file is damaged
_IPTC_RESOURCE = 0x0404
_JPEG_XMP = 65_502  # bytes; longer XMP does not fit into one segment
_PHOTOSHOP = b"Photoshop 3.0\0"
_XMP_VALUE = rb"(%s\s*(?:=\s*[\"']|>\s*))%s"
_XMP_TURN = re.compile(_XMP_VALUE % (b"tiff:Orientation", b"[2-8]"))
_XMP_WIDTH, _XMP_HEIGHT = (
    re.compile(_XMP_VALUE % (names, rb"\d+"))
    for names in (
        b"(?:tiff:ImageWidth|exif:PixelXDimension)",
        b"(?:tiff:ImageLength|exif:PixelYDimension)",
    )
)


@dataclass
class Metadata:
    """The parts of a file that are not pixels, as they are kept in it."""

    icc: bytes | None = None
    """Colour profile, `RGB` or `GRAY` like the pixels."""
    exif: bytes | None = None
    """EXIF without thumbnail, starting with `Exif`; its orientation is 1."""
    xmp: bytes | None = None
    iptc: bytes | None = None
    """IPTC records alone, without the Photoshop block that JPEG wraps them in."""
    resolution: tuple[float, float] | None = None
    """Horizontal and vertical pixels per millimetre."""


def profile_fits(icc: bytes, grey: bool) -> bool:
    """Return whether a colour profile is whole, and of grey or RGB pixels."""
    # A profile for another colour model makes a file that readers reject, and one whose
    # length is wrong makes the PNG encoder fail after all the computing.
    return icc[16:20] == (b"GRAY" if grey else b"RGB ") and (
        int.from_bytes(icc[:4], "big") == len(icc)
    )


def is_srgb(icc: bytes | None) -> bool:
    """Return whether a profile names itself sRGB; colours without one are taken so."""
    return icc is None or b"sRGB" in icc or "sRGB".encode("utf-16-be") in icc


def metadata_losses(metadata: Metadata, image_format: str) -> list[str]:
    """Return one line for each kind of metadata that a format does not keep."""
    lost = []
    if image_format == "bmp" and (metadata.icc or metadata.exif or metadata.xmp):
        lost.append("BMP holds no colour profile, EXIF or XMP")
    if image_format in ("webp", "avif") and _is_of_grey(metadata.icc):
        name = format_name(image_format)
        lost.append(f"{name} holds no colour profile of grey pictures")
    if metadata.iptc and image_format not in ("jpg", "tiff"):
        lost.append(f"{format_name(image_format)} holds no IPTC")
    if metadata.xmp and _too_long(metadata.xmp, image_format):
        lost.append(f"XMP of {len(metadata.xmp):,} bytes is too long for JPEG")
    return lost


def metadata_of(image: pyvips.Image) -> Metadata:
    """Return the metadata of a loaded image; its EXIF as it is in the file."""
    iptc = _blob(image, "iptc-data")
    known = (image.xres, image.yres) != (1.0, 1.0)  # what libvips says for "unknown"
    return Metadata(
        icc=_blob(image, "icc-profile-data"),
        exif=_blob(image, "exif-data"),
        xmp=upright_xmp(_blob(image, "xmp-data")),
        iptc=_unwrap_iptc(iptc) if iptc else None,
        resolution=(image.xres, image.yres) if known else None,
    )


def attach(
    image: pyvips.Image, metadata: Metadata, image_format: str, size: Size
) -> pyvips.Image:
    """Return the image with metadata that is true for it and fits the format.

    EXIF and IPTC of a TIFF file are added to it later, by `tiff.add_tiff_metadata`.
    """
    across, down = true_resolution(metadata) or (DEFAULT_RESOLUTION,) * 2
    image = image.copy(xres=across, yres=down)
    if metadata.icc and profile_fits(metadata.icc, image.bands < 3):
        _set_blob(image, "icc-profile-data", metadata.icc)
    if metadata.xmp and not _too_long(metadata.xmp, image_format):
        _set_blob(image, "xmp-data", _output_xmp(metadata.xmp, size))
    if metadata.exif and image_format != "tiff":
        exif = output_exif(metadata, size)
        if exif:
            _set_blob(image, "exif-data", build_exif(exif))
    if metadata.iptc and image_format == "jpg":
        _set_blob(image, "iptc-data", _wrap_iptc(metadata.iptc))
    return image


def true_resolution(metadata: Metadata) -> tuple[float, float] | None:
    """Return the resolution, or None if there is none or none that can be."""
    if metadata.resolution is None:
        return None
    # Written so that NaN is none either.
    possible = all(0 < value < _HIGHEST_RESOLUTION for value in metadata.resolution)
    return metadata.resolution if possible else None


def output_exif(metadata: Metadata, size: Size) -> Exif:
    """Return the EXIF for a picture of a new size: upright and without thumbnail."""
    exif = parse_exif(metadata.exif or b"")
    exif.describe_pixels(size)
    return exif


def upright_exif(exif: Exif) -> bytes | None:
    """Return EXIF with its orientation reset, for pixels that have been turned."""
    exif.reset_orientation()
    return build_exif(exif) if exif else None


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """Return XMP that no longer asks for a turn, which some viewers would do again."""
    return _XMP_TURN.sub(rb"\g<1>1", xmp) if xmp else None


def _output_xmp(xmp: bytes, size: Size) -> bytes:
    """Return XMP whose pixel dimensions, where it has any, are those of a new size."""
    xmp = _XMP_WIDTH.sub(rb"\g<1>%d" % size.width, xmp)
    return _XMP_HEIGHT.sub(rb"\g<1>%d" % size.height, xmp)


def _is_of_grey(icc: bytes | None) -> bool:
    return icc is not None and icc[16:20] == b"GRAY"


def _blob(image: pyvips.Image, name: str) -> bytes | None:
    if image.get_typeof(name) == 0:
        return None
    return bytes(image.get(name)) or None


def _set_blob(image: pyvips.Image, name: str, value: bytes) -> None:
    image.set_type(pyvips.GValue.blob_type, name, value)


def _too_long(xmp: bytes, image_format: str) -> bool:
    return image_format == "jpg" and len(xmp) > _JPEG_XMP


def _unwrap_iptc(blob: bytes) -> bytes | None:
    if not blob.startswith(_PHOTOSHOP):
        return blob
    position = len(_PHOTOSHOP)
    while blob[position : position + 4] == b"8BIM" and position + 7 <= len(blob):
        kind = int.from_bytes(blob[position + 4 : position + 6], "big")
        name_length = blob[position + 6] + 1
        start = position + 6 + name_length + name_length % 2
        length = int.from_bytes(blob[start : start + 4], "big")
        if kind == _IPTC_RESOURCE:
            return blob[start + 4 : start + 4 + length]
        position = start + 4 + length + length % 2
    return None


def _wrap_iptc(iptc: bytes) -> bytes:
    head = b"8BIM" + _IPTC_RESOURCE.to_bytes(2, "big") + b"\0\0"
    padding = b"\0" * (len(iptc) % 2)
    return _PHOTOSHOP + head + len(iptc).to_bytes(4, "big") + iptc + padding
