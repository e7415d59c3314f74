"""Parts of the residual translators: CycleGAN's generator and those of pix2pixHD."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields
from typing import Any
from typing import Self

import keras

from imgan.layers.padded_conv import PaddedConv2D
from imgan.networks.pyramid import normal
from imgan.networks.translation import Normalization
from imgan.networks.translation import TranslationGenerator
from imgan.networks.translation import check_normalization
from imgan.networks.translation import drop
from imgan.networks.translation import normalize


@dataclass(frozen=True)
class ResidualParts:
    """Functions that add a part to a graph, all with the same options.

    Convolutions that batch normalisation follows have no bias; those that instance
    normalisation follows have one without effect, as in the released code.
    """

    normalization: Normalization = "instance"
    dropout: float = 0.0
    resize_convolution: bool = False
    noise_seed: int | None = None
    seed: int = 0
    synchronized: bool = False
    dtype: str | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """Take those options that are in a network's arguments.

        Raises:
            ValueError: If there is no such normalisation.
        """
        check_normalization(arguments["normalization"])
        return cls(**{field.name: arguments[field.name] for field in fields(cls)})

    def first(self, images: Any, filters: int, name: str = "first") -> Any:
        """7x7 on the pictures, in float32 under any precision."""
        return self._active(self._conv(images, filters, name, 7, dtype="float32"), name)

    def halve(self, x: Any, filters: int, name: str) -> Any:
        """3x3 of two strides."""
        x = self._conv(x, filters, name, 3, strides=2, border="zeros")
        return self._active(x, name)

    def double(self, x: Any, filters: int, name: str) -> Any:
        """Transposed 3x3 of two strides, or repetition and 3x3."""
        if self.resize_convolution:
            x = keras.layers.UpSampling2D(2, dtype=self.dtype, name=f"{name}_repeat")(x)
            return self._active(self._conv(x, filters, name, 3), name)
        layer = keras.layers.Conv2DTranspose(
            filters,
            3,
            strides=2,
            use_bias=self.normalization != "batch",
            kernel_initializer=normal(),
            dtype=self.dtype,
            name=name,
        )
        # The row and the column that padding of 1 takes away in PyTorch. Keras would
        # take the last ones, half a pixel off what `halve` looked at.
        crop = keras.layers.Cropping2D(
            ((1, 0), (1, 0)), dtype=self.dtype, name=f"{name}_crop"
        )
        return self._active(crop(layer(x)), name)

    def blocks(self, x: Any, count: int, name: str = "block") -> Any:
        """Residual blocks of two 3x3, without an activation after the sum."""
        for index in range(count):
            block = f"{name}_{index:02d}"
            y = self._active(self._conv(x, x.shape[-1], f"{block}_a", 3), f"{block}_a")
            seed = self.seed + index
            y = drop(y, self.dropout, block, self.dtype, seed, self.noise_seed)
            y = self._normalized(
                self._conv(y, x.shape[-1], f"{block}_b", 3), f"{block}_b"
            )
            x = keras.layers.Add(dtype=self.dtype, name=block)([x, y])
        return x

    def last(self, x: Any, channels: int, name: str = "outputs") -> Any:
        """7x7 to pictures in `[-1, 1]`, in float32 under any precision."""
        return self._conv(
            x, channels, name, 7, dtype="float32", use_bias=True, activation="tanh"
        )

    def body(
        self, images: Any, filters: int, num_downsamplings: int, num_blocks: int
    ) -> Any:
        """All but `last`: `filters` channels at the size of the pictures."""
        x = self.first(images, filters)
        for step in range(1, num_downsamplings + 1):
            x = self.halve(x, filters * 2**step, f"down_{step}")
        x = self.blocks(x, num_blocks)
        for step in reversed(range(num_downsamplings)):
            x = self.double(x, filters * 2**step, f"up_{step}")
        return x

    def _conv(self, x: Any, filters: int, name: str, size: int, **options: Any) -> Any:
        options = {
            "use_bias": self.normalization != "batch",
            "kernel_initializer": normal(),
            "dtype": self.dtype,
            **options,
        }
        return PaddedConv2D(filters, size, name=name, **options)(x)

    def _normalized(self, x: Any, name: str) -> Any:
        return normalize(
            x, self.normalization, f"{name}_norm", self.dtype, self.synchronized
        )

    def _active(self, x: Any, name: str) -> Any:
        x = self._normalized(x, name)
        return keras.layers.ReLU(dtype=self.dtype, name=f"{name}_relu")(x)


class ResidualGenerator(TranslationGenerator):
    """Halvings, residual blocks and as many doublings, as Johnson et al. have them.

    Args:
        arguments: The subclass' constructor arguments.
        name: Name of the model.
    """

    def __init__(self, arguments: Mapping[str, Any], name: str | None) -> None:
        parts = ResidualParts.of(arguments)
        images = keras.Input((None, None, arguments["input_channels"]), name="images")
        x = parts.body(
            images,
            arguments["num_filters"],
            arguments["num_downsamplings"],
            arguments["num_residual_blocks"],
        )
        outputs = parts.last(x, arguments["output_channels"])
        super().__init__(images, outputs, arguments=arguments, name=name)

    @property
    def size_multiple(self) -> int:
        """Heights and widths that the network takes are multiples of this."""
        return 2 ** int(self._arguments["num_downsamplings"])

    @property
    def minimum_size(self) -> int:
        """Shortest height and width that the network takes."""
        return shortest(int(self._arguments["num_downsamplings"]))


def shortest(num_downsamplings: int) -> int:
    """Return the shortest side of which mirrored borders can be made.

    The 7x7 mirror three pixels of the picture, and the blocks one of what is left of it
    after the halvings; one more has to be there.
    """
    return int(max(4, 2 * 2**num_downsamplings))
