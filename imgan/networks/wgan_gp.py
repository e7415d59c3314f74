"""Critic of the Wasserstein GAN with gradient penalty."""

from typing import Literal

import keras

from imgan.networks.latent import ImageDiscriminator
from imgan.networks.pyramid import Pyramid
from imgan.networks.pyramid import shrink
from imgan.networks.pyramid import to_logits


@keras.saving.register_keras_serializable(package="imgan")
class Critic(ImageDiscriminator):
    """Critic of strided convolutions without batch normalisation.

    Follows [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), section 4: the
    gradient penalty is of each image alone, so that images of a batch must not meet in
    the critic; layer normalisation may take the place. The pyramid of DCGAN with
    biases and He's uniform initialisation, as the authors' code for MNIST. Its
    generator is that of DCGAN.

    Args:
        image_size: Height and width of the images, a power of two from 8.
        channels: Channels of the images.
        num_filters: Channels at half the image size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        normalization: "none" or "layer".
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, image_size, image_size, channels)` float32 in `[-1, 1]`.

    Returns:
        `(batch, 1)` float32, of any size and sign.

    Raises:
        ValueError: If the normalisation is over the batch.
    """

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        num_filters: int = 64,
        max_filters: int | None = None,
        normalization: Literal["none", "layer"] = "none",
        dtype: str | None = None,
        name: str | None = "critic",
    ) -> None:
        if normalization not in ("none", "layer"):
            raise ValueError(
                "normalization of a critic must be none or layer: the gradient penalty "
                f"is of each image alone. Received: {normalization}"
            )

        # === Functional model ===
        pyramid = Pyramid(image_size, channels, num_filters, max_filters, dtype)
        images = keras.Input((image_size, image_size, channels), name="images")
        x, features = shrink(
            images,
            pyramid,
            normalization=normalization,
            initializer=keras.initializers.HeUniform,
        )
        logits = to_logits(
            x,
            use_bias=normalization == "none",
            initializer=keras.initializers.HeUniform,
        )

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "normalization": normalization,
            "dtype": dtype,
        }
        super().__init__(
            images, logits, features=features, arguments=arguments, name=name
        )
