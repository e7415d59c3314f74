"""Training a generator against a target picture, without a discriminator."""

from typing import Any

import keras
import tensorflow as tf

from imgan.models.averages import Averages
from imgan.models.base import seed_states
from imgan.models.ema import GeneratorEMA
from imgan.models.optimizers import update
from imgan.models.optimizers import with_loss_scaling
from imgan.models.replicas import replica_count
from imgan.models.step_degradation import StepDegradation


@keras.saving.register_keras_serializable(package="imgan")
class Regression(keras.Model):
    """Super-resolution by a pixel loss alone: the "PSNR-oriented" training.

    Args:
        generator: Network from low to high resolution.
        ema_decay: Decay of the moving average of its weights, see `GeneratorEMA`.
        degradation: Makes low resolution within the step; None: the batch brings it.
            Not saved with the model.

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
        self,
        generator: keras.Model,
        ema_decay: float = 0.999,
        *,
        degradation: StepDegradation | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.degradation = degradation
        self.generator = generator
        self.ema_decay = ema_decay
        self._ema = GeneratorEMA(generator, ema_decay)
        self.ema_generator = self._ema.network
        self._averages = Averages(["generator_loss", "generator_gradient_norm"])
        self.built = True

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Run the generator."""
        return self.generator(images, training=training)

    def compile(
        self,
        generator_optimizer: Any,
        pixel_loss: keras.losses.Loss,
        *,
        frequency: keras.losses.Loss | None = None,
        frequency_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        """Set the optimizer and the losses.

        Args:
            generator_optimizer: A Keras optimizer; wrapped for loss scaling if some
                layer of the generator computes in float16 and it is not yet.
            pixel_loss: Called with (target, prediction).
            frequency: The same, of `imgan.losses.frequency`, added to it.
            frequency_weight: Weight of that term.
            **kwargs: Those of `keras.Model.compile`.
        """
        if self.degradation is not None:
            kwargs["jit_compile"] = False
        # None keeps Keras from creating an RMSprop of its own over all weights.
        super().compile(optimizer=None, **kwargs)
        self.generator_optimizer = with_loss_scaling(
            generator_optimizer, self.generator
        )
        self.pixel_loss = pixel_loss
        self.frequency, self.frequency_weight = frequency, frequency_weight

    @property
    def metrics(self) -> list[Any]:
        """Everything that `train_step` reports."""
        return [self._averages]

    def train_step(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take one step on a batch of `lr_images` and `hr_images`.

        With `target_images`, the output is compared with those.
        """
        batch = self._prepared(data)
        target = batch.get("target_images", batch["hr_images"])
        with tf.GradientTape() as tape:
            sr_images = self.generator(batch["lr_images"], training=True)
            loss = self.pixel_loss(target, sr_images)
            if self.frequency is not None:
                loss += self.frequency_weight * self.frequency(target, sr_images)
            scaled_loss = self.generator_optimizer.scale_loss(loss)
        done = update(self.generator_optimizer, tape, scaled_loss, self.generator)
        self._ema.update(self.generator_optimizer.iterations)
        # Keras divides losses by the number of replicas.
        whole = loss * replica_count()
        self._averages.update_state(
            {"generator_loss": whole, "generator_gradient_norm": done.norm},
            {"generator_gradient_norm": done.counted},
        )
        return self._averages.result()

    def _prepared(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Degrade within the step where the workers have not."""
        if self.degradation is None:
            return batch
        return self.degradation(batch, self.generator_optimizer.iterations)

    def training_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, by name, for `tf.train.Checkpoint`."""
        state = {
            "generator": self.generator,
            "ema_generator": self.ema_generator,
            "generator_optimizer": self.generator_optimizer,
            # Imported networks may have dropout and noise.
            "seeds": seed_states(self.generator),
        }
        if self.degradation is not None:
            state["degradation"] = self.degradation.state()
        return state

    def get_compile_config(self) -> dict[str, Any]:
        """Return what a saved model is compiled with again; empty before `compile`."""
        if not self.compiled:
            return {}
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "pixel_loss": serialize(self.pixel_loss),
            "frequency": serialize(self.frequency),
            "frequency_weight": self.frequency_weight,
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
