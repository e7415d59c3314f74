"""One update of one or more networks, with loss scaling where one is in float16."""

from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import keras
import tensorflow as tf

from imgan.models.replicas import replica_count


class Update(NamedTuple):
    """What an update tells about itself, float32 scalars."""

    norm: Any
    """Global norm of the gradient, 0 where it is not finite and was skipped; of that on
    a replica's own share of the batch where there are several."""
    counted: Any
    """1, or 0 for a step that loss scaling has skipped."""


def with_loss_scaling(optimizer: Any, *networks: Any) -> Any:
    """Return the optimizer, wrapped if some layer of a network computes in float16.

    It is built on the weights of all networks, so that a checkpoint finds its slots
    before the first step.
    """
    layers = [layer for network in networks for layer in network.layers]
    half = any(layer.compute_dtype == "float16" for layer in layers)
    if half and not is_loss_scaled(optimizer):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(_trained(networks))
    return optimizer


def is_loss_scaled(optimizer: Any) -> bool:
    """Return whether the optimizer divides gradients by a scale of its own."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def update(optimizer: Any, tape: Any, scaled_loss: Any, *networks: Any) -> Update:
    """Apply the gradient of `optimizer.scale_loss(loss)` to the networks' weights."""
    variables = _trained(networks)
    gradients = tape.gradient(scaled_loss, variables)
    # Read before `apply`, which may change it.
    scale = optimizer.scale_loss(tf.ones(()))
    optimizer.apply(gradients, variables)
    # Keras' losses are divided by the number of replicas, whose gradients add up.
    norm = tf.linalg.global_norm(gradients) / scale * replica_count()
    if not is_loss_scaled(optimizer):
        return Update(norm, tf.ones(()))
    # The optimizer skips such a step and lowers its scale: no failure of the run.
    finite = tf.math.is_finite(norm)
    return Update(tf.where(finite, norm, 0.0), tf.cast(finite, tf.float32))


def _trained(networks: Sequence[Any]) -> list[Any]:
    return [v for network in networks for v in network.trainable_variables]
