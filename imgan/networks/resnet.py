"""The residual generator of CycleGAN."""

import keras

from imgan.networks.residual import ResidualGenerator
from imgan.networks.translation import Normalization


@keras.saving.register_keras_serializable(package="imgan")
class ResNetGenerator(ResidualGenerator):
    """Residual blocks between halvings and doublings, with mirrored borders.

    Follows [Zhu et al., 2017](https://arxiv.org/abs/1703.10593), section 7.2 (after
    Johnson et al.), and the released code: 7x7, halving 3x3, blocks, doubling
    transposed 3x3, 7x7 and tanh; instance normalisation without scale and offset. With
    9 blocks it has the 11,378,179 parameters of that one. The first and the last
    convolution are float32 under any precision.

    Args:
        input_channels: Channels of the pictures it is given.
        output_channels: Channels of the pictures it makes.
        num_filters: Channels at full size; doubled with every halving.
        num_residual_blocks: Blocks; 9, or 6 for pictures of 128x128.
        num_downsamplings: Times that the size is halved.
        normalization: "batch", "instance", "instance_affine" (with trained scale and
            offset) or "none". With both of "instance" every pixel depends on the whole
            picture.
        dropout: Fraction of activations dropped within each block.
        resize_convolution: Enlarge by repetition and convolve 3x3, which leaves no
            checkerboard ([Odena et al., 2016](https://doi.org/10.23915/distill.00003)),
            instead of transposed convolutions.
        noise_seed: Drop at inference too, by masks that are a function of this number;
            None: in training only.
        seed: Of the dropout in training.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, input_channels)` float32 in `[-1, 1]`; sides are
            multiples of `2**num_downsamplings` and at least `minimum_size`.

    Returns:
        `(batch, height, width, output_channels)` float32 in `[-1, 1]`.
    """

    def __init__(
        self,
        *,
        input_channels: int = 3,
        output_channels: int = 3,
        num_filters: int = 64,
        num_residual_blocks: int = 9,
        num_downsamplings: int = 2,
        normalization: Normalization = "instance",
        dropout: float = 0.0,
        resize_convolution: bool = False,
        noise_seed: int | None = None,
        seed: int = 0,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "resnet_generator",
    ) -> None:
        arguments = {
            "input_channels": input_channels,
            "output_channels": output_channels,
            "num_filters": num_filters,
            "num_residual_blocks": num_residual_blocks,
            "num_downsamplings": num_downsamplings,
            "normalization": normalization,
            "dropout": dropout,
            "resize_convolution": resize_convolution,
            "noise_seed": noise_seed,
            "seed": seed,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(arguments, name)
