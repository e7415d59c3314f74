"""Convolution pyramids between 4x4 pixels and the image, a factor of two a step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import Literal
from typing import get_args

import keras

from imgan.layers.spectral_norm import SpectralConv2D
from imgan.layers.spectral_norm import SpectralDense
from imgan.networks.base import batch_norm

BASE_SIZE = 4
Normalization = Literal["batch", "layer", "none"]
NORMALIZATIONS: tuple[Normalization, ...] = get_args(Normalization)


@dataclass(frozen=True)
class Pyramid:
    """Sizes of a pyramid, the same for generator and discriminator.

    Args:
        image_size: Height and width of the images, a power of two from 8.
        channels: Channels of the images.
        num_filters: Channels at half the image size; doubled with every halving.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        dtype: Keras dtype policy of the hidden layers; None: the global one.

    Raises:
        ValueError: If `image_size` is not a power of two from 8.
    """

    image_size: int
    channels: int
    num_filters: int
    max_filters: int | None = None
    dtype: str | None = None

    def __post_init__(self) -> None:
        if self.image_size < 2 * BASE_SIZE or self.image_size & (self.image_size - 1):
            raise ValueError(
                "image_size must be a power of two from 8 (8, 16, 32, 64, ...). "
                f"Received: {self.image_size}"
            )

    @property
    def widths(self) -> list[int]:
        """Channels of the hidden layers, from half the image size down to 4x4."""
        steps = (self.image_size // BASE_SIZE).bit_length() - 1
        most = self.max_filters or 8 * self.num_filters
        return [min(self.num_filters * 2**step, most) for step in range(steps)]


def grow(
    latents: Any,
    pyramid: Pyramid,
    normalize: Callable[[Any, str], Any],
    *,
    resize_convolution: bool = False,
) -> Any:
    """Make images in `[-1, 1]` from latents, `(batch, latent_dim)`.

    Args:
        latents: Symbolic vectors.
        pyramid: Its sizes.
        normalize: Called with a tensor and a name before each ReLU.
        resize_convolution: Enlarge by repetition and convolve 3x3, which leaves no
            checkerboard, instead of a transposed convolution 4x4.

    Returns:
        Symbolic images, float32.
    """
    first, *widths = reversed([pyramid.channels, *pyramid.widths])
    # Equal to a transposed 4x4 convolution of one pixel, as a single product.
    dense = keras.layers.Dense(
        BASE_SIZE**2 * first,
        use_bias=False,
        kernel_initializer=normal(),
        dtype=pyramid.dtype,
        name="project",
    )
    x = dense(latents)
    x = keras.layers.Reshape(
        (BASE_SIZE, BASE_SIZE, first), dtype=pyramid.dtype, name="base"
    )(x)
    for index, width in enumerate(widths):
        x = normalize(x, f"norm_{index}")
        x = keras.layers.ReLU(dtype=pyramid.dtype, name=f"relu_{index}")(x)
        last = index == len(widths) - 1
        options = {
            "use_bias": False,
            "padding": "same",
            "activation": "tanh" if last else None,
            "kernel_initializer": normal(),
            "dtype": "float32" if last else pyramid.dtype,
            "name": "images" if last else f"up_{index}",
        }
        if resize_convolution:
            x = keras.layers.UpSampling2D(
                2, dtype=pyramid.dtype, name=f"repeat_{index}"
            )(x)
            x = keras.layers.Conv2D(width, 3, **options)(x)
        else:
            x = keras.layers.Conv2DTranspose(width, 4, strides=2, **options)(x)
    return x


def shrink(
    images: Any,
    pyramid: Pyramid,
    *,
    normalization: Normalization = "batch",
    spectral: bool = False,
    dropout: float = 0.0,
    seed: int = 0,
    synchronized: bool = False,
    initializer: Callable[[], Any] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Reduce images to 4x4 pixels by strided 4x4 convolutions and LeakyReLU 0.2.

    The first convolution is not normalised. Convolutions have a bias only where there
    is no normalisation.

    Args:
        images: Symbolic images, `(batch, image_size, image_size, channels)`.
        pyramid: Its sizes.
        normalization: "batch", "layer" (over height, width and channels) or "none".
        spectral: Divide each kernel by its largest singular value.
        dropout: Fraction of activations dropped after each LeakyReLU.
        seed: Of the dropout.
        synchronized: Share the statistics of batch normalisation among replicas.
        initializer: Makes the kernels' initialiser; None: `normal`.

    Returns:
        Symbolic maps `(batch, 4, 4, width)`, and the output of each LeakyReLU by name.

    Raises:
        ValueError: If there is no such normalisation.
    """
    if normalization not in NORMALIZATIONS:
        raise ValueError(
            f"normalization must be one of {', '.join(NORMALIZATIONS)}. "
            f"Received: {normalization}"
        )
    features = {}
    layer = SpectralConv2D if spectral else keras.layers.Conv2D
    x = images
    for index, width in enumerate(pyramid.widths):
        convolution = layer(
            width,
            4,
            strides=2,
            padding="same",
            use_bias=normalization == "none",
            kernel_initializer=(initializer or normal)(),
            dtype=pyramid.dtype,
            name=f"down_{index}",
        )
        x = convolution(x)
        if index and normalization == "batch":
            x = dcgan_norm(f"norm_{index}", pyramid.dtype, synchronized)(x)
        elif index and normalization == "layer":
            x = _layer_norm(f"norm_{index}", pyramid.dtype)(x)
        name = f"step_{index}"
        x = keras.layers.LeakyReLU(0.2, dtype=pyramid.dtype, name=name)(x)
        features[name] = x
        if dropout:
            drop = keras.layers.Dropout(
                dropout, seed=seed + index, dtype=pyramid.dtype, name=f"drop_{index}"
            )
            x = drop(x)
    return x, features


def to_logits(
    x: Any,
    *,
    use_bias: bool,
    spectral: bool = False,
    initializer: Callable[[], Any] | None = None,
) -> Any:
    """Return one float32 logit for each vector or map, by a product with all of it."""
    layer = SpectralDense if spectral else keras.layers.Dense
    x = keras.layers.Flatten(dtype="float32", name="flat")(x)
    logits = layer(
        1,
        use_bias=use_bias,
        kernel_initializer=(initializer or normal)(),
        dtype="float32",
        name="logits",
    )
    return logits(x)


def normal() -> Any:
    """Return the initialiser of DCGAN's kernels, N(0, 0.02)."""
    return keras.initializers.RandomNormal(stddev=0.02)


def dcgan_norm(name: str, dtype: str | None, synchronized: bool) -> Any:
    """Return batch normalisation as PyTorch's DCGAN has it, scales from N(1, 0.02)."""
    scales = keras.initializers.RandomNormal(1.0, 0.02)
    return batch_norm(name, dtype, synchronized, gamma_initializer=scales)


def _layer_norm(name: str, dtype: str | None) -> Any:
    return keras.layers.GroupNormalization(
        groups=1, epsilon=1e-5, dtype=dtype, name=name
    )
