"""SRVGGNetCompact, the small network of Real-ESRGAN."""

from typing import Any

import keras

from imgan.layers.depth_to_space import DepthToSpace
from imgan.networks.base import Network
from imgan.networks.base import conv
from imgan.networks.base import prelu


@keras.saving.register_keras_serializable(package="imgan")
class Compact(Network):
    """Super-resolution by a plain VGG-style chain over the input's own resolution.

    The `SRVGGNetCompact` that [Wang et al., 2021](https://arxiv.org/abs/2107.10833)
    released with Real-ESRGAN: convolutions with one PReLU slope per channel, a
    sub-pixel step and the input enlarged by repetition. The first convolution and the
    sum are float32 under any precision.

    Args:
        scale: Ratio of output to input size.
        num_filters: Channels of every hidden convolution.
        num_convs: Convolutions between the first and the last.
        channels: Channels of the pictures.
        dtype: Keras dtype policy of the hidden convolutions.
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
        num_convs: int = 16,
        channels: int = 3,
        dtype: str = "float32",
        name: str = "compact",
    ) -> None:
        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        x: Any = images
        for index in range(num_convs + 1):
            policy = dtype if index else "float32"
            x = conv(num_filters, f"conv_{index:02d}", policy)(x)
            x = prelu(f"prelu_{index:02d}", dtype)(x)
        # A last kernel near zero starts the training at the enlarged input.
        small = keras.initializers.RandomNormal(stddev=1e-3)
        x = conv(channels * scale**2, "last", dtype, kernel_initializer=small)(x)
        base = keras.layers.Concatenate(name="base")([images] * scale**2)
        total = keras.layers.Add(dtype="float32", name="sum")([x, base])
        outputs = DepthToSpace(scale, dtype="float32", name="shuffle")(total)

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_convs": num_convs,
            "channels": channels,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)
