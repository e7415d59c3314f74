"""Paired translation: a conditional adversarial loss beside losses on content."""

from collections.abc import Mapping
from typing import Any

import keras

from imgan.models.base import AdversarialModel
from imgan.models.base import Batch


@keras.saving.register_keras_serializable(package="imgan")
class Pix2Pix(AdversarialModel):
    """pix2pix and pix2pixHD: they differ in networks, losses and weights.

    [Isola et al., 2017](https://arxiv.org/abs/1611.07004), section 3.1, and
    [Wang et al., 2018](https://arxiv.org/abs/1711.11585), section 3. The discriminator
    judges a picture together with its source, so the generator must make what is
    plausible *for that source*. Its loss is a weighted sum of the adversarial loss, a
    pixel loss and, if given, a perceptual distance and matching of the discriminator's
    features between an output and its own target.

    In contrast to the paper's code, a step of the discriminator comes first, and its
    loss is not halved: with Adam that changes next to nothing.

    Arguments are those of `AdversarialModel`. `train_step` takes a dict of float32
    `(batch, height, width, channels)` in the generator's ranges: `source` and `target`.

    Example:
        >>> from imgan.losses.adversarial import NonSaturatingLoss
        >>> from imgan.losses.pixel import PixelL1Loss
        >>> from imgan.networks.patchgan import PatchGAN
        >>> from imgan.networks.unet import UNetGenerator
        >>> generator = UNetGenerator(num_levels=5, num_filters=8)
        >>> discriminator = PatchGAN(condition_channels=3, num_filters=8)
        >>> model = Pix2Pix(generator, discriminator)
        >>> model.compile(
        ...     generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        ...     discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        ...     generator_loss=NonSaturatingLoss("generator"),
        ...     discriminator_loss=NonSaturatingLoss("discriminator"),
        ...     pixel_loss=PixelL1Loss(),
        ...     weights={"pixel": 100.0, "adversarial": 1.0},
        ... )
    """

    def compile(  # type: ignore[override]
        self,
        generator_optimizer: Any,
        discriminator_optimizer: Any,
        generator_loss: Any,
        discriminator_loss: Any,
        *,
        pixel_loss: keras.losses.Loss,
        weights: Mapping[str, float],
        perceptual: keras.losses.Loss | None = None,
        **kwargs: Any,
    ) -> None:
        """Set optimizers and losses.

        Args:
            generator_optimizer: As in `AdversarialModel`.
            discriminator_optimizer: As in `AdversarialModel`.
            generator_loss: As in `AdversarialModel`.
            discriminator_loss: As in `AdversarialModel`.
            pixel_loss: Called with (target, output).
            weights: Of `pixel`, `adversarial` and, if it is given, `perceptual`.
            perceptual: Of `imgan.losses.perceptual`, called with (target, output).
            **kwargs: Those of `AdversarialModel.compile`; `feature_matching` must
                compare pairs.
        """
        self.pixel_loss, self.perceptual = pixel_loss, perceptual
        self.weights_of_terms = dict(weights)
        super().compile(
            generator_optimizer,
            discriminator_optimizer,
            generator_loss,
            discriminator_loss,
            **kwargs,
        )

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the generator's loss terms beside the adversarial one."""
        content = ("pixel", "perceptual") if self.perceptual else ("pixel",)
        return (*content, *super().term_names)

    def fake(self, batch: Batch) -> Any:
        """Translate the sources."""
        return self.generator(batch["source"], training=True)

    def real(self, batch: Batch) -> Any:
        """Return the targets."""
        return batch["target"]

    def conditions(self, batch: Batch) -> list[Any]:
        """Return the sources: an output is judged together with what it was made of."""
        return [batch["source"]]

    def generator_terms(self, batch: Batch, fake_images: Any) -> dict[str, Any]:
        """Return the generator's losses by name, weighted."""
        target, weights = batch["target"], self.weights_of_terms
        terms = {"pixel": weights["pixel"] * self.pixel_loss(target, fake_images)}
        if self.perceptual is not None:
            distance = self.perceptual(target, fake_images)
            terms["perceptual"] = weights["perceptual"] * distance
        judged = super().generator_terms(batch, fake_images)
        judged["adversarial"] *= weights["adversarial"]
        return {**terms, **judged}

    def get_compile_config(self) -> dict[str, Any]:
        """Return what a saved model is compiled with again; empty before `compile`."""
        config = super().get_compile_config()
        if not config:
            return {}
        serialize = keras.saving.serialize_keras_object
        more = {
            name: serialize(getattr(self, name))
            for name in ("pixel_loss", "perceptual")
        }
        return {**config, **more, "weights": self.weights_of_terms}
