"""SRResNet, and the norm-free variant that the field calls MSRResNet."""

from typing import Any
from typing import ClassVar
from typing import Literal

import keras

from imgan.layers.bilinear import BilinearPhases
from imgan.layers.depth_to_space import DepthToSpace
from imgan.networks.base import Network
from imgan.networks.base import batch_norm
from imgan.networks.base import conv
from imgan.networks.base import prelu
from imgan.networks.base import tenth_of_he

OutputActivation = Literal["linear", "tanh"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


@keras.saving.register_keras_serializable(package="imgan")
class SRResNet(Network):
    """Super-resolution generator of SRGAN, with batch normalisation.

    Follows [Ledig et al., 2017](https://arxiv.org/abs/1609.04802), figure 4: 9x9 first
    and last convolutions, residual blocks with PReLU, a long skip, one sub-pixel step
    of two for each doubling. Input in `[0, 1]`, output in `[-1, 1]`, as in section 3.2.
    The first and the last convolution are float32 under any precision.

    What others trained differs from it in details, which are arguments: a tanh at the
    end, the colours of ImageNet at the start, and a PReLU where the trunk ends in a
    batch normalisation.

    Args:
        scale: Ratio of output to input size; 2, 4 or 8.
        num_filters: Channels of the residual blocks.
        num_blocks: Residual blocks.
        channels: Channels of the pictures.
        output_activation: "linear" or "tanh".
        standardized: Feed `(x - mean) / deviation` of ImageNet's colours; RGB only.
        normalized_trunk: End the trunk, before the long skip, with batch normalisation;
            else with a PReLU.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, channels)` float tensor in `[0, 1]`.

    Returns:
        `(batch, scale * height, scale * width, channels)` float32 in `[-1, 1]`, not
        clipped.
    """

    output_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def __init__(
        self,
        *,
        scale: int = 4,
        num_filters: int = 64,
        num_blocks: int = 16,
        channels: int = 3,
        output_activation: OutputActivation = "linear",
        standardized: bool = False,
        normalized_trunk: bool = True,
        synchronized: bool = False,
        dtype: str = "float32",
        name: str = "srresnet",
    ) -> None:
        if scale not in (2, 4, 8):
            raise ValueError(f"scale must be 2, 4 or 8. Received: {scale}")
        if output_activation not in ("linear", "tanh"):
            raise ValueError(
                "output_activation must be linear or tanh. Received: "
                f"{output_activation}"
            )
        if standardized and channels != len(_IMAGENET_MEAN):
            raise ValueError(
                f"standardized networks take 3 channels. Received: {channels}"
            )

        # === Functional model ===
        images = x = keras.Input((None, None, channels), name="images")
        x = _standardize(x) if standardized else x
        x = conv(num_filters, "first", "float32", size=9)(x)
        first = x = prelu("first_prelu", dtype)(x)
        for index in range(num_blocks):
            block = f"block_{index:02d}"
            y = conv(num_filters, f"{block}_conv_1", dtype)(x)
            y = batch_norm(f"{block}_norm_1", dtype, synchronized)(y)
            y = prelu(f"{block}_prelu", dtype)(y)
            y = conv(num_filters, f"{block}_conv_2", dtype)(y)
            y = batch_norm(f"{block}_norm_2", dtype, synchronized)(y)
            x = keras.layers.Add(dtype=dtype, name=f"{block}_sum")([x, y])
        x = conv(num_filters, "trunk", dtype)(x)
        if normalized_trunk:
            x = batch_norm("trunk_norm", dtype, synchronized)(x)
        else:
            x = prelu("trunk_prelu", dtype)(x)
        x = keras.layers.Add(dtype=dtype, name="trunk_sum")([x, first])
        for index in range(scale.bit_length() - 1):
            x = conv(4 * num_filters, f"up_{index}", dtype)(x)
            x = DepthToSpace(2, dtype=dtype, name=f"up_{index}_shuffle")(x)
            x = prelu(f"up_{index}_prelu", dtype)(x)
        last = conv(channels, "last", "float32", 9, activation=output_activation)
        outputs = last(x)

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_blocks": num_blocks,
            "channels": channels,
            "output_activation": output_activation,
            "standardized": standardized,
            "normalized_trunk": normalized_trunk,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)


@keras.saving.register_keras_serializable(package="imgan")
class MSRResNet(Network):
    """Residual super-resolution network without normalisation, over a bilinear base.

    SRResNet as BasicSR modified it and as EDSR ([Lim et al.,
    2017](https://arxiv.org/abs/1707.02921), section 3.1) argues: no batch
    normalisation, ReLU, no long skip, 3x3 everywhere, and the picture enlarged
    bilinearly is added. The first convolution and that sum are float32 under any
    precision.

    Args:
        scale: Ratio of output to input size; 2, 3 or 4.
        num_filters: Channels of the residual blocks.
        num_blocks: Residual blocks.
        channels: Channels of the pictures.
        dtype: Keras dtype policy of the hidden layers.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, channels)` float tensor in `[0, 1]`.

    Returns:
        `(batch, scale * height, scale * width, channels)` float32; not clipped.
    """

    def __init__(
        self,
        *,
        scale: int = 4,
        num_filters: int = 64,
        num_blocks: int = 16,
        channels: int = 3,
        dtype: str = "float32",
        name: str = "msrresnet",
    ) -> None:
        if scale not in (2, 3, 4):
            raise ValueError(f"scale must be 2, 3 or 4. Received: {scale}")

        def leaky(name: str) -> Any:
            return keras.layers.LeakyReLU(0.1, dtype=dtype, name=name)

        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        x = leaky("first_relu")(conv(num_filters, "first", "float32")(images))
        # Residual branches as BasicSR starts them.
        small = tenth_of_he()
        for index in range(num_blocks):
            block = f"block_{index:02d}"
            y = conv(num_filters, f"{block}_conv_1", dtype, kernel_initializer=small)(x)
            y = keras.layers.ReLU(dtype=dtype, name=f"{block}_relu")(y)
            y = conv(num_filters, f"{block}_conv_2", dtype, kernel_initializer=small)(y)
            x = keras.layers.Add(dtype=dtype, name=f"{block}_sum")([x, y])
        for index, step in enumerate((2, 2) if scale == 4 else (scale,)):
            x = conv(num_filters * step**2, f"up_{index}", dtype)(x)
            x = DepthToSpace(step, dtype=dtype, name=f"up_{index}_shuffle")(x)
            x = leaky(f"up_{index}_relu")(x)
        x = leaky("wide_relu")(conv(num_filters, "wide", dtype)(x))
        x = conv(channels, "last", dtype, kernel_initializer=small)(x)
        base = BilinearPhases(scale, dtype="float32", name="base")(images)
        base = DepthToSpace(scale, dtype="float32", name="base_shuffle")(base)
        outputs = keras.layers.Add(dtype="float32", name="sum")([x, base])

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_blocks": num_blocks,
            "channels": channels,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)


def _standardize(images: Any) -> Any:
    pairs = zip(_IMAGENET_MEAN, _IMAGENET_DEVIATION, strict=True)
    layer = keras.layers.Rescaling(
        [1.0 / deviation for deviation in _IMAGENET_DEVIATION],
        [-mean / deviation for mean, deviation in pairs],
        dtype="float32",
        name="standardize",
    )
    return layer(images)
