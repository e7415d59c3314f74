"""Looking at a GAN while it trains: samples from fixed noise."""

from typing import Any

import numpy as np
import tensorflow as tf

from imgan.data.images import ImageStore
from imgan.data.images import as_uint8
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.metrics.distances import mean_pairwise_distance
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.types import Array

# Samples on the sheet: eight of each label, or a square without labels.
_COLUMNS = 8
# Labels that fit on a sheet.
_MOST_ROWS = 16
# Real pictures that the diversity of samples is measured against.
_REFERENCES = 512
# Numbers that tell whether the generator has changed.
_FINGERPRINT = 32


class GenerationValidator(Validator):
    """Diversity of samples from fixed noise, and a sheet of them.

    The sheet shows the moving average; diversity is that of the generator itself, which
    shows a collapse long before its average does.

    Args:
        model: With `generator` and `ema_generator`.
        images: Real pictures to compare with.
        run: Where sheets go.
        seed: Of the fixed latents.
    """

    def __init__(
        self, model: Any, images: ImageStore, run: RunFolder, *, seed: int
    ) -> None:
        generator = model.generator
        self.run = run
        self._generator = generator
        self._range = generator.output_range
        self.rows = min(generator.num_classes, _MOST_ROWS) or _COLUMNS
        self._labelled = bool(generator.num_classes)
        random = np.random.default_rng((seed, 2))
        self._inputs = _fixed_inputs(generator, self.rows, random)
        self._real_distance = _real_distance(images, self.rows, self._labelled, random)
        networks = (generator, model.ema_generator)
        self._draw = tf.function(
            lambda inputs: [network(inputs, training=False) for network in networks]
        )

    def __call__(self, step: int) -> Look:
        """Return `diversity`, 1 where samples differ as real pictures do.

        Real pictures that do not differ give nothing to compare with: no score.
        """
        live, average = (
            _unit(images, self._range) for images in self._draw(self._inputs)
        )
        _write_sheet(average, self.rows, self.run, step)
        scores = {}
        if self._real_distance:
            scores["diversity"] = self._distance(live) / self._real_distance
        return Look(scores, _fingerprint(self._generator))

    def _distance(self, images: Array) -> float:
        if not self._labelled:
            return mean_pairwise_distance(images)
        rows = images.reshape(self.rows, _COLUMNS, *images.shape[1:])
        return float(np.mean([mean_pairwise_distance(row) for row in rows]))


def _fixed_inputs(generator: Any, rows: int, random: np.random.Generator) -> Any:
    shape = (rows * _COLUMNS, generator.latent_dim)
    if generator.latent_distribution == "uniform":
        values = random.uniform(-1.0, 1.0, shape)
    else:
        values = random.standard_normal(shape)
    latents = tf.constant(values, tf.float32)
    if not generator.num_classes:
        return latents
    return [latents, tf.constant(np.repeat(np.arange(rows), _COLUMNS), tf.int32)]


def _real_distance(
    images: ImageStore, rows: int, labelled: bool, random: np.random.Generator
) -> float:
    """Mean distance of real pictures, within labels where there are any."""
    count = min(len(images), _REFERENCES)
    if not labelled:
        chosen = random.permutation(len(images))[:count]
        return _spread(as_uint8(images, chosen))
    labels = np.asarray(images.labels)
    groups = [np.flatnonzero(labels == label) for label in range(rows)]
    most = max(2, count // rows)
    spreads = [
        _spread(as_uint8(images, random.permutation(group)[:most]))
        for group in groups
        if len(group) > 1
    ]
    return float(np.mean(spreads)) if spreads else 0.0


def _spread(images: Array) -> float:
    return mean_pairwise_distance(images) if len(images) > 1 else 0.0


def _unit(images: Any, value_range: tuple[float, float]) -> Array:
    low, high = value_range
    return np.clip((np.asarray(images) - low) / (high - low), 0.0, 1.0)


def _fingerprint(generator: Any) -> list[float]:
    """Return a few sums over the trained weights.

    Not over samples: those of a generator that learns nothing still change with the
    moving statistics of its batch normalisation.
    """
    weights = generator.trainable_variables
    values = np.concatenate([np.asarray(weight).ravel() for weight in weights])
    parts = np.array_split(values * np.sin(np.arange(values.size)), _FINGERPRINT)
    return [float(part.sum()) for part in parts]


def _write_sheet(images: Array, rows: int, run: RunFolder, step: int) -> None:
    count, height, width, channels = images.shape
    columns = count // rows
    grid = images.reshape(rows, columns, height, width, channels)
    sheet = grid.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, -1)
    pixels = np.round(sheet * 255.0).astype(np.uint8)
    pixels = pixels[..., 0] if channels == 1 else pixels
    write_image(Picture(np.ascontiguousarray(pixels)), run.sample_sheet(step))
