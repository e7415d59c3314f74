"""Super-resolution with an adversarial loss, after a stage by a pixel loss alone."""

from collections.abc import Mapping
from typing import Any
from typing import Literal

import keras
import tensorflow as tf

from imgan.models.averages import Averages
from imgan.models.base import AdversarialModel
from imgan.models.base import Batch
from imgan.models.optimizers import update
from imgan.models.optimizers import with_loss_scaling
from imgan.models.replicas import replica_count
from imgan.models.step_degradation import StepDegradation

Stage = Literal["pixel", "adversarial"]

_PIXEL_NUMBERS = ("generator_pixel_loss", "generator_gradient_norm")


@keras.saving.register_keras_serializable(package="imgan")
class SRGAN(AdversarialModel):
    """SRGAN, ESRGAN and Real-ESRGAN: they differ in networks, losses and weights.

    [Ledig et al., 2017](https://arxiv.org/abs/1609.04802), section 2.2, and
    [Wang et al., 2018](https://arxiv.org/abs/1809.00219), section 3.2. The generator's
    loss is a weighted sum of a pixel loss, the adversarial loss and any of: losses
    that compare with the target (a perceptual distance, one of spectra, of colours, of
    texture), matching of the discriminator's features between an image and its own
    target, and the pixel loss where texture looks like an artefact.

    `stage` says what a step does. In `"pixel"` the generator alone learns, by the pixel
    loss with a weight of one and an optimizer of its own; an adversarial loss needs a
    generator that has been through it. Set it before `fit`, with `begin`.

    Arguments are those of `AdversarialModel`, and:

    Args:
        degradation: Makes low resolution within the step; None: the batch brings it.
            Not saved with the model.

    `train_step` takes a dict of float32 `(batch, height, width, channels)` in the
    generator's ranges: `lr_images`, `hr_images`, and `target_images` where losses on
    content shall compare with something sharper than what the discriminator sees.

    Example:
        >>> from imgan.losses.adversarial import NonSaturatingLoss
        >>> from imgan.losses.color import ColorLoss
        >>> from imgan.losses.pixel import PixelL1Loss
        >>> from imgan.networks.repsr import RepSR
        >>> from imgan.networks.unet_discriminator import UNetDiscriminator
        >>> model = SRGAN(RepSR(num_filters=8), UNetDiscriminator(num_filters=8))
        >>> model.compile(
        ...     generator_optimizer=keras.optimizers.Adam(1e-4),
        ...     discriminator_optimizer=keras.optimizers.Adam(1e-4),
        ...     generator_loss=NonSaturatingLoss("generator"),
        ...     discriminator_loss=NonSaturatingLoss("discriminator"),
        ...     pixel_loss=PixelL1Loss(),
        ...     pixel_optimizer=keras.optimizers.Adam(2e-4),
        ...     content_losses={"color": ColorLoss()},
        ...     weights={"pixel": 0.01, "color": 1.0, "adversarial": 0.005},
        ... )
    """

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        *,
        degradation: StepDegradation | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, **kwargs)
        self.degradation = degradation
        self.stage: Stage = "adversarial"
        self._pixel_numbers = Averages(_PIXEL_NUMBERS)

    def compile(  # type: ignore[override]
        self,
        generator_optimizer: Any,
        discriminator_optimizer: Any,
        generator_loss: Any,
        discriminator_loss: Any,
        *,
        pixel_loss: keras.losses.Loss,
        pixel_optimizer: Any,
        weights: Mapping[str, float],
        content_losses: Mapping[str, keras.losses.Loss] | None = None,
        artifacts: keras.losses.Loss | None = None,
        **kwargs: Any,
    ) -> None:
        """Set optimizers and losses.

        Args:
            generator_optimizer: As in `AdversarialModel`, of the adversarial stage.
            discriminator_optimizer: As in `AdversarialModel`.
            generator_loss: As in `AdversarialModel`.
            discriminator_loss: As in `AdversarialModel`.
            pixel_loss: Called with (target, output), in both stages.
            pixel_optimizer: A Keras optimizer, of the pixel stage.
            weights: Of `pixel`, `adversarial` and every other loss that is given, by
                name, in the adversarial stage.
            content_losses: By names of your choice, which the logs have as
                `generator_NAME_loss`; called with (target, output).
            artifacts: Of `imgan.losses.artifacts`, called with the target and a list of
                output and moving average's output.
            **kwargs: Those of `AdversarialModel.compile`; `feature_matching` must
                compare pairs.
        """
        self.pixel_loss, self.artifacts = pixel_loss, artifacts
        self.content_losses = dict(content_losses or {})
        self.weights_of_terms = dict(weights)
        if self.degradation is not None:
            kwargs["jit_compile"] = False
        super().compile(
            generator_optimizer,
            discriminator_optimizer,
            generator_loss,
            discriminator_loss,
            **kwargs,
        )
        self.pixel_optimizer = with_loss_scaling(pixel_optimizer, self.generator)

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the generator's loss terms beside the adversarial one."""
        artifacts = ("artifacts",) if self.artifacts else ()
        return ("pixel", *self.content_losses, *artifacts, *super().term_names)

    @property
    def metrics(self) -> list[Any]:
        """Everything that `train_step` reports, of both stages."""
        return [*super().metrics, self._pixel_numbers]

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the numbers of the stage: both stages use some names."""
        if self.stage == "pixel":
            return self._pixel_numbers.result()
        return self._step_metrics.results()

    def begin(self, stage: Stage) -> None:
        """Have the next `fit` train by another stage."""
        self.stage = stage
        # What was traced before does the other stage's step.
        self.train_function = None

    def train_step(self, data: Batch) -> dict[str, Any]:
        """Train by the stage that the model is in, on one batch."""
        if self.stage == "adversarial":
            return super().train_step(data)
        self.step.assign_add(1)
        self.random.begin(self.step)
        # No discriminator takes the other shares of this batch.
        *_, batch = self._shares(self.prepare(data))
        with tf.GradientTape() as tape:
            loss = self.pixel_loss(_target(batch), self.fake(batch))
            scaled_loss = self.pixel_optimizer.scale_loss(loss)
        done = update(self.pixel_optimizer, tape, scaled_loss, self.generator)
        self._ema.update(self.step)
        whole = loss * replica_count()
        self._pixel_numbers.update_state(
            {"generator_pixel_loss": whole, "generator_gradient_norm": done.norm},
            {"generator_gradient_norm": done.counted},
        )
        return self._pixel_numbers.result()

    def prepare(self, batch: Batch) -> Batch:
        """Degrade within the step where the workers have not."""
        if self.degradation is None:
            return batch
        return self.degradation(batch, self.step)

    def fake(self, batch: Batch) -> Any:
        """Enlarge the low-resolution images."""
        return self.generator(batch["lr_images"], training=True)

    def real(self, batch: Batch) -> Any:
        """Return the true images, never sharpened."""
        return batch["hr_images"]

    def generator_terms(self, batch: Batch, fake_images: Any) -> dict[str, Any]:
        """Return the generator's losses by name, weighted."""
        target, weights = _target(batch), self.weights_of_terms
        terms = {"pixel": self.pixel_loss(target, fake_images)}
        for name, loss in self.content_losses.items():
            terms[name] = loss(target, fake_images)
        if self.artifacts is not None:
            steady = self.ema_generator(batch["lr_images"], training=False)
            steady = tf.stop_gradient(steady)
            terms["artifacts"] = self.artifacts(target, [fake_images, steady])
        terms = {name: weights[name] * loss for name, loss in terms.items()}
        judged = super().generator_terms(batch, fake_images)
        judged["adversarial"] *= weights["adversarial"]
        return {**terms, **judged}

    def training_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, by name, for `tf.train.Checkpoint`."""
        state = super().training_state()
        state["pixel_optimizer"] = self.pixel_optimizer
        if self.degradation is not None:
            state["degradation"] = self.degradation.state()
        return state

    def get_compile_config(self) -> dict[str, Any]:
        """Return what a saved model is compiled with again; empty before `compile`."""
        config = super().get_compile_config()
        if not config:
            return {}
        names = ("pixel_loss", "pixel_optimizer", "content_losses", "artifacts")
        serialize = keras.saving.serialize_keras_object
        more = {name: serialize(getattr(self, name)) for name in names}
        return {**config, **more, "weights": self.weights_of_terms}


def _target(batch: Batch) -> Any:
    """Return what losses on content compare with."""
    return batch.get("target_images", batch["hr_images"])
