"""What both memories of images have in common."""

from typing import Any

import keras
import tensorflow as tf


class Pool(keras.layers.Layer):
    """Keeps contents and fill level as weights that are not trained."""

    _count: Any

    def _state(self, name: str, shape: tuple[int, ...], dtype: str) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            dtype=dtype,
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    @property
    def count(self) -> Any:
        """How much is stored, an int32 scalar."""
        return tf.convert_to_tensor(self._count)
