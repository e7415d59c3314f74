"""RRDBNet, the generator of ESRGAN and Real-ESRGAN."""

from typing import Any

import keras

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.scaled_sum import ScaledSum
from imgan.layers.space_to_depth import SpaceToDepth
from imgan.networks.base import Network
from imgan.networks.base import conv
from imgan.networks.base import tenth_of_he

RESIDUAL_SCALE = 0.2


@keras.saving.register_keras_serializable(package="imgan")
class RRDBNet(Network):
    """Super-resolution generator of residual-in-residual dense blocks.

    Follows [Wang et al., 2018](https://arxiv.org/abs/1809.00219), section 3.1: no
    normalisation, three dense blocks of five convolutions in each block, residual
    scaling 0.2 at both levels, LeakyReLU 0.2, enlargement by repetition and a
    convolution. Kernels of blocks, trunk and last convolution start at a tenth of He's
    scale. As in Real-ESRGAN a scale below 4 is made from a network of four times the
    pixels that sees squares of the input as channels; sides are then multiples of
    `size_multiple`. The first and the last convolution are float32 under any precision.

    Args:
        scale: Ratio of output to input size; 1, 2, 4 or 8.
        num_filters: Channels of the blocks.
        num_blocks: Blocks; 23 or 6 in releases.
        growth: Channels that each convolution of a dense block adds.
        unshuffle: Side of the squares of input pixels that become channels, a power of
            two. None: what makes `scale` 4, that is 2 for x2 and 4 for x1; older
            networks of these scales have 1.
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
        num_blocks: int = 23,
        growth: int = 32,
        unshuffle: int | None = None,
        channels: int = 3,
        dtype: str = "float32",
        name: str = "rrdb",
    ) -> None:
        if scale not in (1, 2, 4, 8):
            raise ValueError(f"scale must be 1, 2, 4 or 8. Received: {scale}")
        if unshuffle not in (None, 1, 2, 4):
            raise ValueError(f"unshuffle must be 1, 2 or 4. Received: {unshuffle}")
        block_size = unshuffle or max(1, 4 // scale)

        # === Functional model ===
        images = x = keras.Input((None, None, channels), name="images")
        if block_size > 1:
            x = SpaceToDepth(block_size, dtype="float32", name="unshuffle")(x)
        first = x = conv(num_filters, "first", "float32")(x)
        for index in range(num_blocks):
            x = _block(x, f"block_{index:02d}", num_filters, growth, dtype)
        x = conv(num_filters, "trunk", dtype, kernel_initializer=tenth_of_he())(x)
        x = keras.layers.Add(dtype=dtype, name="trunk_sum")([first, x])
        for index in range((scale * block_size).bit_length() - 1):
            x = _repeat(x, f"up_{index}", dtype)
            x = _leaky_conv(num_filters, f"up_{index}", dtype)(x)
        x = _leaky_conv(num_filters, "wide", dtype)(x)
        last = conv(channels, "last", "float32", kernel_initializer=tenth_of_he())
        outputs = last(x)

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_blocks": num_blocks,
            "growth": growth,
            "unshuffle": unshuffle,
            "channels": channels,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)
        self._block_size = block_size

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return int(self._block_size)


def _block(inputs: Any, name: str, filters: int, growth: int, dtype: str) -> Any:
    """Three dense blocks and a scaled skip around them."""
    x = inputs
    for index in (1, 2, 3):
        x = _dense(x, f"{name}_dense_{index}", filters, growth, dtype)
    return ScaledSum(RESIDUAL_SCALE, dtype=dtype, name=f"{name}_sum")([inputs, x])


def _dense(inputs: Any, name: str, filters: int, growth: int, dtype: str) -> Any:
    """Five convolutions, each of all that came before, and a scaled skip."""
    options = {"kernel_initializer": tenth_of_he()}
    x, parts = inputs, [inputs]
    for index in (1, 2, 3, 4):
        x = _leaky_conv(growth, f"{name}_conv_{index}", dtype, **options)(x)
        parts.append(x)
        x = keras.layers.Concatenate(dtype=dtype, name=f"{name}_concat_{index}")(parts)
    x = conv(filters, f"{name}_conv_5", dtype, **options)(x)
    return ScaledSum(RESIDUAL_SCALE, dtype=dtype, name=f"{name}_sum")([inputs, x])


def _leaky_conv(filters: int, name: str, dtype: str, **options: Any) -> Any:
    # As an activation, whose slope is 0.2: hundreds of layers fewer in the graph.
    return conv(filters, name, dtype, activation="leaky_relu", **options)


def _repeat(x: Any, name: str, dtype: str) -> Any:
    """Enlarge by two; half the time of `UpSampling2D` with TensorFlow on a CPU."""
    x = keras.layers.Concatenate(dtype=dtype, name=f"{name}_copies")([x] * 4)
    return DepthToSpace(2, dtype=dtype, name=f"{name}_repeat")(x)
