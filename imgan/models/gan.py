"""Pictures from noise, with or without a label."""

from typing import Any

import keras
import tensorflow as tf

from imgan.models.base import AdversarialModel
from imgan.models.base import Batch


@keras.saving.register_keras_serializable(package="imgan")
class GAN(AdversarialModel):
    """Unconditional and label-conditional GAN.

    [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661); with labels
    [Mirza and Osindero, 2014](https://arxiv.org/abs/1411.1784). Which of the two it is,
    the networks say: a conditional pair takes labels beside latents and images. The
    labels of generated images are those of the real batch, so both sides meet every
    label as often.

    Arguments are those of `AdversarialModel`. `train_step` takes a dict with `images`,
    float32 `(batch, size, size, channels)` in the generator's output range, and
    `labels`, int32 `(batch,)`, where the networks are conditional.

    Example:
        >>> from imgan.losses.adversarial import HingeLoss
        >>> from imgan.networks.dcgan import DCGANDiscriminator
        >>> from imgan.networks.dcgan import DCGANGenerator
        >>> shape = {"image_size": 16, "channels": 1, "num_filters": 8}
        >>> model = GAN(DCGANGenerator(**shape), DCGANDiscriminator(**shape))
        >>> model.compile(
        ...     generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        ...     discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        ...     generator_loss=HingeLoss("generator"),
        ...     discriminator_loss=HingeLoss("discriminator"),
        ... )
    """

    def fake(self, batch: Batch) -> Any:
        """Generate from fresh latents, with the labels of the batch."""
        count = tf.shape(batch["images"])[0]
        latents = self.latents(count)
        labels = self.conditions(batch)
        return self.generator([latents, *labels] if labels else latents, training=True)

    def latents(self, count: Any) -> Any:
        """Draw latents, `(count, latent_dim)`, as the generator expects them."""
        generator = self.generator
        if generator.latent_distribution == "uniform":
            return self.random.uniform(count, generator.latent_dim, low=-1.0, high=1.0)
        return self.random.normal(count, generator.latent_dim)

    def real(self, batch: Batch) -> Any:
        """Return the images of the batch."""
        return batch["images"]

    def conditions(self, batch: Batch) -> list[Any]:
        """Return the labels where the networks take them."""
        return [batch["labels"]] if self.generator.num_classes else []
