"""Files of raw values in any number of bands: depth, thermal and spectral pictures.

`images` reads pictures of light: grey or RGB, with alpha, of which it knows what white
is. Here every band is kept as it is in the file, and nothing is known but its values.
"""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.io.formats import format_name
from imgan.io.formats import format_of
from imgan.io.picture import Picture
from imgan.io.reading import MAX_MEGAPIXELS
from imgan.io.reading import NOT_ON_EARTH
from imgan.io.reading import check_area
from imgan.io.reading import check_frames
from imgan.io.reading import damaged_file
from imgan.io.reading import load_lazily
from imgan.io.reading import orientation_of
from imgan.io.reading import planes_of
from imgan.io.reading import says
from imgan.io.reading import turn_upright
from imgan.io.sources import Source
from imgan.io.sources import count_frames
from imgan.io.sources import open_source
from imgan.io.tiff import is_georeferenced
from imgan.io.vips import pyvips
from imgan.io.writing import write_image
from imgan.types import Array
from imgan.types import Size

_READABLE = ("tiff", "png")
_DTYPES = {"uchar": np.uint8, "ushort": np.uint16, "float": np.float32}
# Float32 holds every value of these, which elevations are often kept in.
_AS_FLOAT = ("char", "short")


def read_bands(path: Path | str, max_megapixels: float = MAX_MEGAPIXELS) -> Array:
    """Read all bands of a TIFF or PNG file as they are, upright.

    No band is taken for alpha, no colour is converted, and floats may have any finite
    value. Signed integers of up to 16 bits come as float32.

    Args:
        path: A regular file; the format is recognised by its content.
        max_megapixels: Largest area accepted, decided from the header.

    Returns:
        `(height, width, bands)` uint8, uint16 or float32; C-contiguous.

    Raises:
        ImageReadError: With one line, if the file cannot be used as one picture.
    """
    with open_source(Path(path)) as source:
        if source.image_format not in _READABLE:
            raise ImageReadError(
                f"{source.path} is a {format_name(source.image_format)} file; expected "
                "TIFF or PNG, as this model takes raw values in bands"
            )
        check_frames(source, count_frames(source))
        image = load_lazily(source)
        check_area(source, Size(image.height, image.width), max_megapixels)
        try:
            pixels = _to_array(source, image)
        except (pyvips.Error, UnicodeDecodeError) as error:
            raise damaged_file(source, error) from error
        _check_values(source, pixels)
        upright = turn_upright(pixels, orientation_of(source, image))
        return np.ascontiguousarray(upright)


def band_losses(path: Path) -> list[str]:
    """Return one line for each thing of a file of bands that no result will have."""
    with open_source(path) as source:
        return [NOT_ON_EARTH] if says(source, is_georeferenced) else []


def write_bands(
    pixels: Array,
    path: Path | str,
    *,
    compression: int = 1,
    cancelled: threading.Event | None = None,
) -> None:
    """Write bands of raw values; the file appears complete or not at all.

    Args:
        pixels: `(height, width)` or `(height, width, bands)`; uint8, uint16 or float32.
        path: TIFF, or PNG where `check_bands` allows; an existing file is replaced.
        compression: 0 to 9, for PNG.
        cancelled: Gives the output up when it is set, within half a second.

    Raises:
        OutputError: If the format cannot hold the bands or the file not be written.
        WriteCancelledError: If `cancelled` was set.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    check_bands(Path(path), bands, pixels.dtype)
    write_image(Picture(pixels), path, compression=compression, cancelled=cancelled)


def check_bands(path: Path, bands: int, dtype: "np.typing.DTypeLike") -> None:
    """Check before computing that a file can hold bands of raw values.

    TIFF holds any; PNG one or three of 8 or 16 bits.

    Raises:
        OutputError: If it cannot, by its suffix.
    """
    image_format = format_of(path)
    if image_format == "tiff":
        return
    dtype = np.dtype(dtype)
    if image_format == "png" and bands in (1, 3) and dtype.kind == "u":
        return
    kind = f"{dtype.itemsize * 8}-bit {'float ' if dtype.kind == 'f' else ''}values"
    name = format_name(image_format) if image_format else "A file without a suffix"
    raise OutputError(
        f"Cannot write {path}: {name} is not used for {kind} in {bands} "
        f"band{'' if bands == 1 else 's'}; expected TIFF, or PNG for one or three "
        "bands of 8 or 16 bits. Use --format tiff"
    )


def _to_array(source: Source, image: Any) -> Array:
    if image.format in _AS_FLOAT:
        image = image.cast("float")
    if image.format not in _DTYPES:
        raise ImageReadError(
            f"{source.path} holds values of type {image.format}; expected integers of "
            "up to 16 bits, or floats"
        )
    dtype = _DTYPES[image.format]
    planes = planes_of(source)
    if planes is not None:
        return planes.astype(dtype)
    values = np.frombuffer(image.write_to_memory(), dtype)
    return values.reshape(image.height, image.width, image.bands)


def _check_values(source: Source, pixels: Array) -> None:
    if pixels.dtype == np.float32 and not np.isfinite(pixels).all():
        raise ImageReadError(
            f"{source.path} holds a value that is not finite; fill in missing values "
            "first"
        )
