"""Write one picture to one file: whole or not at all, and quick to stop."""

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from imgan.errors import OutputError
from imgan.io.bmp import encode_bmp
from imgan.io.formats import check_output
from imgan.io.formats import format_of
from imgan.io.formats import stored_bits
from imgan.io.metadata import attach
from imgan.io.metadata import output_exif
from imgan.io.picture import Picture
from imgan.io.temporaries import commit_temporary
from imgan.io.temporaries import discard_temporary
from imgan.io.temporaries import open_temporary
from imgan.io.temporaries import write_error
from imgan.io.tiff import add_tiff_metadata
from imgan.io.vips import pyvips
from imgan.types import Array
from imgan.types import dtype_peak

_FORMATS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
_GREY = {"uint8": "b-w", "uint16": "grey16", "float32": "b-w"}
_COLOUR = {"uint8": "srgb", "uint16": "rgb16", "float32": "scrgb"}
_BIG_TIFF = 3.9e9  # bytes of pixels; offsets in a classic TIFF end at 4 GiB
_POLL = 0.05  # seconds between looks at `cancelled`
_GRACE = 0.5  # seconds that a stopped encoder gets to let go
_AVIF_EFFORT = 3


class WriteCancelledError(OutputError):
    """The output was given up because the caller asked for it."""


def write_image(
    picture: Picture,
    path: Path | str,
    *,
    image_format: str | None = None,
    quality: int = 95,
    compression: int = 1,
    cancelled: threading.Event | None = None,
) -> None:
    """Write a picture with its metadata; the file appears complete or not at all.

    Args:
        picture: Its pixels are read where they are, not copied.
        path: Missing folders are made; an existing file is replaced.
        image_format: One of `formats.WRITABLE_FORMATS`; by default the path's suffix.
        quality: 1 to 100, for JPEG, WebP and AVIF.
        compression: 0 to 9, for PNG; 1 costs a fifth of the time of 6.
        cancelled: Gives the output up when it is set, within half a second.

    Raises:
        OutputError: If the format cannot hold the picture or the file not be written.
        WriteCancelledError: If `cancelled` was set.
    """
    path = Path(path)
    image_format = image_format or format_of(path)
    if image_format is None:
        raise OutputError(f"Cannot write {path}: its suffix names no picture format")
    has_alpha = picture.alpha is not None
    check_output(image_format, picture.size, picture.pixels.dtype, has_alpha)
    descriptor, temporary = open_temporary(path)
    try:
        try:
            encode = _encoder(picture, image_format, quality, compression, descriptor)
            _run(*encode, cancelled)
        except (pyvips.Error, UnicodeDecodeError):
            _raise_system_error(descriptor)
            raise
        finally:
            os.close(descriptor)
        if image_format == "tiff":
            _complete_tiff(temporary, picture)
        commit_temporary(temporary, path)
    except (pyvips.Error, UnicodeDecodeError) as error:
        raise _vips_error(path, error) from error
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        discard_temporary(temporary)


def _encoder(
    picture: Picture, image_format: str, quality: int, compression: int, descriptor: int
) -> tuple[pyvips.Image | None, Callable[[], None]]:
    """Return the lazy image, which can be killed, and the work that encodes it."""
    image = _to_depth(_lazy_image(picture), picture.pixels.dtype, image_format)
    if image_format == "bmp":
        return None, partial(_write_bmp, image, picture, descriptor)
    if image_format == "jpg" and picture.alpha is not None:
        image = image.flatten(background=255)
    image = attach(image, picture.metadata, image_format, picture.size)
    target = pyvips.Target.new_to_descriptor(descriptor)
    options: dict[str, dict[str, Any]] = {
        "png": {"compression": compression, "filter": "up"},
        # Optimised coding would hold all coefficients: 6 bytes for each RGB pixel.
        "jpg": {"Q": quality, "optimize_coding": False},
        "webp": {"Q": quality},
        "tiff": _tiff_options(picture),
        "avif": {"Q": quality, "compression": "av1", "effort": _AVIF_EFFORT},
    }
    if image_format == "avif":
        options["avif"]["bitdepth"] = stored_bits("avif", picture.pixels.dtype)
    saver = {"jpg": "jpegsave", "avif": "heifsave"}.get(
        image_format, f"{image_format}save"
    )
    save = getattr(image, f"{saver}_target")
    return image, partial(save, target, **options[image_format])


def _tiff_options(picture: Picture) -> dict[str, Any]:
    channels = picture.pixels.nbytes // (picture.size.height * picture.size.width)
    raw = picture.size.height * picture.size.width * (channels + 4)
    floats = picture.pixels.dtype == np.float32
    return {
        "compression": "deflate",
        # Few readers besides libtiff know the predictor for floats.
        "predictor": "none" if floats else "horizontal",
        "bigtiff": raw > _BIG_TIFF,
    }


def _lazy_image(picture: Picture) -> pyvips.Image:
    image = _from_memory(picture.pixels)
    if picture.alpha is not None:
        image = image.bandjoin(_from_memory(picture.alpha))
    if not picture.is_grey and picture.pixels.shape[2] != 3:
        return image.copy(interpretation="multiband")
    name = picture.pixels.dtype.name
    return image.copy(interpretation=(_GREY if picture.is_grey else _COLOUR)[name])


def _from_memory(pixels: Array) -> pyvips.Image:
    """Wrap an array without a copy; libvips keeps it alive."""
    dtype_peak(pixels.dtype)
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    flat = np.ascontiguousarray(pixels).reshape(-1)
    return pyvips.Image.new_from_memory(
        flat.data, width, height, bands, _FORMATS[pixels.dtype.name]
    )


def _to_depth(
    image: pyvips.Image, dtype: "np.dtype[Any]", image_format: str
) -> pyvips.Image:
    """Round lazily to what the format stores; libvips itself would cut bits off."""
    bits = stored_bits(image_format, dtype)
    if bits == dtype.itemsize * 8:
        return image
    steps = 2**bits - 1
    rounded = (image * (steps / dtype_peak(dtype))).rint()
    grey = image.bands < 3
    if bits == 8:
        return rounded.cast("uchar").copy(interpretation="b-w" if grey else "srgb")
    wide = (rounded * 2 ** (16 - bits)).cast("ushort")
    return wide.copy(interpretation="grey16" if grey else "rgb16")


def _write_bmp(image: pyvips.Image, picture: Picture, descriptor: int) -> None:
    pixels, alpha = picture.pixels, picture.alpha
    if pixels.dtype != np.uint8:
        joined = image.numpy()
        pixels = joined if alpha is None else joined[..., :-1].squeeze()
        alpha = None if alpha is None else joined[..., -1]
    data = memoryview(encode_bmp(pixels, alpha, picture.metadata).tobytes())
    while data:
        data = data[os.write(descriptor, data) :]


def _run(
    image: pyvips.Image | None,
    encode: Callable[[], None],
    cancelled: threading.Event | None,
) -> None:
    """Encode in a thread, so that the caller stays free to be interrupted.

    Some encoders (AVIF) cannot be stopped; their thread is then left behind, writing to
    a file without a name.
    """
    done = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            encode()
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="imgan-encode", daemon=True)
    thread.start()
    try:
        while not done.wait(_POLL):
            if cancelled is not None and cancelled.is_set():
                raise WriteCancelledError("Cancelled while the output was written")
    except BaseException:
        if image is not None:
            image.set_kill(True)
        thread.join(_GRACE)
        raise
    thread.join()
    if failures:
        raise failures[0]


def _complete_tiff(temporary: Path, picture: Picture) -> None:
    exif = output_exif(picture.metadata, picture.size)
    if exif or picture.metadata.iptc:
        add_tiff_metadata(temporary, exif, picture.metadata.iptc)


def _raise_system_error(descriptor: int) -> None:
    """Find out by writing on why a write failed: libvips only says that one did."""
    os.lseek(descriptor, 0, os.SEEK_END)
    for _ in range(2):
        os.write(descriptor, bytes(2**20))


def _vips_error(path: Path, error: Exception) -> OutputError:
    detail = str(error.detail) if isinstance(error, pyvips.Error) else ""
    lines = [line.strip() for line in detail.splitlines()]
    reason = next((line for line in lines if line), "the encoder failed")
    return OutputError(f"Cannot write {path}: {reason}")
