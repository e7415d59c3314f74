"""The multilayer perceptrons of the first GAN."""

from collections.abc import Sequence
from typing import Any
from typing import ClassVar
from typing import Literal

import keras

from imgan.networks.latent import ImageDiscriminator
from imgan.networks.latent import LatentGenerator


@keras.saving.register_keras_serializable(package="imgan")
class MLPGenerator(LatentGenerator):
    """Generator of fully connected layers.

    The network for MNIST that the authors of [Goodfellow et al.,
    2014](https://arxiv.org/abs/1406.2661) released: ReLU, weights uniform in +-0.05,
    a sigmoid at the end. Difference: its last bias starts at 0 and not at the mean of
    the training images.

    Args:
        image_size: Height and width of the images.
        channels: Channels of the images.
        latent_dim: Numbers that one image is made from.
        hidden_units: Units of each hidden layer.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        latents: `(batch, latent_dim)` float32, uniform in `[-1, 1]`.

    Returns:
        `(batch, image_size, image_size, channels)` float32 in `[0, 1]`.
    """

    output_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    latent_distribution: ClassVar[Literal["normal", "uniform"]] = "uniform"

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        latent_dim: int = 100,
        hidden_units: Sequence[int] = (1200, 1200),
        dtype: str | None = None,
        name: str | None = "mlp_generator",
    ) -> None:
        # === Functional model ===
        shape = (image_size, image_size, channels)
        latents = keras.Input((latent_dim,), name="latents")
        x: Any = latents
        for index, units in enumerate(hidden_units):
            x = _dense(units, 0.05, f"hidden_{index}", dtype, activation="relu")(x)
        pixels = image_size**2 * channels
        x = _dense(pixels, 0.05, "pixels", "float32", activation="sigmoid")(x)
        images = keras.layers.Reshape(shape, dtype="float32", name="images")(x)

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "latent_dim": latent_dim,
            "hidden_units": list(hidden_units),
            "dtype": dtype,
        }
        super().__init__(latents, images, arguments=arguments, name=name)


@keras.saving.register_keras_serializable(package="imgan")
class MLPDiscriminator(ImageDiscriminator):
    """Discriminator of fully connected maxout layers with dropout.

    The network for MNIST that the authors of [Goodfellow et al.,
    2014](https://arxiv.org/abs/1406.2661) released: each unit is the largest of
    several linear pieces, weights uniform in +-0.005. A logit instead of a probability.

    Args:
        image_size: Height and width of the images.
        channels: Channels of the images.
        hidden_units: Units of each hidden layer.
        pieces: Linear pieces of each unit.
        input_dropout: Fraction of pixels dropped.
        dropout: Fraction of hidden units dropped.
        seed: Of the dropout.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, image_size, image_size, channels)` float32 in `[0, 1]`.

    Returns:
        Logits `(batch, 1)` float32.
    """

    input_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        hidden_units: Sequence[int] = (240, 240),
        pieces: int = 5,
        input_dropout: float = 0.2,
        dropout: float = 0.5,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = "mlp_discriminator",
    ) -> None:
        # === Functional model ===
        images = keras.Input((image_size, image_size, channels), name="images")
        x = keras.layers.Flatten(dtype=dtype, name="pixels")(images)
        x = keras.layers.Dropout(
            input_dropout, seed=seed, dtype=dtype, name="drop_pixels"
        )(x)
        features = {}
        for index, units in enumerate(hidden_units):
            x = _dense(units * pieces, 0.005, f"pieces_{index}", dtype)(x)
            x = keras.layers.Reshape(
                (pieces, units), dtype=dtype, name=f"split_{index}"
            )(x)
            feature = f"maxout_{index}"
            x = keras.layers.GlobalMaxPooling1D(dtype=dtype, name=feature)(x)
            features[feature] = x
            x = keras.layers.Dropout(
                dropout, seed=seed + index + 1, dtype=dtype, name=f"drop_{index}"
            )(x)
        logits = _dense(1, 0.005, "logits", "float32")(x)

        # === Config ===
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "hidden_units": list(hidden_units),
            "pieces": pieces,
            "input_dropout": input_dropout,
            "dropout": dropout,
            "seed": seed,
            "dtype": dtype,
        }
        super().__init__(
            images, logits, features=features, arguments=arguments, name=name
        )


def _dense(
    units: int, limit: float, name: str, dtype: str | None, **options: Any
) -> Any:
    """Return a fully connected layer with weights uniform in `+-limit`."""
    uniform = keras.initializers.RandomUniform(-limit, limit)
    return keras.layers.Dense(
        units, kernel_initializer=uniform, dtype=dtype, name=name, **options
    )
