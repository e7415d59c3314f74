"""Label-conditional generator and discriminator, by projection or by embedding."""

from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import get_args

import keras

from imgan.layers.conditional_batch_norm import ConditionalBatchNormalization
from imgan.layers.spectral_norm import SpectralEmbedding
from imgan.networks.latent import ImageDiscriminator
from imgan.networks.latent import LatentGenerator
from imgan.networks.latent import label_input
from imgan.networks.pyramid import Normalization
from imgan.networks.pyramid import Pyramid
from imgan.networks.pyramid import dcgan_norm
from imgan.networks.pyramid import grow
from imgan.networks.pyramid import normal
from imgan.networks.pyramid import shrink
from imgan.networks.pyramid import to_logits

Conditioning = Literal["projection", "embedding"]
CONDITIONINGS: tuple[Conditioning, ...] = get_args(Conditioning)


@keras.saving.register_keras_serializable(package="imgan")
class ConditionalGenerator(LatentGenerator):
    """Generator of images of a given label, on the pyramid of DCGAN.

    "projection": a scale and an offset for each label in every batch normalisation
    ([Miyato & Koyama, 2018](https://arxiv.org/abs/1802.05637), section 4).
    "embedding": a learned vector for each label beside the latents ([Mirza & Osindero,
    2014](https://arxiv.org/abs/1411.1784), section 3.2, with an embedding in the place
    of the one-hot label).

    Args:
        num_classes: Number of labels.
        image_size: Height and width of the images, a power of two from 8.
        channels: Channels of the images.
        latent_dim: Numbers that one image is made from.
        conditioning: "projection" or "embedding".
        embedding_dim: Length of the vectors of "embedding".
        num_filters: Channels at half the image size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        resize_convolution: Enlarge by repetition and convolve 3x3, which leaves no
            checkerboard, instead of a transposed convolution.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        inputs: `[latents, labels]`: `(batch, latent_dim)` float32 from a standard
            normal distribution, and `(batch,)` int32 below `num_classes`.

    Returns:
        `(batch, image_size, image_size, channels)` float32 in `[-1, 1]`.

    Raises:
        ValueError: If there is no such conditioning, or no class.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        image_size: int = 64,
        channels: int = 3,
        latent_dim: int = 100,
        conditioning: Conditioning = "projection",
        embedding_dim: int = 50,
        num_filters: int = 64,
        max_filters: int | None = None,
        resize_convolution: bool = False,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "conditional_generator",
    ) -> None:
        _check(conditioning, num_classes)

        # === Functional model ===
        pyramid = Pyramid(image_size, channels, num_filters, max_filters, dtype)
        latents = keras.Input((latent_dim,), name="latents")
        labels = label_input()
        if conditioning == "projection":
            x = latents
            normalize = _by_label(labels, num_classes, dtype, synchronized)
        else:
            # As wide as the latents beside it, which are standard normal.
            table = _embedding(num_classes, embedding_dim, 1.0, "label", dtype)
            join = keras.layers.Concatenate(dtype=dtype, name="join")
            x = join([latents, table(labels)])
            normalize = _for_all(dtype, synchronized)
        images = grow(x, pyramid, normalize, resize_convolution=resize_convolution)

        # === Config ===
        arguments = {
            "num_classes": num_classes,
            "image_size": image_size,
            "channels": channels,
            "latent_dim": latent_dim,
            "conditioning": conditioning,
            "embedding_dim": embedding_dim,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "resize_convolution": resize_convolution,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__([latents, labels], images, arguments=arguments, name=name)


@keras.saving.register_keras_serializable(package="imgan")
class ConditionalDiscriminator(ImageDiscriminator):
    """Discriminator of images and their labels, on the pyramid of DCGAN.

    "projection": the logit is linear in the features, summed over the map, plus their
    product with a vector of the label ([Miyato & Koyama,
    2018](https://arxiv.org/abs/1802.05637), equation 3 and figure 2), as a rule with
    `spectral=True` and `normalization="none"` as there. "embedding": the label as one
    more channel of the image, learned for each label ([Mirza & Osindero,
    2014](https://arxiv.org/abs/1411.1784), in a convolutional form).

    Args:
        num_classes: Number of labels.
        image_size: Height and width of the images, a power of two from 8.
        channels: Channels of the images.
        conditioning: "projection" or "embedding".
        num_filters: Channels at half the image size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        normalization: "batch", "layer" or "none".
        spectral: Divide every kernel, and the table of labels of "projection", by its
            largest singular value.
        dropout: Fraction of activations dropped after each LeakyReLU.
        seed: Of the dropout.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        inputs: `[images, labels]`: `(batch, image_size, image_size, channels)` float32
            in `[-1, 1]`, and `(batch,)` int32 below `num_classes`.

    Returns:
        Logits `(batch, 1)` float32.

    Raises:
        ValueError: If there is no such conditioning, or no class.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        image_size: int = 64,
        channels: int = 3,
        conditioning: Conditioning = "projection",
        num_filters: int = 64,
        max_filters: int | None = None,
        normalization: Normalization = "none",
        spectral: bool = True,
        dropout: float = 0.0,
        seed: int = 0,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "conditional_discriminator",
    ) -> None:
        _check(conditioning, num_classes)

        # === Functional model ===
        pyramid = Pyramid(image_size, channels, num_filters, max_filters, dtype)
        images = keras.Input((image_size, image_size, channels), name="images")
        labels = label_input()
        x = images
        if conditioning == "embedding":
            x = _with_label_channel(images, labels, num_classes, image_size)
        x, features = shrink(
            x,
            pyramid,
            normalization=normalization,
            spectral=spectral,
            dropout=dropout,
            seed=seed,
            synchronized=synchronized,
        )
        if conditioning == "projection":
            logits = _projection(x, labels, num_classes, spectral)
        else:
            logits = to_logits(x, use_bias=normalization == "none", spectral=spectral)

        # === Config ===
        arguments = {
            "num_classes": num_classes,
            "image_size": image_size,
            "channels": channels,
            "conditioning": conditioning,
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
            [images, labels], logits, features=features, arguments=arguments, name=name
        )


def _check(conditioning: str, num_classes: int) -> None:
    if conditioning not in CONDITIONINGS:
        raise ValueError(
            f"conditioning must be one of {', '.join(CONDITIONINGS)}. "
            f"Received: {conditioning}"
        )
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1. Received: {num_classes}")


def _by_label(
    labels: Any, num_classes: int, dtype: str | None, synchronized: bool
) -> Callable[[Any, str], Any]:
    def normalize(x: Any, name: str) -> Any:
        layer = ConditionalBatchNormalization(
            num_classes, synchronized=synchronized, dtype=dtype, name=name
        )
        return layer([x, labels])

    return normalize


def _for_all(dtype: str | None, synchronized: bool) -> Callable[[Any, str], Any]:
    return lambda x, name: dcgan_norm(name, dtype, synchronized)(x)


def _embedding(
    num_classes: int, size: int, stddev: float, name: str, dtype: str | None
) -> Any:
    table = keras.initializers.RandomNormal(stddev=stddev)
    return keras.layers.Embedding(
        num_classes, size, embeddings_initializer=table, dtype=dtype, name=name
    )


def _with_label_channel(
    images: Any, labels: Any, num_classes: int, image_size: int
) -> Any:
    """Join a learned channel for each label to the images, float32."""
    table = _embedding(num_classes, image_size**2, 1.0, "label", "float32")
    shape = (image_size, image_size, 1)
    channel = keras.layers.Reshape(shape, dtype="float32", name="label_channel")
    join = keras.layers.Concatenate(dtype="float32", name="join")
    return join([images, channel(table(labels))])


def _projection(x: Any, labels: Any, num_classes: int, spectral: bool) -> Any:
    """Return `psi(phi) + <v(label), phi>`, with `phi` the sum over the map; float32."""
    mean = keras.layers.GlobalAveragePooling2D(dtype="float32", name="mean")
    # The paper's sum over the map.
    area = x.shape[1] * x.shape[2]
    phi = keras.layers.Rescaling(area, dtype="float32", name="phi")(mean(x))
    psi = to_logits(phi, use_bias=True, spectral=spectral)
    layer = SpectralEmbedding if spectral else keras.layers.Embedding
    table = layer(
        num_classes,
        x.shape[-1],
        embeddings_initializer=normal(),
        dtype="float32",
        name="label",
    )
    product = keras.layers.Dot(axes=1, dtype="float32", name="product")
    total = keras.layers.Add(dtype="float32", name="sum")
    return total([psi, product([phi, table(labels)])])
