"""The three steps of one picture in a batch: read, compute, write. No threads here."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.bundles.card import Card
from imgan.inference.frames import FrameReader
from imgan.inference.grey import to_grey
from imgan.inference.outcome import Outcome
from imgan.inference.outcome import check_file
from imgan.inference.outcome import check_memory
from imgan.inference.outcome import check_present
from imgan.inference.outcome import outcome_of
from imgan.inference.pictures import predict_picture
from imgan.inference.predictor import Predictor
from imgan.inference.predictor import Progress
from imgan.inference.report import FileRow
from imgan.inference.sheets import make_sheet
from imgan.inference.sheets import read_target
from imgan.inference.sheets import sheet_size
from imgan.inference.sheets import shown
from imgan.inference.sizing import TargetSize
from imgan.inference.sizing import result_size
from imgan.inference.streamed import StreamedPicture
from imgan.inference.streamed import streamed_bytes
from imgan.inference.streamed import write_streamed
from imgan.inference.treatment import Treatment
from imgan.io.bands import write_bands
from imgan.io.formats import check_output
from imgan.io.formats import format_of
from imgan.io.images import Picture
from imgan.io.images import metadata_losses
from imgan.io.images import read_size
from imgan.io.images import write_image
from imgan.types import Size


@dataclass(frozen=True)
class BatchOptions:
    """What a batch does with every picture."""

    model: str = "x4"
    """A shipped name, a bundle, a run folder, an export, "bicubic", or an address."""
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
    timeout: float | None = None
    """Seconds that a server may take for a tile; None: the usual ones."""
    max_megapixels: float = 500.0
    fidelity: float | None = None
    """0 to 1, from an adversarial model to its partner; None: the model itself."""
    keep_colors: bool = False
    stochastic: bool = False
    """Whether dropout is on, as in training."""
    seed: int = 0
    """Of dropout."""
    side_by_side: bool = False
    """Write sheets of input and result instead of results."""
    targets: Path | None = None
    """Folder of what results should be, for the sheets."""
    target: TargetSize | None = None
    """Size of every result in pixels, instead of a scale."""
    treatment: Treatment = Treatment()
    """What else is done with every picture."""
    on_error: str = "continue"
    """"stop": begin with no other picture after one has failed."""
    jobs: int | None = None
    """Threads of the CPU that may be busy; None: one for each core."""


@dataclass
class Item:
    """A picture on its way through a batch."""

    row: FileRow
    earlier: tuple[Path, ...] = ()
    """The frames before it, oldest first."""
    target: Path | None = None
    """What the result should be, for the sheet."""
    fault: Exception | None = None
    """Why it cannot be made, known before it is looked at."""
    picture: Picture | None = None
    """As read, then as computed."""
    source: Picture | None = None
    """As read, where the sheet will want it."""
    bands: bool = False
    """Whether its result is raw values in bands."""
    streamed: bool = False
    """Whether its result is written while it is computed, and never whole."""
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


@dataclass
class Worker:
    """The steps of one picture, for the pictures of one batch.

    Args:
        options: What is done with every picture.
        card: Of the model; None: bicubic enlargement.
        scale: Result pixels per input pixel along one side, where there is no target.
    """

    options: BatchOptions
    card: Card | None
    scale: float

    def __post_init__(self) -> None:
        """Begin without any picture."""
        self._reader = FrameReader(self.card, self.options.max_megapixels)
        self._translates = self.card is not None and self.card.task == "translation"

    def result_size(self, size: Size) -> Size:
        """Return the size of what becomes of a picture, before it is on any sheet.

        Raises:
            OutputError: If the target cannot be reached.
        """
        return result_size(size, self.options.target, self.scale)

    def is_finished(self, item: Item) -> bool:
        """Look at the headers: whether the output is there already.

        Fills in the sizes of the row.

        Raises:
            ImageReadError: If the input, or the target of a sheet, is not a picture.
            DataError: If the target of a sheet is missing.
            OutputError: If there is an output of another size.
        """
        if item.fault is not None:
            raise item.fault
        row = item.row
        output = _output_of(row)
        size = read_size(row.input)
        row.input_size, row.output_size = size, self._output_size(item, size)
        # Four bytes a pixel: the depth is not known before the picture is decoded.
        frames = self.card.num_frames if self.card else 1
        item.input_bytes = size.height * size.width * 4 * frames
        if self.options.overwrite or not os.path.lexists(output):
            return False
        check_present(output, row.output_size)
        return True

    def read(self, item: Item) -> None:
        """Read the picture of an item, and check that its result can be made and kept.

        Raises:
            ImageReadError: If the file cannot be read as one picture.
            DataError: If it has other bands than the model takes, or its frames differ.
            OutputError: If the output's format or the memory cannot hold the result.
        """
        row, card = item.row, self.card
        picture, stacked = self._reader.read(row.input, item.earlier)
        row.warnings += picture.warnings
        if self.options.treatment.grey and not self._translates:
            # Before the network: what it makes of grey has no tint to be taken out.
            picture = stacked = to_grey(picture)
        row.input_size = picture.size
        row.output_size = self._output_size(item, picture.size)
        channels = 1 if stacked.is_grey else stacked.pixels.shape[2]
        size = self.result_size(picture.size)
        made = outcome_of(card, picture, channels, size)
        if self.options.treatment.grey:
            made = made._replace(channels=1)
        item.bands = made.bands
        output = _output_of(row)
        if self.options.side_by_side:
            lost = check_output(_format(output), row.output_size, np.uint8, False)
            # Beside the result, its sheet and the picture itself are kept until then.
            item.output_bytes = made.bytes
            item.output_bytes += 3 * row.output_size.height * row.output_size.width
            item.output_bytes += _bytes_of(picture)
            item.source = picture
        else:
            lost = check_file(output, made, card, picture.pixels.dtype)
            if not made.bands:
                lost += metadata_losses(picture.metadata, _format(output))
            self.take_memory(item, made)
        row.warnings += lost
        check_memory(item.output_bytes, row.output_size)
        if card is not None and len(item.earlier) < card.num_frames - 1:
            row.warnings.append(
                f"frame {len(item.earlier) + 1} of its folder, and the model is given "
                f"{card.num_frames} in a row: the first frame stands for those before"
            )
        item.picture = stacked

    def compute(
        self,
        item: Item,
        predictor: Predictor,
        progress: Progress,
        cancelled: threading.Event,
    ) -> None:
        """Replace the picture of an item by its result, or write that at once.

        Raises:
            ImganError: If it cannot be computed, or not be written.
        """
        if item.picture is None:
            raise ValueError("The item was not read yet")
        bleed = self.card is None or self.card.num_frames == 1
        if item.streamed:
            streamed = StreamedPicture(
                predictor,
                item.picture,
                bleed,
                item.bands,
                progress,
                cancelled,
                self.options.target,
            )
            self._write_streamed(item, streamed)
            return
        made, prediction = predict_picture(
            predictor,
            item.picture,
            bleed=bleed,
            progress=progress,
            cancelled=cancelled,
            target=self.options.target,
        )
        item.picture = to_grey(made) if self.options.treatment.grey else made
        if not self.options.side_by_side:
            item.row.output_size = made.size
        item.row.precision = prediction.precision
        item.row.warnings += prediction.warnings

    def write(self, item: Item, cancelled: threading.Event) -> None:
        """Write the picture of an item, or the sheet of it.

        Raises:
            OutputError: If the output cannot be written.
            ImageReadError: If the target of a sheet cannot be read.
        """
        if item.streamed:
            return
        if item.picture is None:
            raise ValueError("The item was not computed yet")
        output, compression = _output_of(item.row), self.options.compression
        if item.bands and not self.options.side_by_side:
            write_bands(
                item.picture.pixels,
                output,
                compression=compression,
                cancelled=cancelled,
            )
            return
        picture = self._sheet(item) if self.options.side_by_side else item.picture
        write_image(
            picture,
            output,
            quality=self.options.quality,
            compression=compression,
            cancelled=cancelled,
        )

    def take_memory(self, item: Item, made: Outcome) -> None:
        """Decide whether the result is written by rows, and what memory it takes."""
        item.output_bytes = made.bytes
        options, size = self.options, item.row.input_size
        if options.keep_colors or (options.stochastic and self.card is not None):
            return
        if size is None or (options.treatment.grey and self._translates):
            return
        scale = self.scale
        if options.target is not None:
            scale = float(options.target.scaling(size).largest)
        count = streamed_bytes(
            made, _output_of(item.row), self.card, options.tile, scale
        )
        if count is not None:
            item.streamed, item.output_bytes = True, count

    def _write_streamed(self, item: Item, made: StreamedPicture) -> None:
        row, options = item.row, self.options
        write_streamed(
            made,
            _output_of(row),
            quality=options.quality,
            compression=options.compression,
        )
        item.picture = None
        row.output_size, row.precision = made.form.size, made.precision
        row.warnings += made.warnings()

    def _output_size(self, item: Item, size: Size) -> Size:
        if not self.options.side_by_side:
            return self.result_size(size)
        return sheet_size(size, read_size(item.target) if item.target else None)

    def _sheet(self, item: Item) -> Picture:
        if item.source is None or item.picture is None:
            raise ValueError("The item was not read for a sheet")
        given = self.card.pixel_range if self.card else None
        made = self.card.output_pixel_range if self.card else None
        panels = [shown(item.source, given), shown(item.picture, made)]
        if item.target is not None:
            panels.append(read_target(item.target, bands=item.bands, pixel_range=made))
        return make_sheet(panels)


def _output_of(row: FileRow) -> Path:
    if row.output is None:
        raise ValueError(f"{row.input} has no output")
    return row.output


def _format(output: Path) -> str:
    return str(format_of(output))


def _bytes_of(picture: Picture) -> int:
    alpha = 0 if picture.alpha is None else picture.alpha.nbytes
    return picture.pixels.nbytes + alpha
