"""Taking the stored statistics of batch normalisation anew at the end of a run."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from imgan.errors import TrainingError


def restate_statistics(network: Any, batches: Iterable[Any]) -> Any:
    """Return a network whose stored statistics are those of some batches.

    What a run has stored belongs to other weights than a moving average's, is weighted
    towards the last batches, and was taken while dropout changed what layers saw. At
    inference it is used with these weights and without dropout: so it is taken again
    that way, each batch counting alike. The variance is that of all values together:
    the mean of the batches' variances and the variance of their means.

    Args:
        network: A float32 network; not changed.
        batches: Inputs `(batch, height, width, channels)` in its range.

    Returns:
        The network itself if it has no batch normalisation.

    Raises:
        TrainingError: If there are no batches.
    """
    if not _layers(network):
        return network
    twin = network.variant()
    _switch_off_dropout(twin)
    layers = _layers(twin)
    for layer in layers:
        # The statistics of the batch replace what is stored.
        layer.momentum = 0.0
    observe = tf.function(lambda images: twin(images, training=True))
    sums = [np.zeros((2, layer.moving_mean.shape[0])) for layer in layers]
    count = 0
    for images in batches:
        observe(images)
        count += 1
        for total, layer in zip(sums, layers, strict=True):
            mean = _numbers(layer.moving_mean)
            total += [mean, _numbers(layer.moving_variance) + mean**2]
    if not count:
        raise TrainingError("There are no batches to take statistics from.")
    restated = network.variant()
    for total, layer in zip(sums, _layers(restated), strict=True):
        mean, squares = total / count
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(np.maximum(squares - mean**2, 0.0))
    return restated


def _switch_off_dropout(network: Any) -> None:
    """Make layers that change their inputs in training alone leave them as they are."""
    kinds = keras.layers
    dropping = kinds.Dropout | kinds.GaussianDropout | kinds.AlphaDropout
    for layer in network.layers:
        if isinstance(layer, dropping):
            layer.rate = 0.0
        elif isinstance(layer, kinds.GaussianNoise):
            layer.stddev = 0.0


def _layers(network: Any) -> list[Any]:
    kind = keras.layers.BatchNormalization
    return [layer for layer in network.layers if isinstance(layer, kind)]


def _numbers(variable: Any) -> Any:
    return keras.ops.convert_to_numpy(variable).astype(np.float64)
