"""Looking at a translation network while it trains."""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from typing import Protocol

import cv2
import numpy as np
import tensorflow as tf

from imgan.data.pixels import as_unit
from imgan.data.pixels import to_uint8
from imgan.inference.tiling import pad_to_multiple
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.metrics.translation import mean_scores
from imgan.metrics.translation import score_pair
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.types import Array
from imgan.types import from_range
from imgan.types import to_range

# Longer side of a picture on the sample sheet, and pictures on it.
_SHEET_SIDE = 256
_SHEET_ROWS = 8
_SHEET_GAP = 2
# Contrast in [0, 1] under which all true pictures together count as empty.
_LEAST_CONTRAST = 0.002


class Pair(Protocol):
    """A held-out pair, `(height, width, channels)` in the depth of its files."""

    @property
    def source(self) -> Array:
        """What the network is given."""
        ...

    @property
    def target(self) -> Array:
        """The truth."""
        ...


class Translator:
    """Runs a network on single pictures of any size.

    Args:
        network: Of translation.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        channels = network.input_shape[-1]
        self._predict: Callable[[Any], Any] = tf.function(
            lambda images: network(images, training=False),
            input_signature=[tf.TensorSpec((1, None, None, channels), tf.float32)],
        )

    def __call__(self, source: Array) -> Array:
        """Return the output, `(height, width, channels)` float32, 0 and 1 its ends.

        Not clipped, so that what is not finite stays so.
        """
        network = self._network
        least = max(network.size_multiple, network.minimum_size)
        unit = as_unit(source)
        height, width = unit.shape[:2]
        padded = pad_to_multiple(_at_least(unit, least), network.size_multiple)
        images = to_range(padded, network.input_range)[np.newaxis]
        outputs = np.asarray(self._predict(images))[0]
        return np.asarray(from_range(outputs[:height, :width], network.output_range))


class TranslationValidator(Validator):
    """Scores of whole held-out pairs, and a sheet of samples.

    - `l1`: mean absolute difference, in units of `[-1, 1]` as in the papers.
    - `psnr`, `ssim`: means over pictures, on all channels; SSIM needs 11 pixels.

    For the watchdog there is `contrast`, the standard deviation relative to that of the
    truth.

    Args:
        network: Usually the moving average of the generator.
        pairs: Held-out pairs; empty: nothing is measured.
        run: Where samples go.
    """

    def __init__(self, network: Any, pairs: Sequence[Pair], run: RunFolder) -> None:
        self.pairs = pairs
        self.pictures = len(pairs)
        self.run = run
        self._translate = Translator(network)

    def __call__(self, step: int) -> Look:
        """Return the scores; write the sample sheet."""
        if not self.pairs:
            return Look({})
        outputs = [self._translate(pair.source) for pair in self.pairs]
        if not all(np.isfinite(output).all() for output in outputs):
            return Look({"psnr": float("nan")})
        outputs = [np.clip(output, 0.0, 1.0) for output in outputs]
        rows = [
            [pair.source, output, pair.target]
            for pair, output in zip(self.pairs[:_SHEET_ROWS], outputs, strict=False)
        ]
        write_image(Picture(sheet(rows)), self.run.sample_sheet(step))
        targets = [as_unit(pair.target) for pair in self.pairs]
        return Look(score(targets, outputs), signs=_signs(targets, outputs))


def score_pairs(translate: Translator, pairs: Sequence[Pair]) -> dict[str, float]:
    """Return the scores of a network on held-out pairs, as the validator takes them."""
    outputs = [np.clip(translate(pair.source), 0.0, 1.0) for pair in pairs]
    return score([as_unit(pair.target) for pair in pairs], outputs)


def score(targets: Sequence[Array], outputs: Sequence[Array]) -> dict[str, float]:
    """Return mean `l1`, `psnr` and `ssim` of pictures of float32 in `[0, 1]`."""
    pairs = zip(targets, outputs, strict=True)
    means = asdict(mean_scores([score_pair(*pair) for pair in pairs]))
    return {name: value for name, value in means.items() if value is not None}


def sheet(rows: Sequence[Sequence[Array]]) -> Array:
    """Return pictures side by side as 8-bit RGB, white between and beside them."""
    cells = [[_shown(pixels) for pixels in row] for row in rows]
    flat = [cell for row in cells for cell in row]
    height = max(cell.shape[0] for cell in flat) + _SHEET_GAP
    width = max(cell.shape[1] for cell in flat) + _SHEET_GAP
    lines = [
        np.concatenate([_framed(cell, height, width) for cell in row], axis=1)
        for row in cells
    ]
    return np.concatenate(lines)[:-_SHEET_GAP, :-_SHEET_GAP]


def _signs(targets: Sequence[Array], outputs: Sequence[Array]) -> dict[str, float]:
    usual = sum(map(_contrast, targets))
    if usual <= _LEAST_CONTRAST * len(targets):
        return {}
    return {"contrast": sum(map(_contrast, outputs)) / usual}


def _at_least(image: Array, side: int) -> Array:
    missing = [max(0, side - length) for length in image.shape[:2]]
    if not any(missing):
        return image
    return np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _contrast(pixels: Array) -> float:
    return _mean(
        [float(cv2.meanStdDev(plane)[1].item()) for plane in cv2.split(pixels)]
    )


def _shown(pixels: Array) -> Array:
    """Return a picture as 8-bit RGB that fits into a cell."""
    channels = pixels.shape[2]
    # The last of several frames; grey, or the first of many bands.
    shown = pixels[..., -3:] if channels % 3 == 0 else pixels[..., :1]
    shown = to_uint8(np.ascontiguousarray(shown))
    height, width = shown.shape[:2]
    ratio = _SHEET_SIDE / max(height, width)
    if ratio < 1.0:
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        shown = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
        shown = shown.reshape(size[1], size[0], -1)
    return np.repeat(shown, 3, axis=2) if shown.shape[2] == 1 else shown


def _framed(cell: Array, height: int, width: int) -> Array:
    below, beside = height - cell.shape[0], width - cell.shape[1]
    return np.pad(cell, ((0, below), (0, beside), (0, 0)), constant_values=255)
