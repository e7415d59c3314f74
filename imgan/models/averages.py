"""The numbers of a train step, averaged between two log lines."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


class Averages(keras.metrics.Metric):
    """Means of several named scalars, kept in one vector.

    A `keras.metrics.Mean` for each would do the same with ten times the operations,
    which small networks notice.

    Args:
        names: What is averaged.
    """

    def __init__(self, names: Sequence[str], name: str = "averages") -> None:
        super().__init__(name=name, dtype="float32")
        self.names = tuple(names)
        shape = (len(self.names),)
        self.totals = self.add_variable(shape, "zeros", name="totals")
        self.counts = self.add_variable(shape, "zeros", name="counts")

    def update_state(
        self, values: Mapping[str, Any], weights: Mapping[str, Any] | None = None
    ) -> None:
        """Add one value of each name.

        Args:
            values: Scalars; all names must be there, others are left out.
            weights: Weights of some of them, 1 for the others. A value of weight 0 is
                left out even if it is not finite.
        """
        weights = weights or {}
        one = tf.ones(())
        scalars = tf.stack([tf.cast(values[name], tf.float32) for name in self.names])
        weight = tf.stack(
            [tf.cast(weights.get(name, one), tf.float32) for name in self.names]
        )
        # NaN times zero is NaN.
        self.totals.assign_add(tf.where(weight > 0, scalars * weight, 0.0))
        self.counts.assign_add(weight)

    def result(self) -> dict[str, Any]:
        """Return the mean of each name; 0 for what was never counted."""
        means = tf.math.divide_no_nan(
            tf.convert_to_tensor(self.totals), tf.convert_to_tensor(self.counts)
        )
        return dict(zip(self.names, tf.unstack(means), strict=True))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"names": list(self.names), "name": self.name}
