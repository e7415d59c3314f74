"""Read one picture from one file: upright, whole, in RGB or grey, or not at all."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from imgan.errors import ImageReadError
from imgan.io import bmp
from imgan.io import heic
from imgan.io.exif import parse_exif
from imgan.io.formats import format_name
from imgan.io.ifd import ReadAt
from imgan.io.metadata import Metadata
from imgan.io.metadata import metadata_of
from imgan.io.metadata import profile_fits
from imgan.io.metadata import upright_exif
from imgan.io.metadata import upright_xmp
from imgan.io.picture import Picture
from imgan.io.sources import Source
from imgan.io.sources import count_frames
from imgan.io.sources import open_source
from imgan.io.sources import unreadable
from imgan.io.tiff import has_planes
from imgan.io.tiff import has_unnamed_band
from imgan.io.tiff import is_georeferenced
from imgan.io.tiff import read_planes
from imgan.io.tiff import read_tiff_metadata
from imgan.io.vips import pyvips
from imgan.types import Array
from imgan.types import Size

NOT_ON_EARTH = "Where on earth it lies (GeoTIFF) is left out"

_LOADERS = {
    "png": "pngload_source",
    "jpg": "jpegload_source",
    "webp": "webpload_source",
    "tiff": "tiffload_source",
    "avif": "heifload_source",
    "gif": "gifload_source",
}
# libvips maps these into memory. A file that is cut off meanwhile would then end the
# process, with all pictures in it, by SIGBUS.
_MAPPED = ("jpg", "webp")
_DTYPES = {"uchar": np.uint8, "ushort": np.uint16, "float": np.float32}
_LAB = ("lab", "labs", "labq")
_FLOAT_TOLERANCE = 1e-3
MAX_MEGAPIXELS = 500.0
"""Largest area that is read unless more is asked for: a header may promise anything."""


def read_image(path: Path | str, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Read a picture: upright pixels, alpha apart, metadata kept.

    CMYK becomes sRGB through its profile, which is then dropped; palettes are expanded;
    every other picture keeps its colours, its profile and its depth.

    Args:
        path: A regular file; the format is recognised by its content.
        max_megapixels: Largest area accepted, decided from the header.

    Raises:
        ImageReadError: With one line, if the file cannot be used as one picture.
    """
    with open_source(Path(path)) as source:
        if source.image_format == "bmp":
            header = bmp.read_bmp_header(source)
            check_area(source, header.size, max_megapixels)
            return _assemble(source, *bmp.decode_bmp(source, header))
        frames = count_frames(source)
        if source.image_format == "heic":
            check_frames(source, frames)
            heif = heic.open_heic(source)
            check_area(source, heic.heic_size(heif), max_megapixels)
            return _assemble(source, *_upright_heic(source, heif))
        check_frames(source, frames)
        image = load_lazily(source)
        if source.image_format != "tiff" and image.get_typeof("n-pages"):
            check_frames(source, image.get("n-pages"))
        check_area(source, Size(image.height, image.width), max_megapixels)
        return _decode(source, image)


def read_size(path: Path | str) -> Size:
    """Return a picture's size after orientation, from its header alone.

    Raises:
        ImageReadError: If the file is not a picture or its header is damaged.
    """
    with open_source(Path(path)) as source:
        if source.image_format == "bmp":
            return bmp.read_bmp_header(source).size
        if source.image_format == "heic":
            return heic.heic_size(heic.open_heic(source))
        image = load_lazily(source, header_only=True)
        size = Size(image.height, image.width)
        turned = orientation_of(source, image) >= 5
        return Size(size.width, size.height) if turned else size


def load_lazily(source: Source, *, header_only: bool = False) -> pyvips.Image:
    """Open lazily, from the descriptor: any file name works, and no other file can.

    Args:
        source: Must live as long as the image.
        header_only: Whether pixels are not going to be read.

    Raises:
        ImageReadError: If the file cannot be read.
    """
    source.file.seek(0)
    try:
        if source.image_format in _MAPPED and not header_only:
            source.content = source.file.read()
            opened = pyvips.Source.new_from_memory(source.content)
        else:
            opened = pyvips.Source.new_from_descriptor(source.file.fileno())
        load = getattr(pyvips.Image, _LOADERS[source.image_format])
        return load(opened, access="sequential", fail_on="error")
    except OSError as error:
        raise unreadable(source.path, error) from error
    except (pyvips.Error, UnicodeDecodeError) as error:
        raise damaged_file(source, error) from error


def _decode(source: Source, image: pyvips.Image) -> Picture:
    metadata = metadata_of(image)
    exif = parse_exif(metadata.exif or b"")
    if source.image_format == "tiff":
        with source.position_kept():
            exif, metadata.iptc = read_tiff_metadata(source.read_at)
    metadata.resolution = metadata.resolution or exif.resolution
    metadata.exif = upright_exif(exif)
    orientation = orientation_of(source, image)
    try:
        converted = _to_known_colours(image)
        if converted is not image:
            metadata.icc = None
        pixels = _to_array(source, converted)
    except (pyvips.Error, UnicodeDecodeError) as error:
        raise damaged_file(source, error) from error
    if source.image_format == "avif" and pixels.dtype == np.uint16:
        # libvips shifts 10 and 12 bits up; white must become 65535 again.
        pixels |= pixels >> image.get("bits-per-sample")
    if metadata.resolution and orientation >= 5:
        metadata.resolution = metadata.resolution[::-1]
    picture = _assemble(source, turn_upright(pixels, orientation), metadata)
    if says(source, is_georeferenced):
        picture.warnings.append(NOT_ON_EARTH)
    return picture


def _to_known_colours(image: pyvips.Image) -> pyvips.Image:
    if image.interpretation == "cmyk" and image.bands in (4, 5):
        depth = 16 if image.format == "ushort" else 8
        return image.icc_transform(
            "srgb", embedded=True, input_profile="cmyk", depth=depth
        )
    if image.interpretation in _LAB and image.bands in (3, 4):
        return image.colourspace("rgb16")
    return image


def _to_array(source: Source, image: pyvips.Image) -> Array:
    if image.bands > 4:
        raise ImageReadError(
            f"{source.path} has {image.bands} channels; expected grey or RGB, with or "
            "without alpha"
        )
    if image.bands in (2, 4) and says(source, has_unnamed_band):
        raise ImageReadError(
            f"{source.path} has {image.bands} channels, and says that the last is not "
            "transparency; expected grey or RGB, with or without alpha. Save it "
            "without that channel"
        )
    if image.format == "double":
        image = image.cast("float")
    if image.format not in _DTYPES:
        raise ImageReadError(
            f"{source.path} holds values of type {image.format}; expected 8-bit or "
            "16-bit unsigned integers, or floats from 0 to 1"
        )
    planes = planes_of(source)
    if planes is None:
        values = np.frombuffer(image.write_to_memory(), _DTYPES[image.format])
        pixels = values.reshape(image.height, image.width, image.bands)
    else:
        pixels = planes.astype(_DTYPES[image.format])
    if pixels.dtype == np.float32:
        _check_floats(source, pixels)
    return pixels


def says(source: Source, question: Callable[[ReadAt], bool]) -> bool:
    """Return what a TIFF file's directory answers; False for other formats."""
    if source.image_format != "tiff":
        return False
    with source.position_kept():
        return question(source.read_at)


def planes_of(source: Source) -> Array | None:
    """Return the pixels of a TIFF file that libvips would mix up; None for others.

    Raises:
        ImageReadError: If the bands cannot be read.
    """
    if source.image_format != "tiff":
        return None
    with source.position_kept():
        if not has_planes(source.read_at):
            return None
        try:
            return read_planes(source.file)
        except ValueError as error:
            reason = (str(error).splitlines() or ["cannot be decoded"])[0]
            raise ImageReadError(
                f"{source.path} keeps its bands one after another and cannot be read: "
                f"{reason}. Save it with interleaved bands"
            ) from error


def _check_floats(source: Source, pixels: Array) -> None:
    low, high = float(pixels.min()), float(pixels.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageReadError(
            f"{source.path} holds a value that is not finite; expected floats from 0 "
            "to 1. Repair it first"
        )
    if low < -_FLOAT_TOLERANCE or high > 1 + _FLOAT_TOLERANCE:
        raise ImageReadError(
            f"{source.path} holds float values from {low:g} to {high:g}; expected 0 to "
            "1. Scale it first"
        )
    np.clip(pixels, 0, 1, out=pixels)


def _assemble(source: Source, pixels: Array, metadata: Metadata) -> Picture:
    """Part colour and alpha: `(height, width[, 1 to 4])` to a `Picture`."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    channels = pixels.shape[2]
    alpha = None
    if channels in (2, 4):
        alpha = np.ascontiguousarray(pixels[..., -1])
        pixels = pixels[..., :-1]
    if pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    warnings = []
    if metadata.icc and not profile_fits(metadata.icc, pixels.ndim == 2):
        metadata.icc = None
        warnings.append("Its colour profile is damaged or of another kind: left out")
    pixels = np.ascontiguousarray(pixels)
    return Picture(pixels, alpha, metadata, source.image_format, warnings)


def _upright_heic(source: Source, image: object) -> tuple[Array, Metadata]:
    pixels, metadata = heic.decode_heic(source, image)
    metadata.exif = upright_exif(parse_exif(metadata.exif or b""))
    metadata.xmp = upright_xmp(metadata.xmp)
    return pixels, metadata


def orientation_of(source: Source, image: pyvips.Image) -> int:
    """Return the turn still to be done: libheif has done that of an AVIF file."""
    if source.image_format == "avif" or not image.get_typeof("orientation"):
        return 1
    value = int(image.get("orientation"))
    return value if 1 <= value <= 8 else 1


def turn_upright(pixels: Array, orientation: int) -> Array:
    """Turn `(height, width, channels)` upright, as EXIF's values 1 to 8 say."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def check_frames(source: Source, count: int) -> None:
    """Refuse a file of several pages or animation frames."""
    if count == 1:
        return
    still = source.image_format in ("tiff", "heic")
    what = f"{count} pages" if still else f"{count} animation frames"
    raise ImageReadError(
        f"{source.path} is a {format_name(source.image_format)} file of {what}; "
        "expected a single picture. Split it first"
    )


def check_area(source: Source, size: Size, max_megapixels: float) -> None:
    """Refuse a file whose header announces too many pixels."""
    check_megapixels(source.path, size, max_megapixels)


def check_megapixels(path: Path, size: Size, max_megapixels: float) -> None:
    """Refuse a picture of too many pixels.

    Raises:
        ImageReadError: Names the option.
    """
    if size.megapixels > max_megapixels:
        raise ImageReadError(
            f"{path} has {size.megapixels:,.1f} megapixels ({size}); at most "
            f"{max_megapixels:g} are read. Raise --max-megapixels if you trust the file"
        )


def damaged_file(source: Source, error: Exception) -> ImageReadError:
    """Return one line: libvips tells a story of many, its own plumbing included."""
    # A message that quotes a damaged file cannot always be decoded.
    detail = str(error.detail) if isinstance(error, pyvips.Error) else ""
    lines = [line.strip() for line in detail.splitlines()]
    telling = [line for line in lines if line and "bad seek" not in line]
    reason = telling[0] if telling else "cannot be decoded"
    name = format_name(source.image_format)
    return ImageReadError(
        f"{source.path} is a truncated, damaged or unusual {name} file: {reason}"
    )
