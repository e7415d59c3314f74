"""Generator and discriminator of DCGAN."""

from typing import Any

import keras

from imgan.networks.latent import ImageDiscriminator
from imgan.networks.latent import LatentGenerator
from imgan.networks.pyramid import Normalization
from imgan.networks.pyramid import Pyramid
from imgan.networks.pyramid import dcgan_norm
from imgan.networks.pyramid import grow
from imgan.networks.pyramid import shrink
from imgan.networks.pyramid import to_logits


@keras.saving.register_keras_serializable(package="imgan")
class DCGANGenerator(LatentGenerator):
    """Unconditional generator of transposed convolutions with batch normalisation.

    Follows [Radford et al., 2016](https://arxiv.org/abs/1511.06434), section 3, in the
    4x4 form and with the normal latents that the authors' `dcgan.torch` released; at
    64x64x3 it has the 3,576,704 trained parameters of that one.

    Args:
        image_size: Height and width of the images, a power of two from 8.
        channels: Channels of the images.
        latent_dim: Numbers that one image is made from.
        num_filters: Channels at half the image size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        resize_convolution: Enlarge by repetition and convolve 3x3, which leaves no
            checkerboard ([Odena et al., 2016](https://doi.org/10.23915/distill.00003)),
            instead of a transposed convolution.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        latents: `(batch, latent_dim)` float32 from a standard normal distribution.

    Returns:
        `(batch, image_size, image_size, channels)` float32 in `[-1, 1]`.
    """

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        latent_dim: int = 100,
        num_filters: int = 64,
        max_filters: int | None = None,
        resize_convolution: bool = False,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "dcgan_generator",
    ) -> None:
        def normalize(x: Any, name: str) -> Any:
            return dcgan_norm(name, dtype, synchronized)(x)

        # === Functional model ===
        pyramid = Pyramid(image_size, channels, num_filters, max_filters, dtype)
        latents = keras.Input((latent_dim,), name="latents")
        images = grow(
            latents, pyramid, normalize, resize_convolution=resize_convolution
        )

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "latent_dim": latent_dim,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "resize_convolution": resize_convolution,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(latents, images, arguments=arguments, name=name)


@keras.saving.register_keras_serializable(package="imgan")
class DCGANDiscriminator(ImageDiscriminator):
    """Unconditional discriminator of strided convolutions.

    Follows [Radford et al., 2016](https://arxiv.org/abs/1511.06434), section 3, in the
    4x4 form of the authors' `dcgan.torch`: batch normalisation except after the first
    convolution, LeakyReLU 0.2; at 64x64x3 it has the 2,765,568 trained parameters of
    that one. Logits instead of probabilities.

    Args:
        image_size: Height and width of the images, a power of two from 8.
        channels: Channels of the images.
        num_filters: Channels at half the image size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        normalization: "batch", "layer" or "none".
        spectral: Divide every kernel by its largest singular value.
        dropout: Fraction of activations dropped after each LeakyReLU.
        seed: Of the dropout.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, image_size, image_size, channels)` float32 in `[-1, 1]`.

    Returns:
        Logits `(batch, 1)` float32.
    """

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        num_filters: int = 64,
        max_filters: int | None = None,
        normalization: Normalization = "batch",
        spectral: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "dcgan_discriminator",
    ) -> None:
        # === Functional model ===
        pyramid = Pyramid(image_size, channels, num_filters, max_filters, dtype)
        images = keras.Input((image_size, image_size, channels), name="images")
        x, features = shrink(
            images,
            pyramid,
            normalization=normalization,
            spectral=spectral,
            dropout=dropout,
            seed=seed,
            synchronized=synchronized,
        )
        logits = to_logits(x, spectral=spectral, use_bias=normalization == "none")

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "normalization": normalization,
            "spectral": spectral,
            "dropout": dropout,
            "seed": seed,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(
            images, logits, features=features, arguments=arguments, name=name
        )
