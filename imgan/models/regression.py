"""Training a generator against a target picture, without a discriminator."""

from typing import Any

import keras
import tensorflow as tf

from imgan.models.ema import GeneratorEMA


@keras.saving.register_keras_serializable(package="imgan")
class Regression(keras.Model):
    """Super-resolution by a pixel loss alone: the "PSNR-oriented" training.

    Args:
        generator: Network from low to high resolution.
        ema_decay: Decay of the moving average of its weights, see `GeneratorEMA`.

    Call arguments:
        images: Input of the generator.

    Returns:
        Output of the generator.

    Example:
        >>> from imgan.losses.pixel import PixelL1Loss
        >>> from imgan.networks.repsr import RepSR
        >>> model = Regression(RepSR(scale=2, num_filters=8, num_convs=1))
        >>> model.compile(keras.optimizers.Adam(1e-4), pixel_loss=PixelL1Loss())
    """

    def __init__(
        self, generator: keras.Model, ema_decay: float = 0.999, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.generator = generator
        self.ema_decay = ema_decay
        self._ema = GeneratorEMA(generator, ema_decay)
        self.ema_generator = self._ema.network
        self.loss_tracker = keras.metrics.Mean(name="generator_loss")
        self.norm_tracker = keras.metrics.Mean(name="generator_gradient_norm")
        self.built = True

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Run the generator."""
        return self.generator(images, training=training)

    def compile(
        self,
        generator_optimizer: Any,
        pixel_loss: keras.losses.Loss,
        **kwargs: Any,
    ) -> None:
        """Set the optimizer and the loss.

        Args:
            generator_optimizer: A Keras optimizer; wrapped for loss scaling if some
                layer of the generator computes in float16 and it is not yet.
            pixel_loss: Called with (target, prediction).
            **kwargs: Those of `keras.Model.compile`.
        """
        # None keeps Keras from creating an RMSprop of its own over all weights.
        super().compile(optimizer=None, **kwargs)
        half = any(layer.compute_dtype == "float16" for layer in self.generator.layers)
        if half and not _scales_loss(generator_optimizer):
            generator_optimizer = keras.optimizers.LossScaleOptimizer(
                generator_optimizer
            )
        self.generator_optimizer = generator_optimizer
        self.pixel_loss = pixel_loss
        # Built now, so that a checkpoint finds its slots before the first step.
        self.generator_optimizer.build(self.generator.trainable_variables)

    @property
    def metrics(self) -> list[Any]:
        """Everything that `train_step` reports."""
        return [self.loss_tracker, self.norm_tracker]

    def train_step(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take one step on a batch of `lr_images` and `hr_images`."""
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            sr_images = self.generator(data["lr_images"], training=True)
            loss = self.pixel_loss(data["hr_images"], sr_images)
            scaled_loss = self.generator_optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, variables)
        # Read before `apply`, which may change it.
        scale = self.generator_optimizer.scale_loss(tf.ones_like(loss))
        self.generator_optimizer.apply(gradients, variables)
        self._ema.update(self.generator_optimizer.iterations)
        self.loss_tracker.update_state(loss)
        self._track_norm(tf.linalg.global_norm(gradients) / scale)
        return {metric.name: metric.result() for metric in self.metrics}

    def _track_norm(self, norm: Any) -> None:
        if not _scales_loss(self.generator_optimizer):
            self.norm_tracker.update_state(norm)
            return
        # The optimizer skips such a step and lowers its scale: no failure of the run.
        finite = tf.math.is_finite(norm)
        self.norm_tracker.update_state(
            tf.where(finite, norm, 0.0), sample_weight=tf.cast(finite, tf.float32)
        )

    def training_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, by name, for `tf.train.Checkpoint`."""
        return {
            "generator": self.generator,
            "ema_generator": self.ema_generator,
            "generator_optimizer": self.generator_optimizer,
        }

    def get_compile_config(self) -> dict[str, Any]:
        """Return what a saved model is compiled with again; empty before `compile`."""
        if not self.compiled:
            return {}
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "pixel_loss": serialize(self.pixel_loss),
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        if config:
            self.compile(**keras.saving.deserialize_keras_object(config))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "ema_decay": self.ema_decay,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build the model from what `get_config` returned."""
        generator = keras.saving.deserialize_keras_object(config["generator"])
        return cls(generator, config["ema_decay"])


def _scales_loss(optimizer: Any) -> bool:
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
