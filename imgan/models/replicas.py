"""What a train step must know about the other replicas that take the same step."""

from typing import Any

import tensorflow as tf


def replica_count() -> int:
    """Return how many replicas share the global batch; 1 without a strategy."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def replica_mean(values: Any) -> Any:
    """Average a tensor over the replicas; differentiable, identity on one replica."""
    if replica_count() == 1:
        return values
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, values)


def replica_slice(values: Any, size: int | Any) -> Any:
    """Return this replica's `size` rows of what all replicas drew alike."""
    if replica_count() == 1:
        return values
    index = tf.distribute.get_replica_context().replica_id_in_sync_group
    return values[index * size : (index + 1) * size]
