"""EDSR, residual super-resolution without normalisation."""

import keras

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.scaled_sum import ScaledSum
from imgan.networks.base import DIV2K_MEAN
from imgan.networks.base import Network
from imgan.networks.base import conv
from imgan.networks.base import tenth_of_he

PIXEL_RANGE = 255.0
OTHER_MEAN = 0.5
"""Of pictures that are not RGB."""


@keras.saving.register_keras_serializable(package="imgan")
class EDSR(Network):
    """Super-resolution generator of residual blocks without batch normalisation.

    Follows [Lim et al., 2017](https://arxiv.org/abs/1707.02921), section 3, with the
    mean of DIV2K and the range of 255 inside the network, as in the authors' code;
    the mean of pictures that are not RGB is taken as 0.5. The published sizes are 64
    filters and 16 blocks, and 256 filters and 32 blocks with a residual scale of 0.1.
    Kernels of blocks, trunk and last convolution start at a tenth of He's scale. The
    first and the last convolution are float32 under any precision.

    Args:
        scale: Ratio of output to input size; 2, 3 or 4.
        num_filters: Channels of the residual blocks.
        num_blocks: Residual blocks.
        residual_scale: What the branch of each block is multiplied with.
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
        residual_scale: float = 1.0,
        channels: int = 3,
        dtype: str = "float32",
        name: str = "edsr",
    ) -> None:
        if scale not in (2, 3, 4):
            raise ValueError(f"scale must be 2, 3 or 4. Received: {scale}")
        mean = list(DIV2K_MEAN) if channels == 3 else [OTHER_MEAN] * channels
        small = {"kernel_initializer": tenth_of_he()}

        # === Functional model ===
        images = keras.Input((None, None, channels), name="images")
        offset = [-PIXEL_RANGE * value for value in mean]
        x = keras.layers.Rescaling(PIXEL_RANGE, offset, dtype="float32", name="shift")(
            images
        )
        first = x = conv(num_filters, "first", "float32")(x)
        for index in range(num_blocks):
            block = f"block_{index:02d}"
            y = conv(num_filters, f"{block}_conv_1", dtype, **small)(x)
            y = keras.layers.ReLU(dtype=dtype, name=f"{block}_relu")(y)
            y = conv(num_filters, f"{block}_conv_2", dtype, **small)(y)
            x = ScaledSum(residual_scale, dtype=dtype, name=f"{block}_sum")([x, y])
        x = conv(num_filters, "trunk", dtype, **small)(x)
        x = keras.layers.Add(dtype=dtype, name="trunk_sum")([x, first])
        for index, step in enumerate((2, 2) if scale == 4 else (scale,)):
            x = conv(num_filters * step**2, f"up_{index}", dtype)(x)
            x = DepthToSpace(step, dtype=dtype, name=f"up_{index}_shuffle")(x)
        x = conv(channels, "last", "float32", **small)(x)
        outputs = keras.layers.Rescaling(
            1.0 / PIXEL_RANGE, mean, dtype="float32", name="unshift"
        )(x)

        # === Config ===
        arguments = {
            "scale": scale,
            "num_filters": num_filters,
            "num_blocks": num_blocks,
            "residual_scale": residual_scale,
            "channels": channels,
            "dtype": dtype,
        }
        super().__init__(images, outputs, arguments=arguments, name=name)
