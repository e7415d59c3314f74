"""The coarse and the fine generator of pix2pixHD."""

import keras

from imgan.layers.valid_average import ValidAverage
from imgan.networks.residual import ResidualGenerator
from imgan.networks.residual import ResidualParts
from imgan.networks.residual import shortest
from imgan.networks.translation import Normalization
from imgan.networks.translation import TranslationGenerator

_LAST = "outputs"


@keras.saving.register_keras_serializable(package="imgan")
class GlobalGenerator(ResidualGenerator):
    """The generator of the whole scene at half of the final size.

    Follows [Wang et al., 2018](https://arxiv.org/abs/1711.11585), section 3.1, and the
    released code: as CycleGAN's, with four halvings. With 36 input channels it has
    182,546,755 parameters. The first and the last convolution are float32 under any
    precision.

    Args:
        input_channels: Channels of the pictures it is given.
        output_channels: Channels of the pictures it makes.
        num_filters: Channels at full size; doubled with every halving.
        num_residual_blocks: Blocks after the halvings.
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
        num_downsamplings: int = 4,
        normalization: Normalization = "instance",
        dropout: float = 0.0,
        resize_convolution: bool = False,
        noise_seed: int | None = None,
        seed: int = 0,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "global_generator",
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


@keras.saving.register_keras_serializable(package="imgan")
class LocalEnhancer(TranslationGenerator):
    """A global generator at half size, and a few layers at full size around it.

    Follows [Wang et al., 2018](https://arxiv.org/abs/1711.11585), section 3.1, with one
    enhancer: the last features of the global generator are added to what half as many
    filters saw at full size. The first and the last convolution are float32 under any
    precision.

    Args:
        input_channels: Channels of the pictures it is given.
        output_channels: Channels of the pictures it makes.
        num_filters: Of the global generator, channels at half size; an even number.
        num_residual_blocks: Of the global generator.
        num_downsamplings: Of the global generator.
        num_local_blocks: Residual blocks after the sum.
        normalization: "batch", "instance", "instance_affine" (with trained scale and
            offset) or "none". With both of "instance" every pixel depends on the whole
            picture.
        dropout: Fraction of activations dropped within each block.
        resize_convolution: Enlarge by repetition and convolve 3x3 instead of transposed
            convolutions.
        noise_seed: Drop at inference too, by masks that are a function of this number;
            None: in training only.
        seed: Of the dropout in training.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, input_channels)` float32 in `[-1, 1]`; sides are
            multiples of `2 * 2**num_downsamplings` and at least `minimum_size`.

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
        num_downsamplings: int = 4,
        num_local_blocks: int = 3,
        normalization: Normalization = "instance",
        dropout: float = 0.0,
        resize_convolution: bool = False,
        noise_seed: int | None = None,
        seed: int = 0,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "local_enhancer",
    ) -> None:
        if num_filters % 2:
            raise ValueError(f"num_filters must be even. Received: {num_filters}")
        arguments = {
            "input_channels": input_channels,
            "output_channels": output_channels,
            "num_filters": num_filters,
            "num_residual_blocks": num_residual_blocks,
            "num_downsamplings": num_downsamplings,
            "num_local_blocks": num_local_blocks,
            "normalization": normalization,
            "dropout": dropout,
            "resize_convolution": resize_convolution,
            "noise_seed": noise_seed,
            "seed": seed,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        # === Functional model ===
        parts = ResidualParts.of(arguments)
        images = keras.Input((None, None, input_channels), name="images")
        halved = ValidAverage(dtype="float32", name="halved")
        coarse = parts.body(
            halved(images), num_filters, num_downsamplings, num_residual_blocks
        )
        fine = parts.first(images, num_filters // 2, "local_first")
        fine = parts.halve(fine, num_filters, "local_down")
        x = keras.layers.Add(dtype=dtype, name="local_sum")([fine, coarse])
        x = parts.blocks(x, num_local_blocks, "local_block")
        x = parts.double(x, num_filters // 2, "local_up")
        outputs = parts.last(x, output_channels, f"local_{_LAST}")
        super().__init__(images, outputs, arguments=arguments, name=name)

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return 2 * 2 ** int(self._arguments["num_downsamplings"])

    @property
    def minimum_size(self) -> int:
        """Shortest height and width that the network takes."""
        return 2 * shortest(int(self._arguments["num_downsamplings"]))

    def load_global(self, global_generator: GlobalGenerator) -> None:
        """Take the weights of a trained global generator, but for its last layer.

        Raises:
            ValueError: If it was built from other arguments.
        """
        theirs, own = global_generator.get_config(), self.get_config()
        for key in (
            "input_channels",
            "num_filters",
            "num_residual_blocks",
            "num_downsamplings",
            "normalization",
            "resize_convolution",
        ):
            if theirs[key] != own[key]:
                raise ValueError(
                    f"{key} of the global generator must be {own[key]!r}, that of the "
                    f"local enhancer. Received: {theirs[key]!r}"
                )
        for layer in global_generator.layers:
            if layer.weights and layer.name != _LAST:
                self.get_layer(layer.name).set_weights(layer.get_weights())
