"""Looking at a super-resolution network while it trains."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from imgan.bundles.grid import Grid
from imgan.data.pair_store import ImagePair
from imgan.data.pair_store import PairStore
from imgan.data.pixels import as_unit
from imgan.data.pixels import to_uint8
from imgan.data.resize import resize_bicubic
from imgan.inference.tiling import pad_to_multiple
from imgan.inference.tiling import plan_tiles
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.metrics.color import color_drift
from imgan.metrics.psnr import MOST_DECIBELS
from imgan.metrics.psnr import psnr
from imgan.metrics.sharpness import gradient_energy
from imgan.metrics.ssim import WINDOW
from imgan.metrics.ssim import ssim
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.training.sheets import arrange
from imgan.types import Array
from imgan.types import Size
from imgan.types import ValueRange
from imgan.types import dtype_peak
from imgan.types import to_range

# Side of a tile in low-resolution pixels, which bounds the memory for large pictures.
TILE = 512
# Largest side of a crop on the sample sheet, in high-resolution pixels.
SHEET_CROP = 192
# Pictures on the sheet.
_SHEET_ROWS = 6
# Contrast in levels of 255 under which all pictures together count as empty.
_LEAST_CONTRAST = 0.5


class _Reference(NamedTuple):
    """What one pair is compared with at every look."""

    bicubic_psnr: float
    contrast: float
    energy: float
    means: NDArray[np.float64]
    """Of input and truth, `(2, channels)` in levels of 255."""
    bicubic: Array
    """What the sheet shows of the enlargement."""


class _Output(NamedTuple):
    """What is kept of one output, which may be large."""

    psnr: float
    ssim: float | None
    """None: the picture is smaller than the window."""
    energy: float
    contrast: float
    color_drift: float
    means: NDArray[np.float64]
    """`(channels,)` in levels of 255."""
    row: list[Array]
    """Of the sheet."""


class SuperResolutionValidator(Validator):
    """Scores of whole held-out pictures, and a sheet of samples.

    Scores of pictures of three channels are on 8-bit luma; of others on all channels.

    - `psnr_y`, `ssim_y`, or `psnr`, `ssim`: means over pictures. SSIM needs 11 pixels.
    - `gain_over_bicubic`: decibels above MATLAB's bicubic enlargement of the input.
    - `sharpness`: energy of gradients, relative to that of the true pictures.
    - `color_drift`: largest difference of any picture's mean in any channel from that
      of its input, in levels of 255.

    For the watchdog there are `contrast`, the standard deviation relative to that of
    bicubic enlargements or of the truth, whichever is less, and `tint`: as
    `color_drift`, but only what lies outside the input's and the truth's.

    Args:
        network: Usually the moving average of the generator.
        pairs: Held-out twins, read one after another; empty: nothing is measured.
        scale: Ratio of high to low resolution.
        run: Where samples go.
        ranges: Value range of the network's input and output.
        halo: Input pixels on one side that an output pixel depends on, with which large
            pictures are enlarged in tiles; None: always whole.
    """

    def __init__(
        self,
        network: Any,
        pairs: Sequence[ImagePair] | PairStore,
        scale: int,
        run: RunFolder,
        ranges: tuple[ValueRange, ValueRange],
        halo: int | None = None,
    ) -> None:
        self.pairs = pairs
        self.pictures = len(pairs)
        self.scale = scale
        self.run = run
        self._ranges = ranges
        self._references: list[_Reference] = []
        tile, reach = (0, 0) if halo is None else (TILE, halo)
        sides = network.size_multiple, network.minimum_size
        self._grid = Grid(tile, reach, scale, *sides)
        channels = self._channels = network.input_shape[-1]
        self._predict: Callable[[Any], Any] = tf.function(
            lambda images: network(images, training=False),
            input_signature=[tf.TensorSpec((1, None, None, channels), tf.float32)],
        )

    def __call__(self, step: int) -> Look:
        """Return the scores; write the sample sheet."""
        outputs: list[_Output] = []
        for index in range(self.pictures):
            seen = self._look_at(index)
            if seen is None:
                return Look({self._name("psnr"): float("nan")})
            outputs.append(seen)
        if not outputs:
            return Look({})
        sheet = arrange([one.row for one in outputs[:_SHEET_ROWS]])
        write_image(Picture(sheet), self.run.sample_sheet(step))
        return Look(self._scores(outputs), signs=self._signs(outputs))

    def _look_at(self, index: int) -> _Output | None:
        """Return what is kept of an output; None if it is not finite."""
        pair = self.pairs[index]
        if index == len(self._references):
            self._references.append(self._reference(pair))
        output = self._enlarge(pair)
        if not np.isfinite(output).all():
            return None
        windowed = self._is_windowed(pair)
        row = [self._references[index].bicubic, _crop(output), _crop(pair.hr)]
        return _Output(
            psnr=_psnr(pair.hr, output, self.scale),
            ssim=_ssim(pair.hr, output, self.scale) if windowed else None,
            energy=_energy(output) if windowed else 0.0,
            contrast=_contrast(output),
            color_drift=color_drift(_levels(output), _levels(pair.lr)),
            means=_channel_means(output),
            row=row if index < _SHEET_ROWS else [],
        )

    def _scores(self, outputs: list[_Output]) -> dict[str, float]:
        decibels = _mean([one.psnr for one in outputs])
        scores = {self._name("psnr"): decibels}
        similarities = [one.ssim for one in outputs if one.ssim is not None]
        truth = sum(one.energy for one in self._references)
        if len(similarities) == len(outputs):
            scores[self._name("ssim")] = _mean(similarities)
            if truth > 0:
                scores["sharpness"] = sum(one.energy for one in outputs) / truth
        scores["color_drift"] = max(one.color_drift for one in outputs)
        bicubic = _mean([one.bicubic_psnr for one in self._references])
        scores["gain_over_bicubic"] = decibels - bicubic
        return scores

    def _signs(self, outputs: list[_Output]) -> dict[str, float]:
        tints = []
        for output, one in zip(outputs, self._references, strict=True):
            low, high = np.sort(one.means, axis=0)
            tints.append(np.max(np.maximum(output.means - high, low - output.means)))
        signs = {"tint": max(0.0, float(np.max(tints)))}
        usual = sum(one.contrast for one in self._references)
        if usual > _LEAST_CONTRAST * len(outputs):
            signs["contrast"] = sum(one.contrast for one in outputs) / usual
        return signs

    def _is_windowed(self, pair: ImagePair) -> bool:
        """Return whether a window of SSIM fits inside."""
        return min(pair.hr.shape[:2]) - 2 * self.scale >= WINDOW

    def _reference(self, pair: ImagePair) -> _Reference:
        bicubic = resize_bicubic(pair.lr, self.scale)
        means = np.stack([_channel_means(pair.lr), _channel_means(pair.hr)])
        return _Reference(
            bicubic_psnr=_psnr(pair.hr, bicubic, self.scale),
            contrast=min(_contrast(bicubic), _contrast(pair.hr)),
            energy=_energy(pair.hr) if self._is_windowed(pair) else 0.0,
            means=means,
            bicubic=_crop(bicubic),
        )

    def _enlarge(self, pair: ImagePair) -> Array:
        """Return the output in the dtype of the truth, float32 if it is not finite."""
        lr_range, (low, high) = self._ranges
        padded = pad_to_multiple(
            as_unit(pair.lr), self._grid.multiple, self._grid.minimum
        )
        pixels = to_range(padded, lr_range)
        outputs = np.empty(pair.hr.shape, np.float32)
        for tile in plan_tiles(Size(*pair.lr.shape[:2]), self._grid):
            made = np.asarray(self._predict(pixels[tile.read.slices()][None]))[0]
            outputs[tile.place.slices()] = made[tile.crop.slices()]
        peak = dtype_peak(pair.hr.dtype)
        scaled = (outputs - low) * np.float32(peak / (high - low))
        if pair.hr.dtype == np.float32 or not np.isfinite(scaled).all():
            return scaled
        return np.round(np.clip(scaled, 0, peak)).astype(pair.hr.dtype)

    def _name(self, metric: str) -> str:
        return f"{metric}_y" if self._channels == 3 else metric


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _levels(pixels: Array) -> Array:
    """Return pixels in levels of 255: uint8 as they are, others as float32."""
    if pixels.dtype == np.uint8:
        return pixels
    scaled: Array = pixels.astype(np.float32) * (255.0 / dtype_peak(pixels.dtype))
    return scaled


def _planes(pixels: Array) -> list[Array]:
    """Return what is scored: one RGB picture of 8 bits, or every channel."""
    if pixels.shape[2] == 3:
        return [to_uint8(pixels)]
    return list(np.moveaxis(_levels(pixels), 2, 0))


def _psnr(truth: Array, output: Array, border: int) -> float:
    if truth.shape[2] == 3:
        score = psnr(to_uint8(truth), to_uint8(output), crop_border=border)
    else:
        a, b = _levels(truth), _levels(output)
        score = psnr(a, b, crop_border=border, channel="rgb")
    return min(MOST_DECIBELS, score)


def _ssim(truth: Array, output: Array, border: int) -> float:
    pairs = zip(_planes(truth), _planes(output), strict=True)
    return _mean([ssim(a, b, crop_border=border) for a, b in pairs])


def _energy(pixels: Array) -> float:
    return _mean([gradient_energy(plane) for plane in _planes(pixels)])


def _contrast(pixels: Array) -> float:
    """Return the mean of the channels' standard deviations, in levels of 255."""
    planes = cv2.split(_levels(pixels))
    return _mean([float(cv2.meanStdDev(plane)[1].item()) for plane in planes])


def _channel_means(pixels: Array) -> NDArray[np.float64]:
    means: NDArray[np.float64] = np.mean(_levels(pixels), axis=(0, 1), dtype=np.float64)
    return means


def _crop(pixels: Array) -> Array:
    """Return the centre of a picture as 8-bit RGB."""
    height, width, channels = pixels.shape
    side = SHEET_CROP
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    # A copy: a view would keep the whole picture.
    crop = to_uint8(pixels[top : top + side, left : left + side]).copy()
    # Grey, or the first of many bands.
    return crop if channels == 3 else np.repeat(crop[..., :1], 3, axis=2)
