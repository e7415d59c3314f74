"""What generators of noise, and discriminators, have in common."""

from collections.abc import Mapping
from typing import Any
from typing import ClassVar
from typing import Literal

import keras
import numpy as np

from imgan.networks.base import Network
from imgan.types import Array

SELF_CHECK_LATENTS = 8


class LatentGenerator(Network):
    """A generator that makes images of one size from latents, and labels if it has any.

    Call arguments:
        inputs: `latents` `(batch, latent_dim)` float32, drawn from
            `latent_distribution`; or `[latents, labels]` with labels `(batch,)` int32
            if `num_classes` is not 0.

    Returns:
        `(batch, image_size, image_size, channels)` float32 in `output_range`.
    """

    output_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    latent_distribution: ClassVar[Literal["normal", "uniform"]] = "normal"
    """Standard normal, or uniform in `[-1, 1]`."""

    @property
    def latent_dim(self) -> int:
        """Numbers that one image is made from."""
        return int(self._arguments["latent_dim"])

    @property
    def num_classes(self) -> int:
        """Number of labels; 0: the generator takes none."""
        return int(self._arguments.get("num_classes", 0))

    @property
    def image_size(self) -> int:
        """Height and width of the images."""
        return int(self._arguments["image_size"])

    def self_check_inputs(self, size: tuple[int, int]) -> Array | list[Array]:
        """Return fixed latents, with labels if it takes any; `size` is not used."""
        # No random generator: their streams may change with a release of numpy.
        count = SELF_CHECK_LATENTS * self.latent_dim
        values = np.sin(np.arange(1, count + 1, dtype=np.float64) ** 2)
        if self.latent_distribution == "normal":
            values *= np.sqrt(2.0)
        latents = values.astype(np.float32).reshape(-1, self.latent_dim)
        if not self.num_classes:
            return latents
        return [latents, np.arange(len(latents), dtype=np.int32) % self.num_classes]


class ImageDiscriminator(Network):
    """A discriminator of images or patches, with labels if it has any.

    Args:
        inputs: Symbolic images, or `[images, labels]`.
        outputs: Symbolic logits.
        features: Name and symbolic output of the layers for feature matching.
        arguments: The subclass' constructor arguments, for `get_config`.
        name: Name of the model.

    Call arguments:
        inputs: `images` `(batch, height, width, channels)` float32 in `input_range`, or
            in the output range of the generator that it is trained against; both sides
            are `image_size` if that is not None. Or `[images, labels]` with labels
            `(batch,)` int32 if `num_classes` is not 0.

    Returns:
        Float32 logits, `(batch, 1)`, or `(batch, height, width, 1)` for every pixel.
    """

    input_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        *,
        features: Mapping[str, Any],
        arguments: Mapping[str, Any],
        name: str | None = None,
    ) -> None:
        super().__init__(inputs, outputs, arguments=arguments, name=name)
        self._features = dict(features)

    @property
    def num_classes(self) -> int:
        """Number of labels; 0: the discriminator takes none."""
        return int(self._arguments.get("num_classes", 0))

    @property
    def image_size(self) -> int | None:
        """Height and width of the images; None: any."""
        size = self._arguments.get("image_size")
        return None if size is None else int(size)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Layers whose outputs feature matching compares, from first to last."""
        return tuple(self._features)

    def with_features(self) -> keras.Model:
        """Return a model of the same layers that gives `[logits, feature_1, ...]`."""
        return keras.Model(self.input, [self.output, *self._features.values()])


def label_input() -> Any:
    """Return the symbolic input of labels, `(batch,)` int32."""
    return keras.Input((), dtype="int32", name="labels")
