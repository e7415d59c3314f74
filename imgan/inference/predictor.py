"""The predictor: a picture in, a picture out, of any size, tile by tile.

Example:
    >>> import imgan
    >>> enlarge = imgan.load("x4")                     # doctest: +SKIP
    >>> enlarge(photograph).shape                      # doctest: +SKIP
    (1600, 2400, 3)
"""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import numpy as np

from imgan.bundles.register import resolve
from imgan.errors import ImganError
from imgan.inference.colors import keep_colors as restore_colors
from imgan.inference.devices import parse_device
from imgan.inference.engines import BicubicEngine
from imgan.inference.engines import Engine
from imgan.inference.engines import NetworkEngine
from imgan.inference.engines import check_model
from imgan.inference.precision import choose_precision
from imgan.inference.resample import make_resampler
from imgan.inference.resample import result_size
from imgan.inference.streams import Cancelled
from imgan.inference.streams import Streams
from imgan.inference.tiles import TileJob
from imgan.inference.tiles import is_out_of_memory
from imgan.inference.tiling import Grid
from imgan.inference.tiling import Tile
from imgan.inference.tiling import pad_to_multiple
from imgan.inference.tiling import plan_tiles
from imgan.types import Array
from imgan.types import Size
from imgan.types import dtype_peak

Progress = Callable[[int, int], None]
"""Called after each tile with how many are done and how many there are."""

SMALLEST_TILE = 16


@dataclass
class Prediction:
    """A picture and how it was made."""

    pixels: Array
    precision: str
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Time spent in the network and on its tiles."""


class Predictor:
    """Turns pictures into pictures; holds no state of a call, so threads may share it.

    RGB order. `(height, width)` or `(height, width, channels)`, uint8, uint16 or
    float32 in [0, 1], in; the same dtype, each side times the scale, out. The result
    does not depend on the tile. Grey pictures stay grey through a network for colour.

    A model whose card has a `pixel_range` takes and gives raw values of its files, such
    as metres. Floats may lie beyond the range, on both sides, and are never clipped;
    integers are clipped to what their dtype holds.

    Args:
        engine: What computes tiles.
        tile: Side of a tile in input pixels, 0 for the whole picture; the card's by
            default.
        precision: auto, float32, bfloat16 or float16.
        scale: Result pixels per input pixel along one side; the network's by default.
        keep_colors: Give results the low frequencies of their input back; see `colors`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        tile: int | None = None,
        precision: str = "auto",
        scale: float | None = None,
        keep_colors: bool = False,
    ) -> None:
        if tile is not None and tile < 0:
            raise ValueError(f"tile must be 0 or more pixels. Received: tile={tile}")
        if scale is not None and not scale > 0:
            raise ValueError(f"scale must be above 0. Received: scale={scale}")
        choose_precision(precision, "uint8", engine.device)
        self.engine = engine
        self.precision = precision
        self.scale = engine.default_scale if scale is None else scale
        self.keep_colors = keep_colors
        self._tile = engine.grid.tile if tile is None else tile
        self._streams = Streams(engine.streams)

    @classmethod
    def load(
        cls,
        model: str | Path = "x4",
        *,
        tile: int | None = None,
        precision: str = "auto",
        scale: float | None = None,
        device: str = "auto",
        fidelity: float | None = None,
        keep_colors: bool = False,
    ) -> "Predictor":
        """Return a predictor for a shipped name, a bundle, a run folder or "bicubic".

        Args:
            model: What `--model` takes.
            tile: As in the constructor.
            precision: As in the constructor.
            scale: As in the constructor.
            device: auto, cpu, gpu or gpu:0,1.
            fidelity: For an adversarial model with a partner: 0 is the model itself,
                1 the pixel-loss model; between them, weights are interpolated.
            keep_colors: As in the constructor.

        Raises:
            UnknownModelError: If there is no such model, or its partner is missing.
            CheckpointError: If its files cannot be used.
            UsageError: If the model draws from noise, or what is asked for is not
                possible with it or here.
        """
        parse_device(device)
        engine: Engine
        card = check_model(str(model), fidelity, keep_colors=keep_colors)
        if card is None:
            engine, precision = BicubicEngine(), "float32"
        else:
            folder = resolve(str(model))
            engine = NetworkEngine.from_bundle(folder, card, device, fidelity)
        return cls(
            engine,
            tile=tile,
            precision=precision,
            scale=scale,
            keep_colors=keep_colors,
        )

    @property
    def tile(self) -> int:
        """Side of a tile now; it shrinks for good when memory runs out."""
        return self._tile

    def __call__(self, image: Array, scale: float | None = None) -> Array:
        """Return the picture enlarged.

        Args:
            image: `(height, width)` or `(height, width, channels)`, uint8, uint16 or
                float32 in [0, 1].
            scale: Instead of the predictor's own.

        Returns:
            `(ceil(height * scale), ceil(width * scale)[, channels])`, same dtype.
        """
        return self.predict(image, scale).pixels

    def result_size(self, size: Size, scale: float | None = None) -> Size:
        """Return the size that a picture of some size comes out with."""
        return result_size(size, self.scale if scale is None else scale)

    def precision_for(self, dtype: str) -> str:
        """Return the precision for pictures of a dtype, by rule."""
        return choose_precision(self.precision, dtype, self.engine.device)

    def predict(
        self,
        image: Array,
        scale: float | None = None,
        *,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
        keep_colors: bool | None = None,
    ) -> Prediction:
        """Enlarge a picture and say how it went.

        Args:
            image: As in a call.
            scale: Instead of the predictor's own.
            keep_colors: Instead of the predictor's own.
            progress: Told of every tile, from the threads that compute them.
            cancelled: Set it to stop at the next tile.

        Raises:
            ImganError: If the network's values are not numbers even in float32, or
                memory does not suffice for a tile of 16 pixels.
            Cancelled: If `cancelled` was set.
        """
        image = _checked(image)
        started = time.perf_counter()
        precision = self.precision_for(image.dtype.name)
        scale = self.scale if scale is None else scale
        job = self._job(image, scale, precision)
        done: list[Tile] = []
        while True:
            tile = self._tile
            try:
                self._compute(job, tile, done, progress, cancelled)
                break
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(tile, job.size, error)
        if self.keep_colors if keep_colors is None else keep_colors:
            source = image.reshape(*job.size, -1)
            restore_colors(source, job.result, raw=job.raw, out=job.result)
        pixels = job.result if image.ndim == 3 else job.result[..., 0]
        seconds = time.perf_counter() - started
        return Prediction(pixels, precision, job.warnings(), seconds)

    def _job(self, image: Array, scale: float, precision: str) -> TileJob:
        size = Size(*image.shape[:2])
        pixels = image.reshape(*size, -1)
        grid = self.engine.grid
        resampler = make_resampler(size, scale, grid.scale)
        channels = self.engine.channels(pixels.shape[2])
        return TileJob(
            engine=self.engine,
            size=size,
            pixels=pad_to_multiple(pixels, grid.multiple),
            precision=precision,
            resampler=resampler,
            result=np.empty((*result_size(size, scale), channels), image.dtype),
        )

    def _compute(
        self,
        job: TileJob,
        tile: int,
        done: list[Tile],
        progress: Progress | None,
        cancelled: threading.Event | None,
    ) -> None:
        tiles = plan_tiles(job.size, self._grid(tile), *job.taps())
        # After memory ran out, what larger tiles had finished is not computed again.
        left = [one for one in tiles if not _covered(one, done)]
        finished = itertools.count(len(tiles) - len(left) + 1)

        def work(one: Tile) -> None:
            job.run(one)
            done.append(one)
            if progress:
                progress(next(finished), len(tiles))

        self._streams.map(work, left, cancelled)

    def _grid(self, tile: int) -> Grid:
        grid = self.engine.grid
        # A network that sees the whole picture has no tile, whatever is asked for.
        return grid._replace(tile=tile) if grid.tile else grid

    def _shrink(self, tile: int, size: Size, error: BaseException) -> None:
        whole = max(size)
        used = min(tile, whole) if tile else whole
        if used // 2 < SMALLEST_TILE or not self.engine.grid.tile:
            raise ImganError(
                f"Out of memory with tiles of {used} pixels, and no smaller one is "
                "possible. Close other programs or use a smaller picture"
            ) from error
        self._tile = min(self._tile or whole, used // 2)


def _covered(tile: Tile, done: list[Tile]) -> bool:
    place = tile.place
    return any(
        other.place.top <= place.top
        and other.place.left <= place.left
        and other.place.bottom >= place.bottom
        and other.place.right >= place.right
        for other in done
    )


def _checked(image: Array) -> Array:
    image = np.asarray(image)
    dtype_peak(image.dtype)
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(
            "image must be a non-empty (height, width) or (height, width, channels) "
            f"array. Received shape {image.shape}"
        )
    return image


__all__ = ["Cancelled", "Prediction", "Predictor", "Progress"]
