"""What a network takes and gives as named tensors, for programs without imgan."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.drawing import check_generator
from imgan.bundles.drawing import drawing_signature
from imgan.bundles.drawing import generation_card
from imgan.bundles.grid import padded_length
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Size
from imgan.types import to_range

Feed = dict[str, Array]
"""What a network takes, by name."""

Run = Callable[[Feed], Array]
"""A network as a function of numpy arrays."""

IMAGES, LATENT, LABEL = "images", "latent", "label"

# Odd sides, unless the network takes none; the second size proves that any will do.
_SIDES = Size(24, 37)
_DRAWN = (5, 3)


@dataclass(frozen=True)
class PortableNetwork:
    """A network in its inference form and float32, and its card.

    Pictures: `images` float32 `(batch, height, width, channels)` in the card's
    `input_range`, to `outputs` in its `output_range`, as the network gives them: not
    clipped. Generators of noise: `latent` float32 `(batch, dim)` and, if the card has
    labels, `label` int32 `(batch,)`, to `images` float32 in the `output_range`.
    """

    network: Any
    card: Card

    @classmethod
    def load(cls, bundle: Path) -> "PortableNetwork":
        """Load a bundle.

        Raises:
            CheckpointError: If it cannot be used.
        """
        import_tensorflow()
        network, card = load_network(bundle, "float32")
        if card.task == "generation":
            card = generation_card(bundle)
            check_generator(network, card)
        return cls(network.fused(), card)

    @property
    def draws(self) -> bool:
        """Whether it draws from noise."""
        return self.card.task == "generation"

    @property
    def output_name(self) -> str:
        """Name of what it gives; a file of ONNX has no two tensors of one name."""
        return IMAGES if self.draws else "outputs"

    @property
    def span(self) -> float:
        """Width of the output range."""
        low, high = self.card.output_range
        return high - low

    def signature(self, batch: int | None) -> list[Any]:
        """Return the `tf.TensorSpec` of each input.

        Args:
            batch: Pictures at once; None: any number. Latents are always any number.
        """
        if self.draws:
            return drawing_signature(self.card)
        tf = import_tensorflow()
        shape = (batch, None, None, self.card.input_channels)
        return [tf.TensorSpec(shape, tf.float32, name=IMAGES)]

    def function(self) -> Callable[..., Any]:
        """Return the network as a function of tensors, in the signature's order."""

        def call(*tensors: Any) -> Any:
            inputs = tensors[0] if len(tensors) == 1 else list(tensors)
            return self.network(inputs, training=False)

        return call

    def compute(self, feed: Feed) -> Array:
        """Return what Keras makes of arrays."""
        return np.asarray(self.function()(*feed.values()))

    def examples(self) -> list[Feed]:
        """Return two inputs of different sizes, the same every time."""
        if self.draws:
            return [self.noise(count, seed) for seed, count in enumerate(_DRAWN)]
        unit, least = self.card.size_multiple, self.card.minimum_size
        height, width = (padded_length(side, unit, least) for side in _SIDES)
        sizes = Size(height, width), Size(height + unit, width + unit)
        return [{IMAGES: self._example_picture(size)} for size in sizes]

    def noise(self, count: int, seed: int) -> Feed:
        """Return latents, and labels in turn if it takes any."""
        latent = self.card.latent
        if latent is None:
            raise ValueError("card must have latent")
        random = np.random.default_rng(seed)
        shape = (count, latent.dim)
        uniform = latent.distribution == "uniform"
        values = random.uniform(-1, 1, shape) if uniform else random.normal(size=shape)
        feed: Feed = {LATENT: values.astype(np.float32)}
        if self.card.labels is not None:
            labels = np.arange(count, dtype=np.int32) + np.int32(seed)
            feed[LABEL] = labels % np.int32(len(self.card.labels))
        return feed

    def describe(self, batch: str) -> list[str]:
        """Return what goes in and out, in lines for the user.

        Args:
            batch: How many pictures at once: "1", or "batch" for any number.
        """
        card = self.card
        channels = card.output_channels
        if card.latent is not None and card.image_size is not None:
            of = "uniform in -1 to 1" if self._is_uniform else "standard normal"
            lines = [f"in: {LATENT} float32 (batch, {card.latent.dim}), {of}"]
            if card.labels is not None:
                last = len(card.labels) - 1
                lines.append(f"in: {LABEL} int32 (batch,), 0 to {last}")
            height, width = card.image_size
            shape = f"(batch, {height}, {width}, {channels})"
        else:
            shape = f"({batch}, height, width, {card.input_channels})"
            lines = [f"in: {IMAGES} float32 {shape}, {_words(card.input_range)}"]
            sides = self._describe_sides()
            lines[0] += f"; {sides}" if sides else ""
            times = f"{card.scale} * " if card.scale > 1 else ""
            shape = f"({batch}, {times}height, {times}width, {channels})"
        made = _words(card.output_range)
        clipped = "" if self.draws else ", not clipped"
        return [*lines, f"out: {self.output_name} float32 {shape}, {made}{clipped}"]

    @property
    def _is_uniform(self) -> bool:
        return self.card.latent is not None and (
            self.card.latent.distribution == "uniform"
        )

    def _describe_sides(self) -> str:
        unit, least = self.card.size_multiple, self.card.minimum_size
        parts = [f"sides are multiples of {unit}"] if unit > 1 else []
        if least > unit:
            parts.append(f"{'' if parts else 'sides are '}at least {least}")
        return " and ".join(parts)

    def _example_picture(self, size: Size) -> Array:
        """Return waves, an edge and a little noise, `(1, *size, channels)`."""
        rows, columns = np.indices(size)
        random = np.random.default_rng(size.width)
        channels = range(self.card.input_channels or 1)
        waves = [
            0.5 + 0.3 * np.sin(rows / 7 + index) * np.cos(columns / 5 - index)
            for index in channels
        ]
        light = np.stack(waves, axis=-1)
        light[:, size.width // 2 :] *= 0.7
        light += random.uniform(-0.05, 0.05, light.shape)
        picture = to_range(np.clip(light, 0.0, 1.0), self.card.input_range)
        return np.asarray(picture, np.float32)[np.newaxis]


def _words(value_range: tuple[float, float]) -> str:
    low, high = value_range
    return f"{low:g} to {high:g}"
