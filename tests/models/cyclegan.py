"""CycleGANs small enough to be traced in a second, and batches for them."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.pixel import PixelL1Loss
from imgan.models.cyclegan import CycleGAN
from imgan.networks.patchgan import PatchGAN
from imgan.networks.resnet import ResNetGenerator

SIZE = 12
GREY, COLOUR = 1, 3


def model(
    *,
    dtype: str | None = None,
    dropout: float = 0.0,
    normalization: Any = "instance",
    synchronized: bool = False,
    judge: dict[str, Any] | None = None,
    **options: Any,
) -> CycleGAN:
    """Return one from grey (domain a) to colour (domain b), the same every time.

    Args:
        dtype: Of all networks.
        dropout: Of the generators.
        normalization: Of all networks.
        synchronized: Statistics of batch normalisation.
        judge: Arguments of the discriminators.
        **options: Of the model.
    """
    keras.utils.set_random_seed(3)
    every: dict[str, Any] = {
        **{"dtype": dtype, "num_filters": 4, "normalization": normalization},
        "synchronized": synchronized,
    }
    made = {"num_residual_blocks": 1, "num_downsamplings": 1, "dropout": dropout}
    judged = {**every, "receptive_field": 16, **(judge or {})}
    return CycleGAN(
        ResNetGenerator(input_channels=GREY, output_channels=COLOUR, **made, **every),
        ResNetGenerator(input_channels=COLOUR, output_channels=GREY, **made, **every),
        PatchGAN(channels=GREY, **judged),
        PatchGAN(channels=COLOUR, **judged),
        **{
            "image_shape_a": (SIZE, SIZE, GREY),
            "image_shape_b": (SIZE, SIZE, COLOUR),
            "image_pool": 4,
            **options,
        },
    )


def compiled(
    made: CycleGAN, loss: str = "least_squares", optimizer: Any = None, **options: Any
) -> CycleGAN:
    """Compile with L1 on the way back, and Adam unless told otherwise."""
    make = optimizer or (lambda: keras.optimizers.Adam(2e-3, beta_1=0.5))
    kind = ADVERSARIAL_LOSSES[loss]
    losses = {"cycle_loss": PixelL1Loss(), **options}
    made.compile(make(), make(), kind("generator"), kind("discriminator"), **losses)
    return made


def batch(count: int = 2, seed: int = 0) -> dict[str, Any]:
    """Return pictures of both domains in [-1, 1]."""
    random = np.random.default_rng(seed)

    def pictures(channels: int) -> Any:
        values = random.uniform(-1, 1, (count, SIZE, SIZE, channels))
        return tf.constant(values.astype(np.float32))

    return {"domain_a": pictures(GREY), "domain_b": pictures(COLOUR)}
