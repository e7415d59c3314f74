"""Residual blocks of EDSR between the picture and its anchor, for CPUs."""

import keras

from imgan.layers.depth_to_space import DepthToSpace
from imgan.networks.base import Network
from imgan.networks.base import conv
from imgan.networks.base import tenth_of_he


@keras.saving.register_keras_serializable(package="imgan")
class AnchoredEDSR(Network):
    """Super-resolution by residual blocks and one sub-pixel step.

    The blocks are those of EDSR ([Lim et al., 2017](https://arxiv.org/abs/1707.02921),
    section 3.1), two 3x3 convolutions with a ReLU between them. What EDSR does after
    them at higher resolution, most of its cost, is left out: the last convolution
    makes all pixels of a cell at once, and the input repeated, the "anchor" of
    [Du et al., 2021](https://arxiv.org/abs/2105.09750), section 3.2, is added to them
    before they are put in place. There is no mean, no range of 255 and no trunk.

    A sum costs nothing at inference, where it is fused with the convolution before it:
    blocks are as fast as a plain chain of as many convolutions, and train better. The
    first convolution and the sum with the anchor are float32 under any precision.

    Args:
        scale: Ratio of output to input size.
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
        name: str = "anchored_edsr",
    ) -> None:
        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        x = conv(num_filters, "first", "float32")(images)
        for index in range(num_blocks):
            block = f"block_{index:02d}"
            y = conv(num_filters, f"{block}_conv_1", dtype, activation="relu")(x)
            # Blocks begin near the identity, so that depth does no harm.
            small = {"kernel_initializer": tenth_of_he()}
            y = conv(num_filters, f"{block}_conv_2", dtype, **small)(y)
            x = keras.layers.Add(dtype=dtype, name=f"{block}_sum")([x, y])
        # A last kernel near zero starts the training at the repeated input.
        near_zero = keras.initializers.RandomNormal(stddev=1e-3)
        x = conv(channels * scale**2, "last", dtype, kernel_initializer=near_zero)(x)
        anchor = keras.layers.Concatenate(name="anchor")([images] * scale**2)
        total = keras.layers.Add(dtype="float32", name="sum")([x, anchor])
        outputs = DepthToSpace(scale, dtype="float32", name="shuffle")(total)

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_blocks": num_blocks,
            "channels": channels,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)
