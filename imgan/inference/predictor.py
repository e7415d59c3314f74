"""The predictor: a picture in, a picture out, of any size, tile by tile.

Example:
    >>> import imgan
    >>> enlarge = imgan.load("x4")                     # doctest: +SKIP
    >>> enlarge(photograph).shape                      # doctest: +SKIP
    (1600, 2400, 3)
"""

import threading
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import numpy as np

from imgan.bundles.register import resolve
from imgan.errors import UsageError
from imgan.inference.colors import keep_colors as restore_colors
from imgan.inference.devices import parse_device
from imgan.inference.eligibility import check_model
from imgan.inference.engines import BicubicEngine
from imgan.inference.engines import Engine
from imgan.inference.engines import NetworkEngine
from imgan.inference.passes import Progress
from imgan.inference.passes import TileChoice
from imgan.inference.passes import compute_picture
from imgan.inference.precision import choose_precision
from imgan.inference.remote import open_engine
from imgan.inference.resample import make_layout
from imgan.inference.row_pass import RowPass
from imgan.inference.servers import is_server
from imgan.inference.sizing import Scaling
from imgan.inference.sizing import TargetSize
from imgan.inference.sizing import scaled_by
from imgan.inference.streams import Cancelled
from imgan.inference.streams import Streams
from imgan.inference.tiles import TileJob
from imgan.inference.tiling import pad_to_multiple
from imgan.inference.treatment import Treatment
from imgan.inference.treatment import check_treatment
from imgan.inference.wrapping import check_wrap
from imgan.inference.wrapping import surround
from imgan.inference.wrapping import wrapped_axes
from imgan.types import Array
from imgan.types import Size
from imgan.types import dtype_peak

_WORTH_COMPILING = 0.13
"""Megapixels of a picture from which on `kernels` pay for being compiled."""


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

    A model for translation gives pictures of the same size with its own channels, of
    the dtype and the units that `kinds` reads off its card. Grey is repeated for a
    network that takes colour, and colour becomes luma for one that takes grey. Whether
    its tiles show is what `describe_tiles` says.

    Args:
        engine: What computes tiles.
        tile: Side of a tile in input pixels, 0 for the whole picture; the card's by
            default.
        precision: auto, float32, bfloat16 or float16.
        scale: Result pixels per input pixel along one side; the network's by default.
        keep_colors: Give results the low frequencies of their input back; see `colors`.
        tta: Return the mean over the eight symmetries of a picture, for eight times the
            time; see `symmetries`.
        wrap: "none", or "x", "y", "both": where the picture goes on at its other side;
            see `wrapping`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        tile: int | None = None,
        precision: str = "auto",
        scale: float | None = None,
        keep_colors: bool = False,
        tta: bool = False,
        wrap: str = "none",
    ) -> None:
        if tile is not None and tile < 0:
            raise ValueError(f"tile must be 0 or more pixels. Received: tile={tile}")
        if scale is not None and not scale > 0:
            raise ValueError(f"scale must be above 0. Received: scale={scale}")
        choose_precision(precision, "uint8", engine.device, engine.precision)
        self.engine = engine
        self.precision = precision
        self.scale = self._scale_of(scale, engine.default_scale)
        self.keep_colors = keep_colors
        check_wrap(wrap)
        self.tta = tta
        self.wrap = wrap
        self._tiles = TileChoice(engine.grid, tile)
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
        stochastic: bool = False,
        seed: int = 0,
        timeout: float | None = None,
        tta: bool = False,
        wrap: str = "none",
    ) -> "Predictor":
        """Return a predictor for what `--model` takes, such as a name or a folder.

        Args:
            model: A shipped name, "bicubic", the path of a bundle, a run folder or an
                exported SavedModel, or the address of one on a server, such as
                "grpc://host:8500/x4".
            tile: As in the constructor.
            precision: As in the constructor.
            scale: As in the constructor.
            device: auto, cpu, gpu or gpu:0,1.
            fidelity: For an adversarial model with a partner: 0 is the model itself,
                1 the pixel-loss model; between them, weights are interpolated.
            keep_colors: As in the constructor.
            stochastic: Leave dropout on, the noise of pix2pix' generator; without it a
                result is the network's own, the same in every call.
            seed: Of that noise: the same seed gives the same result, whatever was
                computed before.
            timeout: Seconds that a server may take for a tile; 60 by default.
            tta: As in the constructor; not for translation, nor for "bicubic".
            wrap: As in the constructor; not for a network that sees the whole picture.

        Raises:
            UnknownModelError: If there is no such model, or its partner is missing.
            ServerError: If it is on a server that does not answer.
            CheckpointError: If its files cannot be used.
            UsageError: If the model draws from noise, or what is asked for is not
                possible with it or here.
        """
        parse_device(device)
        engine: Engine
        card = check_model(
            str(model),
            fidelity,
            keep_colors=keep_colors,
            stochastic=stochastic,
            device=device,
            precision=precision,
            timeout=timeout,
        )
        check_treatment(
            Treatment(tta=tta, wrap=wrap),
            card,
            stochastic=stochastic,
            keep_colors=keep_colors,
        )
        if card is None:
            engine, precision = BicubicEngine(), "float32"
        elif is_server(str(model)):
            engine = open_engine(str(model), card, timeout)
        else:
            folder = resolve(str(model))
            noise_seed = seed if stochastic else None
            engine = NetworkEngine.from_folder(
                folder, card, device, fidelity, noise_seed
            )
        return cls(
            engine,
            tile=tile,
            precision=precision,
            scale=scale,
            keep_colors=keep_colors,
            tta=tta,
            wrap=wrap,
        )

    @property
    def tile(self) -> int:
        """Side of a tile now; it shrinks for good when memory runs out."""
        return self._tiles.tile

    def __call__(self, image: Array, scale: float | None = None) -> Array:
        """Return the picture enlarged or translated.

        Args:
            image: `(height, width)` or `(height, width, channels)`, uint8, uint16 or
                float32 in [0, 1].
            scale: Instead of the predictor's own.

        Returns:
            `(ceil(height * scale), ceil(width * scale)[, channels])`, same dtype; of a
            translation its own channels and dtype.
        """
        return self.predict(image, scale).pixels

    def result_size(self, size: Size, scale: float | None = None) -> Size:
        """Return the size that a picture of some size comes out with."""
        return scaled_by(size, self._scale_of(scale, self.scale)).size

    def precision_for(self, dtype: str) -> str:
        """Return the precision for pictures of a dtype, by rule."""
        made = self.engine.dtype(dtype)
        deeper = dtype if made == "uint8" else made
        only = self.engine.precision
        return choose_precision(self.precision, deeper, self.engine.device, only)

    def describe_tiles(self) -> str:
        """Return in a sentence how pictures are tiled, and what it means for them."""
        return self._tiles.describe()

    def tiles_matter(self, size: Size) -> bool:
        """Return whether what `describe_tiles` says is about a picture of some size."""
        return self._tiles.matters(size)

    def predict(
        self,
        image: Array,
        scale: float | None = None,
        *,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
        keep_colors: bool | None = None,
        target: TargetSize | None = None,
    ) -> Prediction:
        """Enlarge a picture and say how it went.

        Args:
            image: As in a call.
            scale: Instead of the predictor's own.
            keep_colors: Instead of the predictor's own.
            progress: Told of every tile, from the threads that compute them.
            cancelled: Set it to stop at the next tile.
            target: The size that the result shall have, instead of a scale.

        Raises:
            OutputError: If a target cannot be reached.
            UsageError: If a target cuts what `keep_colors` or `wrap` need whole.
            ImganError: If the network's values are not numbers even in float32, or
                memory does not suffice for the smallest tile.
            Cancelled: If `cancelled` was set.
        """
        image = _checked(image)
        started = time.perf_counter()
        keep_colors = self.keep_colors if keep_colors is None else keep_colors
        if target is not None:
            target.check_whole(keep_colors=keep_colors, wrap=self.wrap)
        job = self._job(image, self._scaling(image, scale, target))
        result = compute_picture(job, self._tiles, self._streams, progress, cancelled)
        if keep_colors:
            source = image.reshape(*image.shape[:2], -1)
            restore_colors(source, result, raw=job.raw, out=result)
        flat = image.ndim == 2 and job.shape[2] == 1
        pixels = result[..., 0] if flat else result
        seconds = time.perf_counter() - started
        return Prediction(pixels, job.precision, job.warnings(), seconds)

    def by_rows(
        self,
        image: Array,
        scale: float | None = None,
        *,
        target: TargetSize | None = None,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> RowPass:
        """Return the result of `predict` by rows, of which none are kept.

        Colours are not kept as `keep_colors` says: that takes the whole result.

        Args:
            image: As in a call.
            scale: As in `predict`.
            target: As in `predict`.
            progress: As in `predict`.
            cancelled: As in `predict`.
        """
        image = _checked(image)
        if target is not None:
            target.check_whole(keep_colors=False, wrap=self.wrap)
        job = self._job(image, self._scaling(image, scale, target))
        return RowPass(job, self._tiles, self._streams, progress, cancelled)

    def _scale_of(self, scale: float | None, default: float) -> float:
        if scale is None or scale == default:
            return default
        if self.engine.translates:
            raise UsageError(
                f"Model {self.engine.name!r} keeps the size of pictures. "
                f"Received: --scale {scale:g}. Leave it out"
            )
        return scale

    def _scaling(
        self, image: Array, scale: float | None, target: TargetSize | None
    ) -> Scaling:
        size = Size(*image.shape[:2])
        if target is None:
            return scaled_by(size, self._scale_of(scale, self.scale))
        if self.engine.translates:
            raise UsageError(
                f"Model {self.engine.name!r} keeps the size of pictures. Received: a "
                "target size. Leave it out"
            )
        return target.scaling(size)

    def _job(self, image: Array, scaling: Scaling) -> TileJob:
        precision = self.precision_for(image.dtype.name)
        size = Size(*image.shape[:2])
        pixels = image.reshape(*size, -1)
        grid = self.engine.grid
        layout = make_layout(size, scaling, grid, wrapped_axes(self.wrap))
        prepared = surround(self.engine.prepare(pixels), *layout.margins)
        job = TileJob(
            engine=self.engine,
            size=Size(*prepared.shape[:2]),
            pixels=pad_to_multiple(prepared, grid.multiple, grid.minimum),
            precision=precision,
            resampler=layout.resampler,
            shape=(*scaling.size, self.engine.channels(pixels.shape[2])),
            dtype=self.engine.dtype(image.dtype.name),
            compiled=size.megapixels >= _WORTH_COMPILING,
            window=layout.window,
            ensemble=self.tta,
        )
        if self.engine.precision not in (None, "float32") and image.dtype != np.uint8:
            job.notes.append(
                f"computed in {precision}, which is all that the export has; 16 bits "
                "and floats want one in float32"
            )
        return job


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
