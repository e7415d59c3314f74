"""One update of one network, with loss scaling where it computes in float16."""

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


def with_loss_scaling(optimizer: Any, network: Any) -> Any:
    """Return the optimizer, wrapped if some layer of the network computes in float16.

    It is built on the network's weights, so that a checkpoint finds its slots before
    the first step.
    """
    half = any(layer.compute_dtype == "float16" for layer in network.layers)
    if half and not is_loss_scaled(optimizer):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(network.trainable_variables)
    return optimizer


def is_loss_scaled(optimizer: Any) -> bool:
    """Return whether the optimizer divides gradients by a scale of its own."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def update(optimizer: Any, tape: Any, scaled_loss: Any, network: Any) -> Update:
    """Apply the gradient of `optimizer.scale_loss(loss)` to a network's weights."""
    variables = network.trainable_variables
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
