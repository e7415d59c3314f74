"""Small engines and networks for the tests of this folder."""

from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.card import NetworkSpec
from imgan.bundles.grid import Grid
from imgan.inference.graph import TileResult
from imgan.types import Array
from imgan.types import Region


def card(**changes: Any) -> Card:
    """Return a card of a small x2 network for colour."""
    values = {
        "imgan_version": "0",
        "name": "small",
        "task": "super_resolution",
        "family": "test",
        "network": NetworkSpec(path="tests:none", config={}, parameters=0),
        "scale": 2,
        "input_channels": 3,
        "output_channels": 3,
        "halo": 3,
        "tile": 64,
        **changes,
    }
    return Card(**values)


def convolutions(
    dtype: str = "float32",
    *,
    scale: int = 2,
    channels: int = 3,
    depth: int = 3,
    filters: int = 16,
    seed: int = 7,
) -> Any:
    """Return a network of zero-padded 3x3 convolutions and one depth-to-space."""
    import keras

    from imgan.layers.depth_to_space import DepthToSpace

    def conv(count: int, index: int, policy: str, activation: str | None) -> Any:
        return keras.layers.Conv2D(
            count,
            3,
            padding="same",
            activation=activation,
            dtype=policy,
            kernel_initializer=keras.initializers.HeNormal(seed + index),
            bias_initializer=keras.initializers.RandomUniform(-0.1, 0.1, seed + index),
        )

    hidden = "float32" if dtype == "float32" else f"mixed_{dtype}"
    images = keras.Input((None, None, channels))
    x = conv(filters, 0, "float32", "relu")(images)
    for index in range(1, depth - 1):
        x = conv(filters, index, hidden, "relu")(x)
    x = conv(channels * scale**2, depth, hidden, None)(x)
    x = DepthToSpace(scale, dtype="float32")(x)
    base = keras.layers.UpSampling2D(scale, dtype="float32")(images)
    return keras.Model(images, keras.layers.Add(dtype="float32")([x, base]))


class NearestEngine:
    """Repeats each pixel; without TensorFlow. Records the tiles it was given."""

    name = "nearest"
    device = "cpu"
    translates = False
    precision: str | None = None

    def __init__(self, scale: int = 2, tile: int = 64, **grid: int) -> None:
        self.grid = Grid(tile, grid.pop("halo", 2), scale, **grid)
        self.default_scale = float(scale)
        self.streams = 1
        self.shapes: list[tuple[int, ...]] = []

    def channels(self, channels: int) -> int:
        """Return the same number."""
        return channels

    def dtype(self, dtype: str) -> str:
        """Return the same dtype."""
        return dtype

    def prepare(self, pixels: Array) -> Array:
        """Return the picture itself."""
        return pixels

    def run(
        self,
        pixels: Array,
        crop: Region,
        precision: str,
        *,
        quantise: bool,
        compiled: bool = False,
    ) -> TileResult:
        """Return the enlarged tile."""
        self.shapes.append(pixels.shape)
        scale = self.grid.scale
        made = pixels.repeat(scale, 0).repeat(scale, 1)[crop.slices()]
        if not quantise and made.dtype.kind == "u":
            made = made.astype(np.float32) / np.iinfo(made.dtype).max
        return TileResult(made, finite=True, black=False)


def picture(height: int, width: int, *more: int, dtype: str = "uint8") -> Array:
    """Return a picture with smooth and busy places, the same every time."""
    random = np.random.default_rng(height * 1000 + width)
    shape = (height, width, *more)
    rows, columns = np.indices((height, width))
    wave = 0.5 + 0.4 * np.sin(rows / 7) * np.cos(columns / 5)
    noise = random.random(shape) * 0.2
    values = wave.reshape((height, width) + (1,) * len(more)) * 0.8 + noise
    if dtype == "float32":
        return values.astype(np.float32)
    return (values * np.iinfo(dtype).max).astype(dtype)


def translation_card(**changes: Any) -> Card:
    """Return the card of a small network that keeps the size and sees 3 pixels far."""
    ends = {"input_range": (-1, 1), "output_range": (-1, 1)}
    return card(**{"task": "translation", "scale": 1, **ends, **changes})


def save_translator(network: Any, folder: Path, **changes: Any) -> Card:
    """Write the bundle of a translation network, tiled as the network allows."""
    from imgan.bundles.bundle import describe_network
    from imgan.bundles.bundle import save_bundle
    from imgan.networks.halo import halo

    values = {
        "network": describe_network(network),
        "input_channels": network.input_shape[-1],
        "output_channels": network.output_shape[-1],
        "size_multiple": network.size_multiple,
        "minimum_size": network.minimum_size,
        "halo": halo(network),
        **changes,
    }
    return save_bundle(network, translation_card(**values), folder)
