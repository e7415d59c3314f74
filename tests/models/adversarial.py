"""GANs small enough to be traced in a second, and batches for them."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.gradient_penalty import GradientPenaltyLoss
from imgan.losses.gradient_penalty import R1Loss
from imgan.models.gan import GAN
from imgan.networks.cgan import ConditionalDiscriminator
from imgan.networks.cgan import ConditionalGenerator
from imgan.networks.dcgan import DCGANDiscriminator
from imgan.networks.dcgan import DCGANGenerator

SIZE = 16
SHAPE = {"image_size": SIZE, "channels": 1, "num_filters": 4}
LOSSES = tuple(ADVERSARIAL_LOSSES)


def networks(
    classes: int = 0,
    *,
    seed: int = 3,
    generator: dict[str, Any] | None = None,
    dtype: str | None = None,
    **discriminator: Any,
) -> tuple[Any, Any]:
    """Return a generator and a discriminator of 16x16 grey images, the same every time.

    Args:
        classes: Labels; 0 for none.
        seed: Of the weights.
        generator: Arguments of the generator.
        dtype: Of both.
        **discriminator: Arguments of the discriminator.
    """
    keras.utils.set_random_seed(seed)
    shape: dict[str, Any] = {**SHAPE, "dtype": dtype}
    if classes:
        shape["num_classes"] = classes
    maker = ConditionalGenerator if classes else DCGANGenerator
    judge = ConditionalDiscriminator if classes else DCGANDiscriminator
    return (
        maker(latent_dim=5, **shape, **(generator or {})),
        judge(**shape, **discriminator),
    )


def compiled(
    model: GAN,
    loss: str = "nonsaturating",
    optimizer: Any = None,
    *,
    penalty: float = 0.0,
    r1: float = 0.0,
    matching: float = 0.0,
    **options: Any,
) -> GAN:
    """Compile with weights of the penalties and of feature matching, 0 for none."""
    make = optimizer or (lambda: keras.optimizers.Adam(2e-3, beta_1=0.5))
    kind = ADVERSARIAL_LOSSES[loss]
    model.compile(
        make(),
        make(),
        kind("generator"),
        kind("discriminator"),
        gradient_penalty=GradientPenaltyLoss(penalty) if penalty else None,
        r1=R1Loss(r1) if r1 else None,
        feature_matching=FeatureMatchingLoss("mean") if matching else None,
        feature_matching_weight=matching or 1.0,
        **options,
    )
    return model


def batch(count: int = 6, classes: int = 0, seed: int = 0) -> dict[str, Any]:
    """Return images in [-1, 1], with labels if there are classes."""
    random = np.random.default_rng(seed)
    images = random.uniform(-1, 1, (count, SIZE, SIZE, 1)).astype(np.float32)
    data = {"images": tf.constant(images)}
    if classes:
        data["labels"] = tf.range(count) % classes
    return data


def numbers(logs: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}
