"""Batch normalisation with a scale and an offset for each label."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalisation whose scale and offset are looked up by label.

    The form of [Dumoulin et al., 2017](https://arxiv.org/abs/1610.07629) that
    [Miyato & Koyama, 2018](https://arxiv.org/abs/1802.05637) put into their generator.
    Scales start at 1 and offsets at 0.

    Args:
        num_classes: Number of labels.
        momentum: Of the moving mean and variance.
        epsilon: Added to the variance.
        synchronized: Share the statistics among replicas; TensorFlow only.

    Call arguments:
        inputs: `[images, labels]`: `(batch, height, width, channels)` floats, and
            `(batch,)` int32 below `num_classes`.
        training: Use the statistics of the batch and update the moving ones.

    Returns:
        Same shape as the images, in the compute dtype.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.momentum = momentum
        self.epsilon = epsilon
        self.synchronized = synchronized
        self.norm = keras.layers.BatchNormalization(
            momentum=momentum,
            epsilon=epsilon,
            center=False,
            scale=False,
            synchronized=synchronized,
            dtype=self.dtype_policy,
            name="norm",
        )

    def build(self, input_shape: Any) -> None:
        """Create the tables of scales and offsets."""
        images_shape, _ = input_shape
        shape = (self.num_classes, images_shape[-1])
        self.norm.build(images_shape)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Normalise, then scale and shift each image by its label's values."""
        images, labels = inputs
        scale = ops.take(self.gamma, labels, axis=0)[:, None, None]
        offset = ops.take(self.beta, labels, axis=0)[:, None, None]
        return self.norm(images, training=training) * scale + offset

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the images."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "synchronized": self.synchronized,
        }
