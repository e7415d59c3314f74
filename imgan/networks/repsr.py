"""A chain of plain 3x3 convolutions that trains with branches."""

from typing import Any

import keras

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.merged_conv import MergedConv2D
from imgan.layers.merged_conv import centred
from imgan.networks.base import Network
from imgan.networks.base import conv


@keras.saving.register_keras_serializable(package="imgan")
class RepConv2D(MergedConv2D):
    """3x3 + 1x1 + identity, as one 3x3 of as many channels in as out.

    The linear branches of [Ding et al., 2021](https://arxiv.org/abs/2101.03697) without
    their batch normalisation, which super-resolution does not want.
    """

    def build(self, input_shape: Any) -> None:
        """Create the branches."""
        channels = input_shape[-1]
        # The identity carries the signal; branches at a tenth of He's variance keep it
        # from growing through a chain of dozens of layers.
        self.wide = self.add_kernel("wide", (3, 3, channels, self.filters), 0.1)
        self.point = self.add_kernel("point", (1, 1, channels, self.filters), 0.1)
        self.bias = self.add_bias("bias", self.filters)
        self.identity = keras.ops.eye(channels, self.filters)[None, None]

    def merged_weights(self) -> tuple[Any, Any]:
        """Return the sum of the three branches as one kernel, and the bias."""
        return self.wide + centred(self.point + self.identity), self.bias


@keras.saving.register_keras_serializable(package="imgan")
class RepSR(Network):
    """Super-resolution by plain 3x3 convolutions and ReLU, the cheapest form on a CPU.

    The idea of ECBSR ([Zhang et al., 2021](https://doi.org/10.1145/3474085.3475291)),
    section 3: parallel linear branches in training, one 3x3 at inference. Differences:
    RGB instead of luma, 1x1 and identity branches only, ReLU instead of PReLU. The
    enlarged input is added before the sub-pixel step, where it is a mere repetition of
    channels. The first convolution and that sum are float32 under any precision.

    Args:
        scale: Ratio of output to input size.
        num_filters: Channels of every hidden convolution.
        num_convs: Hidden convolutions between the first and the last.
        channels: Channels of the pictures.
        fused: Build the inference form, without branches.
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
        fused: bool = False,
        dtype: str = "float32",
        name: str = "repsr",
    ) -> None:
        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        x = conv(num_filters, "first", "float32", activation="relu")(images)
        for index in range(num_convs):
            block = f"body_{index:02d}"
            layer = (
                conv(num_filters, block, dtype)
                if fused
                else RepConv2D(num_filters, name=block, dtype=dtype)
            )
            x = keras.layers.ReLU(dtype=dtype, name=f"{block}_relu")(layer(x))
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
            "fused": fused,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)
