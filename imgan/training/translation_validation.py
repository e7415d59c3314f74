"""Looking at a translation network while it trains."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from typing import NamedTuple
from typing import Protocol

import cv2
import numpy as np
import tensorflow as tf

from imgan.data.pixels import as_unit
from imgan.data.pixels import to_uint8
from imgan.errors import TrainingError
from imgan.inference.tiling import pad_to_multiple
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.metrics.translation import PairScores
from imgan.metrics.translation import mean_scores
from imgan.metrics.translation import score_pair
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.training.sheets import arrange
from imgan.types import Array
from imgan.types import from_range
from imgan.types import to_range

MOST_SIDE = 1024
"""Pixels of height and width that are looked at: networks are given pictures whole
here, and must not run out of memory over a photograph."""

# Longer side of a picture on the sample sheet, and pictures on it.
_SHEET_SIDE = 256
_SHEET_ROWS = 8
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


class Pairs(Protocol):
    """Held-out pairs, in memory or read one after the other."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Pair]: ...


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
        network, (height, width) = self._network, source.shape[:2]
        padded = pad_to_multiple(
            as_unit(source), network.size_multiple, network.minimum_size
        )
        images = to_range(padded, network.input_range)[np.newaxis]
        outputs = np.asarray(self._predict(images))[0]
        return np.asarray(from_range(outputs[:height, :width], network.output_range))


class Looked(NamedTuple):
    """A held-out pair as it was looked at, `(height, width, channels)`."""

    source: Array
    output: Array
    """Float32, clipped to `[0, 1]`."""
    target: Array
    """Float32, 0 and 1 its ends."""


def look_at_pairs(translate: Translator, pairs: Iterable[Pair]) -> Iterator[Looked]:
    """Translate held-out pairs one after the other, large ones by their centre.

    Raises:
        TrainingError: If an output is not finite.
    """
    for pair in pairs:
        source, target = centre(pair.source), as_unit(centre(pair.target))
        output = translate(source)
        if not np.isfinite(output).all():
            raise TrainingError(
                "The output of the network for a held-out picture is not finite. Lower "
                "the learning rates, or set training.precision=float32."
            )
        yield Looked(source, np.clip(output, 0.0, 1.0), target)


class TranslationValidator(Validator):
    """Scores of held-out pairs, and a sheet of samples.

    - `l1`: mean absolute difference, in units of `[-1, 1]` as in the papers.
    - `psnr`, `ssim`: means over pictures, on all channels; SSIM needs 11 pixels.

    For the watchdog there is `contrast`, the standard deviation relative to that of the
    truth. Of pictures larger than `MOST_SIDE` the centre is looked at.

    Args:
        network: Usually the moving average of the generator.
        pairs: Held-out pairs; empty: nothing is measured.
        run: Where samples go.
    """

    def __init__(self, network: Any, pairs: Pairs, run: RunFolder) -> None:
        self.pairs = pairs
        self.pictures = len(pairs)
        self.run = run
        self._translate = Translator(network)

    def __call__(self, step: int) -> Look:
        """Return the scores; write the sample sheet."""
        if not self.pictures:
            return Look({})
        rows: list[list[Array]] = []
        scores, contrasts = [], []
        try:
            for one in look_at_pairs(self._translate, self.pairs):
                if len(rows) < _SHEET_ROWS:
                    rows.append([_shown(picture) for picture in one])
                scores.append(score_pair(one.target, one.output))
                contrasts.append((_contrast(one.output), _contrast(one.target)))
        except TrainingError:
            return Look({"psnr": float("nan")})
        write_image(Picture(arrange(rows)), self.run.sample_sheet(step))
        return Look(_named(mean_scores(scores)), signs=_signs(contrasts))


def score_pairs(translate: Translator, pairs: Iterable[Pair]) -> dict[str, float]:
    """Return the scores of a network on held-out pairs, as the validator takes them.

    Raises:
        TrainingError: If an output is not finite.
    """
    looked = look_at_pairs(translate, pairs)
    return _named(mean_scores([score_pair(one.target, one.output) for one in looked]))


def _named(means: PairScores) -> dict[str, float]:
    return {name: v for name, v in asdict(means).items() if v is not None}


def sheet(rows: Sequence[Sequence[Array]]) -> Array:
    """Return pictures side by side as 8-bit RGB, white between and beside them."""
    return arrange([[_shown(pixels) for pixels in row] for row in rows])


def centre(pixels: Array) -> Array:
    """Return what is looked at of a picture: all, or the middle of a large one."""
    height, width = pixels.shape[:2]
    top, left = (max(0, (side - MOST_SIDE) // 2) for side in (height, width))
    return pixels[top : top + MOST_SIDE, left : left + MOST_SIDE]


def _signs(contrasts: Sequence[tuple[float, float]]) -> dict[str, float]:
    own, usual = np.sum(contrasts, axis=0)
    if usual <= _LEAST_CONTRAST * len(contrasts):
        return {}
    return {"contrast": float(own / usual)}


def _contrast(pixels: Array) -> float:
    planes = cv2.split(pixels)
    return float(np.mean([cv2.meanStdDev(plane)[1].item() for plane in planes]))


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
