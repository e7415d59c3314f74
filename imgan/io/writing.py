"""Write one picture to one file: whole or not at all, and quick to stop."""

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.errors import OutputError
from imgan.io.bmp import encode_bmp
from imgan.io.formats import check_output
from imgan.io.formats import format_of
from imgan.io.formats import stored_bits
from imgan.io.metadata import attach
from imgan.io.metadata import output_exif
from imgan.io.picture import Form
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
_TIFF_TILE = 256  # pixels a side


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
    form = picture.form
    check_output(image_format, form.size, form.dtype, form.has_alpha)

    def begin(descriptor: int) -> Encoding:
        image = _lazy_image(picture)
        if image_format == "bmp":
            image = _to_depth(image, form.dtype, image_format)
            return Encoding(None, partial(_write_bmp, image, picture, descriptor))
        return encoding(image, form, image_format, descriptor, quality, compression)

    write_file(path, image_format, form, begin, partial(_run, cancelled=cancelled))


class Encoding(NamedTuple):
    """What encodes a picture into an open file."""

    image: pyvips.Image | None
    """Lazy; killing it ends the encoding."""
    encode: Callable[[], None]


def write_file(
    path: Path,
    image_format: str,
    form: Form,
    begin: Callable[[int], Encoding],
    run: Callable[[Encoding], None],
) -> None:
    """Write a file that appears complete or not at all.

    Args:
        path: Missing folders are made; an existing file is replaced.
        image_format: One of `formats.WRITABLE_FORMATS`.
        form: Of the picture.
        begin: Returns what encodes into a descriptor.
        run: Calls that, and returns when all is written.

    Raises:
        OutputError: If the file cannot be written.
    """
    descriptor, temporary = open_temporary(path)
    try:
        try:
            run(begin(descriptor))
        except (pyvips.Error, UnicodeDecodeError):
            _raise_system_error(descriptor)
            raise
        finally:
            os.close(descriptor)
        if image_format == "tiff":
            _complete_tiff(temporary, form)
        commit_temporary(temporary, path)
    except (pyvips.Error, UnicodeDecodeError) as error:
        raise _vips_error(path, error) from error
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        discard_temporary(temporary)


def encoding(
    image: pyvips.Image,
    form: Form,
    image_format: str,
    descriptor: int,
    quality: int,
    compression: int,
    *,
    tiles: bool = False,
) -> Encoding:
    """Return what encodes an image with its metadata.

    Args:
        image: Lazy, transparency as its last band.
        form: Of the picture.
        image_format: Any that is written but BMP.
        descriptor: Of the file.
        quality: As in `write_image`.
        compression: As in `write_image`.
        tiles: Keep a TIFF file in tiles, of which a viewer reads only those it shows.
    """
    image = _to_depth(image, form.dtype, image_format)
    if image_format == "jpg" and form.has_alpha:
        image = image.flatten(background=255)
    image = attach(image, form.metadata, image_format, form.size)
    target = pyvips.Target.new_to_descriptor(descriptor)
    options: dict[str, dict[str, Any]] = {
        "png": {"compression": compression, "filter": "up"},
        # Optimised coding would hold all coefficients: 6 bytes for each RGB pixel.
        "jpg": {"Q": quality, "optimize_coding": False},
        "webp": {"Q": quality},
        "tiff": _tiff_options(form, tiles),
        "avif": {"Q": quality, "compression": "av1", "effort": _AVIF_EFFORT},
    }
    if image_format == "avif":
        options["avif"]["bitdepth"] = stored_bits("avif", form.dtype)
    saver = {"jpg": "jpegsave", "avif": "heifsave"}.get(
        image_format, f"{image_format}save"
    )
    save = getattr(image, f"{saver}_target")
    return Encoding(image, partial(save, target, **options[image_format]))


def _tiff_options(form: Form, tiles: bool) -> dict[str, Any]:
    # libtiff may need 4 bytes more for each pixel where deflate gains nothing.
    most = (form.row_bytes + 4 * form.size.width) * form.size.height
    options: dict[str, Any] = {
        "compression": "deflate",
        # Few readers besides libtiff know the predictor for floats.
        "predictor": "none" if form.dtype == np.float32 else "horizontal",
        "bigtiff": most > _BIG_TIFF,
    }
    if tiles:
        options |= {"tile": True, "tile_width": _TIFF_TILE, "tile_height": _TIFF_TILE}
    return options


def _lazy_image(picture: Picture) -> pyvips.Image:
    image = _from_memory(picture.pixels)
    if picture.alpha is not None:
        image = image.bandjoin(_from_memory(picture.alpha))
    return image.copy(interpretation=interpretation_of(picture.form))


def interpretation_of(form: Form) -> str:
    """Return what libvips calls such pixels."""
    if not form.is_grey and form.channels != 3:
        return "multiband"
    return (_GREY if form.is_grey else _COLOUR)[form.dtype.name]


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
        pixels = joined
        if alpha is not None:
            pixels, alpha = joined[..., :-1], joined[..., -1]
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            pixels = pixels[..., 0]
    data = memoryview(encode_bmp(pixels, alpha, picture.metadata).tobytes())
    while data:
        data = data[os.write(descriptor, data) :]


class EncoderThread:
    """Encodes in a thread, so that the caller stays free to be interrupted.

    Some encoders (AVIF) cannot be stopped; their thread is then left behind, writing to
    a file without a name.

    Args:
        work: What is done.
        ended: Called there when it has ended, well or not.
    """

    def __init__(self, work: Encoding, ended: Callable[[], None] | None = None) -> None:
        self._work = work
        self._ended = ended
        self._done = threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(
            target=self._run, name="imgan-encode", daemon=True
        )
        self._thread.start()

    def finish(self, cancelled: threading.Event | None) -> None:
        """Wait until it has ended, and raise what it raised.

        Raises:
            WriteCancelledError: If `cancelled` was set before.
        """
        while not self._done.wait(_POLL):
            check_cancelled(cancelled)
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def give_up(self) -> None:
        """Stop it, if it can be stopped."""
        if self._work.image is not None:
            self._work.image.set_kill(True)
        self._thread.join(_GRACE)

    def _run(self) -> None:
        try:
            self._work.encode()
        except BaseException as error:
            self._failures.append(error)
        finally:
            self._done.set()
            if self._ended is not None:
                self._ended()


def check_cancelled(cancelled: threading.Event | None) -> None:
    """Raise `WriteCancelledError` if the event was set."""
    if cancelled is not None and cancelled.is_set():
        raise WriteCancelledError("Cancelled while the output was written")


def _run(work: Encoding, cancelled: threading.Event | None) -> None:
    thread = EncoderThread(work)
    try:
        thread.finish(cancelled)
    except BaseException:
        thread.give_up()
        raise


def _complete_tiff(temporary: Path, form: Form) -> None:
    exif = output_exif(form.metadata, form.size)
    if exif or form.metadata.iptc:
        add_tiff_metadata(temporary, exif, form.metadata.iptc)


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
