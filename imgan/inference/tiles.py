"""The tiles of one picture: read, compute, check, resample, put in place."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from functools import partial

import numpy as np

from imgan.errors import ImganError
from imgan.errors import TooLargeError
from imgan.inference.engines import Engine
from imgan.inference.graph import TileResult
from imgan.inference.resample import Resampler
from imgan.inference.symmetries import SYMMETRIES
from imgan.inference.symmetries import turn
from imgan.inference.symmetries import turn_back
from imgan.inference.symmetries import turn_region
from imgan.inference.tiling import Taps
from imgan.inference.tiling import Tile
from imgan.types import Array
from imgan.types import Region
from imgan.types import Size
from imgan.types import dtype_peak


@dataclass
class TileJob:
    """One picture on its way through an engine; tiles may run in any order."""

    engine: Engine
    size: Size
    """Of the picture with what is put around it, before padding."""
    pixels: Array
    """`(height, width, channels)`, padded to the multiple of the network."""
    precision: str
    resampler: Resampler | None
    shape: tuple[int, int, int]
    """Height, width and channels of the result."""
    dtype: str
    """Of the result."""
    window: tuple[Taps | None, Taps | None] = (None, None)
    """Rows and columns of the network's output that are the result; None: all."""
    ensemble: bool = False
    """Whether results are the mean over all symmetries of a tile."""
    raw: bool = False
    """Whether pixels are values of files with a meaning of their own."""
    compiled: bool = False
    """Whether it is large enough for layers to be compiled; see `kernels`."""
    redone: list[Region] = field(default_factory=list)
    black: list[Region] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What else the user should know."""

    def taps(self) -> Sequence[Taps | None]:
        """Return what `plan_tiles` must know of the result."""
        if self.resampler is None:
            return self.window
        return (self.resampler.rows, self.resampler.columns)

    def run(self, tile: Tile, result: Array, top: int = 0) -> None:
        """Compute one tile into the result.

        Args:
            tile: Which.
            result: `(rows, width, channels)`, all of the result or some of its rows.
            top: Which row of the result its first one is.

        Raises:
            ImganError: If its values are not numbers even in float32.
        """
        values = self.compute(tile, quantised=self.resampler is None)
        if self.resampler is not None:
            values = self.resampler(values, tile)
            values = quantise(values, self.dtype, raw=self.raw)
        place = tile.place._replace(top=tile.place.top - top)
        result[place.slices()] = values

    def compute(self, tile: Tile, *, quantised: bool) -> Array:
        """Return what the network makes of one tile, in the result's dtype or float32.

        Raises:
            ImganError: If its values are not numbers even in float32.
        """
        pixels = np.ascontiguousarray(self.pixels[tile.read.slices()])
        if self.ensemble:
            mean = self._mean(pixels, tile)
            if quantised:
                return quantise(mean, self.dtype, raw=self.raw)
            return mean
        made = self._healthy(pixels, tile.crop, tile, quantised)
        self.raw = made.raw
        return made.pixels

    def restart(self, note: str) -> None:
        """Forget the tiles that were computed, and note why.

        Args:
            note: For the user, instead of what was found in them.
        """
        self.redone.clear()
        self.black.clear()
        self.notes = [note]

    def warnings(self) -> list[str]:
        """Return what the user should know about the tiles."""
        found = list(self.notes)
        if self.redone:
            found.append(
                f"{len(set(self.redone))} tiles came out black or not finite in "
                f"{self.precision} and were computed again in float32"
            )
        if self.black:
            where = self.black[0]
            found.append(
                f"{len(set(self.black))} tiles are black although the picture is not, "
                f"the first at row {where.top}, column {where.left}"
            )
        return found

    def _mean(self, pixels: Array, tile: Tile) -> Array:
        """Return the mean of what the network makes of a tile, however it lies.

        Always added up in the same order: the result does not depend on the tile.
        """
        scale = self.engine.grid.scale
        output = Size(pixels.shape[0] * scale, pixels.shape[1] * scale)
        total = np.zeros((), np.float32)
        for symmetry in SYMMETRIES:
            turned = np.ascontiguousarray(turn(pixels, symmetry))
            crop = turn_region(tile.crop, output, symmetry)
            made = self._healthy(turned, crop, tile, quantised=False)
            self.raw = made.raw
            total = total + turn_back(made.pixels, symmetry)
        mean: Array = total * np.float32(1 / len(SYMMETRIES))
        return mean

    def _healthy(
        self, pixels: Array, crop: Region, tile: Tile, quantised: bool
    ) -> TileResult:
        run = partial(self.engine.run, quantise=quantised, compiled=self.compiled)
        made = run(pixels, crop, self.precision)
        exact = self.precision == "float32" or self.engine.precision is not None
        if (made.black or not made.finite) and not exact:
            again = run(pixels, crop, "float32")
            # Black in both: precision is not the reason, see `black`.
            if not (made.finite and again.finite and again.black):
                self.redone.append(tile.place)
            made = again
        if not made.finite:
            raise ImganError(
                f"Model {self.engine.name!r} gave values that are not numbers at row "
                f"{tile.place.top}, column {tile.place.left}. Check its weights "
                "(imgan inspect) and the picture"
            )
        if made.black:
            self.black.append(tile.place)
        return made


def quantise(values: Array, dtype: str, *, raw: bool = False) -> Array:
    """Return values in [0, 1] in a picture's dtype, clipped and rounded half up.

    Pixels that already have the dtype are only clipped. `raw` values are in the units
    of the files: floats stay as they are, others are clipped to what the dtype holds.
    """
    floats = dtype == "float32"
    if raw and floats:
        return values
    if values.dtype.name != dtype:
        peak = dtype_peak(dtype)
        levels = np.clip(values, 0, peak) if raw else np.clip(values, 0, 1) * peak
        return np.floor(levels + np.float32(0.5)).astype(dtype)
    return np.clip(values, 0, 1) if floats else values


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a smaller tile may help, here or on a server."""
    if isinstance(error, MemoryError | TooLargeError):
        return True
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(
        error, tensorflow.errors.ResourceExhaustedError
    )
