"""Results that are written while they are made, because memory should not hold them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.grid import Grid
from imgan.bundles.grid import grid_of
from imgan.bundles.grid import tile_side
from imgan.bundles.grid import up_to_multiple
from imgan.inference.engines import BicubicEngine
from imgan.inference.outcome import Outcome
from imgan.inference.pictures import constant_of
from imgan.inference.pictures import in_depth
from imgan.inference.pictures import translated_metadata
from imgan.inference.predictor import Predictor
from imgan.inference.predictor import Progress
from imgan.inference.row_pass import RowPass
from imgan.inference.row_pass import StartAgain
from imgan.inference.row_pass import join_rows
from imgan.inference.sizing import TargetSize
from imgan.inference.wrapping import bleed_wrapped
from imgan.io.formats import format_of
from imgan.io.images import Picture
from imgan.io.metadata import Metadata
from imgan.io.picture import Form
from imgan.io.rows import write_rows
from imgan.types import Array
from imgan.types import Size

STREAM_BYTES = 256 << 20
"""Results of more bytes are written row by row, where that is possible."""

# Rows of tiles held at once: one is computed, one encoded; one more while transparency
# is put beside colours.
_ROWS_HELD = 2
_FLOAT_BYTES = 4

# Encoders that need all of a picture before they begin, and what they make of a pixel.
_HOLDING = {"webp": 8, "avif": 8}


def streamed_bytes(
    outcome: Outcome, output: Path, card: Card | None, tile: int | None, scale: float
) -> int | None:
    """Return the memory for a result that is written by rows; None where it is whole.

    Args:
        outcome: What will be made.
        output: Where it is written.
        card: Of the model; None: bicubic enlargement.
        tile: Side that was asked for; None: the model's.
        scale: Result pixels per input pixel along one side.
    """
    if outcome.bytes <= STREAM_BYTES or format_of(output) == "bmp":
        return None
    grid = grid_of(card) if card is not None else BicubicEngine.grid
    if grid.tile and tile is not None:
        grid = grid._replace(tile=tile)
    rows = _rows_at_once(grid, card, scale)
    if rows is None or rows * _ROWS_HELD >= outcome.size.height:
        return None
    values = outcome.size.width * (outcome.channels + outcome.alpha)
    held = _ROWS_HELD + outcome.alpha
    count = rows * values * outcome.dtype.itemsize * held
    if grid.overlap:
        # Blended in float32: the row, and what it is made from.
        count += rows * values * _FLOAT_BYTES * 2
    area = outcome.size.height * outcome.size.width
    return count + area * _HOLDING.get(str(format_of(output)), 0)


def _rows_at_once(grid: Grid, card: Card | None, scale: float) -> int | None:
    """Return the rows of a result that a row of tiles makes; None: all of them."""
    resampled = card is not None and scale != card.scale
    if not grid.tile or (grid.overlap and resampled):
        return None
    if grid.overlap:
        side = tile_side(grid)
    else:
        # Tiles at the border keep what they do not read beyond it; see `tiling`.
        side = up_to_multiple(grid.tile, grid.multiple) + 2 * grid.halo
    return int(side * scale) + 1


@dataclass
class StreamedPicture:
    """A picture of which the result is made by rows; see `pictures.predict_picture`.

    Args:
        predictor: Computes one array.
        picture: Not changed.
        bleed: As in `predict_picture`.
        bands: Whether the result is raw values, of which no metadata are kept.
        progress: Told of every tile of the colours.
        cancelled: Set it to stop at the next tile.
        target: Size of the result; None: the predictor's scale.
    """

    predictor: Predictor
    picture: Picture
    bleed: bool = True
    bands: bool = False
    progress: Progress | None = None
    cancelled: threading.Event | None = None
    target: TargetSize | None = None
    _colours: RowPass = field(init=False)
    _transparency: RowPass | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Prepare, without computing anything."""
        pixels, alpha = self.picture.pixels, self.picture.alpha
        if alpha is not None and self.bleed:
            pixels = bleed_wrapped(pixels, alpha, self.predictor.wrap)
        self._colours = self.predictor.by_rows(
            pixels,
            target=self.target,
            progress=self.progress,
            cancelled=self.cancelled,
        )
        translates = self.predictor.engine.translates
        if alpha is not None and not translates and constant_of(alpha) is None:
            self._transparency = self.predictor.by_rows(
                alpha, target=self.target, cancelled=self.cancelled
            )

    @property
    def form(self) -> Form:
        """What the result will be."""
        job, alpha = self._colours.job, self.picture.alpha
        return Form(
            Size(*job.shape[:2]),
            job.shape[2],
            np.dtype(job.dtype),
            alpha is not None and not self.bands,
            self._metadata(grey=job.shape[2] == 1),
        )

    @property
    def precision(self) -> str:
        """In which colours are computed."""
        return self._colours.job.precision

    def rows(self) -> Iterator[Array]:
        """Yield `(rows, width, channels)` from the top, transparency last.

        Raises:
            StartAgain: As `RowPass.rows` does.
            ImganError: As `Predictor.predict` does.
            Cancelled: As `Predictor.predict` does.
        """
        colours, alpha = self._colours.rows(), self.picture.alpha
        if alpha is None or self.bands:
            return colours
        if self._transparency is not None:
            return join_rows(colours, self._transparency.rows())
        return self._with_transparency(colours, alpha)

    def warnings(self) -> list[str]:
        """Return what the user should know, once all rows were made."""
        found = self._colours.job.warnings()
        if self._transparency is not None:
            told = self._transparency.job.warnings()
            found += [f"transparency: {line}" for line in told]
        return found

    def _with_transparency(
        self, colours: Iterator[Array], alpha: Array
    ) -> Iterator[Array]:
        """Put transparency beside colours that is constant, or of the same size."""
        constant, top = constant_of(alpha), 0
        translates = self.predictor.engine.translates
        for rows in colours:
            joined = np.empty((*rows.shape[:2], rows.shape[2] + 1), rows.dtype)
            joined[..., :-1] = rows
            if translates:
                joined[..., -1] = in_depth(alpha[top : top + len(rows)], rows.dtype)
            else:
                joined[..., -1] = constant
            top += len(rows)
            del rows
            yield joined
            del joined

    def _metadata(self, *, grey: bool) -> Metadata:
        if self.bands:
            return Metadata()
        metadata = self.picture.metadata
        if self.predictor.engine.translates:
            return translated_metadata(metadata, grey=grey)
        return replace(metadata)


def write_streamed(
    made: StreamedPicture, output: Path, *, quality: int, compression: int
) -> None:
    """Compute a picture and write it, both at once.

    Args:
        made: The picture.
        output: As of `io.rows.write_rows`.
        quality: As of `io.rows.write_rows`.
        compression: As of `io.rows.write_rows`.

    Raises:
        OutputError: If it cannot be written.
        ImganError: If it cannot be computed.
    """
    while True:
        try:
            write_rows(
                made.rows(),
                made.form,
                output,
                quality=quality,
                compression=compression,
                cancelled=made.cancelled,
            )
            return
        except StartAgain:
            continue
