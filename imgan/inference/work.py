"""The three steps of one picture in a batch: read, compute, write. No threads here."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imgan.bundles.card import Card
from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.inference.memory import physical_memory
from imgan.inference.pictures import predict_picture
from imgan.inference.pictures import read_model_bands
from imgan.inference.predictor import Predictor
from imgan.inference.predictor import Progress
from imgan.inference.report import FileRow
from imgan.inference.resample import result_size
from imgan.io.bands import check_bands
from imgan.io.bands import write_bands
from imgan.io.formats import check_output
from imgan.io.formats import format_of
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import read_size
from imgan.io.images import write_image
from imgan.types import Size

# Of the machine's memory; the rest is for the system, TensorFlow and the tiles.
_SHARE_FOR_ONE_PICTURE = 0.8


@dataclass(frozen=True)
class BatchOptions:
    """What a batch does with every picture."""

    model: str = "x4"
    """A shipped name, a bundle, a run folder, or "bicubic"."""
    scale: float | None = None
    """Result pixels per input pixel along one side; None: the model's."""
    overwrite: bool = False
    quality: int = 95
    """Of JPEG, WebP and AVIF, 1 to 100."""
    compression: int = 1
    """Of PNG, 0 to 9."""
    tile: int | None = None
    precision: str = "auto"
    device: str = "auto"
    max_megapixels: float = 500.0
    fidelity: float | None = None
    """0 to 1, from an adversarial model to its partner; None: the model itself."""
    keep_colors: bool = False


@dataclass
class Item:
    """A picture on its way through a batch."""

    row: FileRow
    picture: Picture | None = None
    """As read, then as computed."""
    bands: bool = False
    """Whether its pixels are raw values in bands."""
    input_bytes: int = 0
    output_bytes: int = 0


@contextmanager
def timed(row: FileRow) -> Iterator[None]:
    """Add the time in the block to the row."""
    started = time.perf_counter()
    try:
        yield
    finally:
        row.seconds += time.perf_counter() - started


def is_finished(item: Item, scale: float, overwrite: bool) -> bool:
    """Look at the headers: whether the output is there already.

    Fills in the sizes of the row.

    Raises:
        ImageReadError: If the input is not a picture.
        OutputError: If there is an output of another size.
    """
    row = item.row
    output = _output_of(row)
    size = read_size(row.input)
    row.input_size, row.output_size = size, result_size(size, scale)
    # Four bytes a pixel: the depth is not known before the picture is decoded.
    item.input_bytes = size.height * size.width * 4
    if overwrite or not os.path.lexists(output):
        return False
    try:
        present = read_size(output)
    except ImageReadError as error:
        raise OutputError(
            f"{output} exists and is not a picture. Remove it or use --overwrite"
        ) from error
    if present != row.output_size:
        raise OutputError(
            f"{output} exists with {present} pixels, expected {row.output_size}. "
            "Use --overwrite to replace it"
        )
    return True


def read(
    item: Item, scale: float, max_megapixels: float, card: Card | None = None
) -> None:
    """Read the picture of an item, and check that its result can be made and kept.

    Args:
        item: Whose input is read.
        scale: Result pixels per input pixel along one side.
        max_megapixels: Largest area accepted.
        card: Of the model; it says whether files are read as bands of raw values.

    Raises:
        ImageReadError: If the file cannot be read as one picture.
        DataError: If it has other bands than the model takes.
        OutputError: If the output's format or the memory cannot hold the result.
    """
    row = item.row
    output = _output_of(row)
    item.bands = card is not None and card.takes_bands
    if card is not None and item.bands:
        picture = Picture(read_model_bands(row.input, card, max_megapixels))
        check_bands(output, card.output_channels, picture.pixels.dtype)
        channels = card.output_channels
    else:
        picture = read_image(row.input, max_megapixels)
        channels = (1 if picture.is_grey else 3) + (picture.alpha is not None)
    row.input_size, row.output_size = picture.size, result_size(picture.size, scale)
    row.warnings += check_output(
        str(format_of(output)),
        row.output_size,
        picture.pixels.dtype,
        picture.alpha is not None,
    )
    item.output_bytes = _bytes(row.output_size, channels, picture.pixels.itemsize)
    _check_memory(item.output_bytes, row.output_size)
    item.picture = picture


def compute(
    item: Item, predictor: Predictor, progress: Progress, cancelled: threading.Event
) -> None:
    """Replace the picture of an item by its result."""
    if item.picture is None:
        raise ValueError("The item was not read yet")
    made, prediction = predict_picture(
        predictor, item.picture, progress=progress, cancelled=cancelled
    )
    item.picture = made
    item.row.output_size = made.size
    item.row.precision = prediction.precision
    item.row.warnings += prediction.warnings


def write(item: Item, options: BatchOptions, cancelled: threading.Event) -> None:
    """Write the picture of an item.

    Raises:
        OutputError: If the output cannot be written.
    """
    if item.picture is None:
        raise ValueError("The item was not computed yet")
    if item.bands:
        write_bands(
            item.picture.pixels,
            _output_of(item.row),
            compression=options.compression,
            cancelled=cancelled,
        )
        return
    write_image(
        item.picture,
        _output_of(item.row),
        quality=options.quality,
        compression=options.compression,
        cancelled=cancelled,
    )


def _output_of(row: FileRow) -> Path:
    if row.output is None:
        raise ValueError(f"{row.input} has no output")
    return row.output


def _bytes(size: Size, channels: int, itemsize: int) -> int:
    return size.height * size.width * channels * itemsize


def _check_memory(count: int, size: Size) -> None:
    # Linux grants more than there is and kills the process when it is used.
    total = physical_memory()
    if total is not None and count > total * _SHARE_FOR_ONE_PICTURE:
        raise OutputError(
            f"The output would be {size} pixels, {count / 1e9:.1f} GB, and this "
            f"machine has {total / 1e9:.1f} GB of memory. Cut the picture, or use a "
            "lower --scale"
        )
