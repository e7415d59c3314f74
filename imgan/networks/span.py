"""SPAN, the swift parameter-free attention network."""

from typing import Any

import keras
from keras import ops

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.merged_conv import MergedConv2D
from imgan.layers.merged_conv import centred
from imgan.networks.base import DIV2K_MEAN
from imgan.networks.base import Network
from imgan.networks.base import conv


@keras.saving.register_keras_serializable(package="imgan")
class ExpandedConv2D(MergedConv2D):
    """1x1 to twice the channels, 3x3, 1x1 back, beside a 1x1: equal to one 3x3.

    The input is zero-padded before the first 1x1, so the merge is exact at the border.

    Args:
        filters: Channels of the output.
        expansion: Ratio of inner to outer channels.
    """

    def __init__(self, filters: int, expansion: int = 2, **kwargs: Any) -> None:
        super().__init__(filters, **kwargs)
        self.expansion = expansion

    def build(self, input_shape: Any) -> None:
        """Create the chain and its shortcut."""
        channels, filters = input_shape[-1], self.filters
        wide_in, wide_out = channels * self.expansion, filters * self.expansion
        # Each inner stage keeps the variance (half of He's); the shortcut adds its own.
        self.enter = self.add_kernel("enter", (1, 1, channels, wide_in), 0.5)
        self.enter_bias = self.add_bias("enter_bias", wide_in)
        self.middle = self.add_kernel("middle", (3, 3, wide_in, wide_out), 0.5)
        self.middle_bias = self.add_bias("middle_bias", wide_out)
        self.leave = self.add_kernel("leave", (1, 1, wide_out, filters), 0.5)
        self.leave_bias = self.add_bias("leave_bias", filters)
        self.shortcut = self.add_kernel("shortcut", (1, 1, channels, filters), 0.5)
        self.shortcut_bias = self.add_bias("shortcut_bias", filters)

    def merged_weights(self) -> tuple[Any, Any]:
        """Return the chain and the shortcut as one kernel and bias."""
        enter, leave = self.enter[0, 0], self.leave[0, 0]
        # (channels, wide_in) x (3, 3, wide_in, wide_out) x (wide_out, filters)
        chain = ops.matmul(ops.matmul(enter, self.middle), leave)
        inner = ops.sum(self.middle, axis=(0, 1))
        inner_bias = ops.matmul(self.enter_bias[None], inner)[0] + self.middle_bias
        bias = ops.matmul(inner_bias[None], leave)[0] + self.leave_bias
        return chain + centred(self.shortcut), bias + self.shortcut_bias

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "expansion": self.expansion}


@keras.saving.register_keras_serializable(package="imgan")
class AttentionGate(keras.layers.Layer):
    """`(features + inputs) * (sigmoid(features) - 0.5)`: attention without weights.

    Equations 3 to 5 of [Wan et al., 2023](https://arxiv.org/abs/2311.12770).

    Call arguments:
        inputs: The block's input and its last features, of one shape.
    """

    reach = 0

    def call(self, inputs: Any) -> Any:
        """Gate the sum by the features' own sigmoid."""
        skip, features = inputs
        return (features + skip) * (ops.sigmoid(features) - 0.5)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of either input."""
        return input_shape[0]


@keras.saving.register_keras_serializable(package="imgan")
class SPAN(Network):
    """Super-resolution generator with six parameter-free attention blocks.

    Follows [Wan et al., 2023](https://arxiv.org/abs/2311.12770), section 3, and its
    released code, whose in-place SiLU makes the concatenated feature of the last block
    the activated one. There is no image skip: the last convolution makes the picture
    and is float32 like the first, under any precision.

    Args:
        scale: Ratio of output to input size.
        num_filters: Channels of every hidden convolution; 48, 52 or 28 in releases.
        num_blocks: Attention blocks.
        channels: Channels of the pictures.
        rescale: Feed `(x - mean) * 255`, as the releases do; RGB only.
        fused: Build the inference form, one 3x3 per convolution.
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
        num_filters: int = 48,
        num_blocks: int = 6,
        channels: int = 3,
        rescale: bool = False,
        fused: bool = False,
        dtype: str = "float32",
        name: str = "span",
    ) -> None:
        def conv3(name: str, policy: str = dtype) -> Any:
            if fused:
                return conv(num_filters, name, policy)
            return ExpandedConv2D(num_filters, name=name, dtype=policy)

        def silu(name: str) -> Any:
            return keras.layers.Activation("silu", dtype=dtype, name=name)

        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        x = images
        if rescale:
            offset = [-255.0 * mean for mean in DIV2K_MEAN]
            x = keras.layers.Rescaling(255.0, offset, name="rescale")(x)
        first = x = conv3("first", "float32")(x)
        early = late = x
        for index in range(num_blocks):
            block = f"block_{index}"
            late = silu(f"{block}_silu_1")(conv3(f"{block}_conv_1")(x))
            y = silu(f"{block}_silu_2")(conv3(f"{block}_conv_2")(late))
            y = conv3(f"{block}_conv_3")(y)
            x = AttentionGate(dtype=dtype, name=f"{block}_gate")([x, y])
            early = x if index == 0 else early
        x = conv3("trunk")(x)
        parts = [first, x, early, late]
        x = keras.layers.Concatenate(dtype=dtype, name="concat")(parts)
        x = conv(num_filters, "mix", dtype, size=1)(x)
        x = conv(channels * scale**2, "last", "float32")(x)
        outputs = DepthToSpace(scale, dtype="float32", name="shuffle")(x)

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_blocks": num_blocks,
            "channels": channels,
            "rescale": rescale,
            "fused": fused,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)
