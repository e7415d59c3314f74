"""Small bundles of every generator that the table of families knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import ops

from imgan import families
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.networks.base import Network
from imgan.types import Array
from tests.contracts import randomize
from tests.inference import generators
from tests.inference import networks
from tests.networks import small

_SHARED = {"srgan": "srresnet", "esrgan": "rrdb", "realesrgan": "rrdb"}

GENERATORS = sorted(
    {
        family.generator: name for name, family in reversed(families.FAMILIES.items())
    }.values()
)
"""One family for each generator, the first that has it."""


def save_family(name: str, folder: Path, **arguments: Any) -> Path:
    """Save a small generator of a family with random weights.

    Args:
        name: Of the family.
        folder: Of the bundle.
        arguments: Of the network.
    """
    name = _SHARED.get(name, name)
    if name in small.GENERATORS:
        return generators.save_generator(
            small.GENERATORS[name](**arguments), folder, **_labels(name)
        )
    makers: dict[str, Callable[..., Any]] = {**small.SMALL, **small.TRANSLATORS}
    network = makers[name](**arguments)
    randomize(network)
    if name in small.TRANSLATORS:
        networks.save_translator(network, folder, **_normalized(network))
        return folder
    save_network(network.fused(), folder)
    return folder


def save_network(network: Any, folder: Path, **changes: Any) -> Card:
    """Save a network of super-resolution as it is."""
    values = {
        "name": folder.name,
        "network": describe_network(network),
        "scale": network.get_config().get("scale", 1),
        "input_channels": network.input_shape[-1],
        "output_channels": network.output_shape[-1],
        "size_multiple": network.size_multiple,
        "minimum_size": network.minimum_size,
        "output_range": network.output_range,
        **changes,
    }
    return save_bundle(network, networks.card(**values), folder)


def _labels(name: str) -> dict[str, Any]:
    return {"labels": ["a", "b", "c"]} if families.get(name).labelled else {}


def _normalized(network: Any) -> dict[str, Any]:
    return {"inference_mode": {"normalization": network.inference_normalization}}


def save_pictures(folder: Path, *sizes: tuple[int, ...], first: int = 0) -> Path:
    """Write a PNG for each size, waves and noise, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, size in enumerate(sizes, first):
        pixels = networks.picture(*size)
        assert cv2.imwrite(str(folder / f"{index}.png"), pixels)
    return folder


def feeds(network: Any, card: Card) -> list[dict[str, Any]]:
    """Return two inputs of different sizes, by name."""
    random = np.random.default_rng(8)
    if card.latent is not None:
        made = []
        for count in (1, 4):
            latent = random.uniform(-1, 1, (count, card.latent.dim))
            feed = {"latent": latent.astype(np.float32)}
            if card.labels is not None:
                feed["label"] = np.arange(count, dtype=np.int32) % len(card.labels)
            made.append(feed)
        return made
    unit, least = card.size_multiple, card.minimum_size
    sides = [max(side, least) // unit * unit for side in (19, 33, 45, 28)]
    low, high = card.input_range
    return [
        {
            "images": random.uniform(
                low, high, (1, height, width, card.input_channels)
            ).astype(np.float32)
        }
        for height, width in (sides[:2], sides[2:])
    ]


def by_keras(network: Any, feed: dict[str, Any]) -> Any:
    """Return what Keras makes of an input."""
    inputs = list(feed.values())
    return np.asarray(network(inputs if len(inputs) > 1 else inputs[0]))


@keras.saving.register_keras_serializable(package="tests")
class Singular(Network):
    """Has an operation that no format but TensorFlow's own knows."""

    def __init__(self, *, dtype: str | None = None, name: str = "singular") -> None:
        images = keras.Input((None, None, 3))
        made = images + Values(dtype="float32")(images)
        super().__init__(images, made, arguments={"dtype": dtype}, name=name)


@keras.saving.register_keras_serializable(package="tests")
class Values(keras.layers.Layer):
    def call(self, images: Array) -> Array:
        """Add the largest singular value of each row."""
        return ops.svd(images, compute_uv=False)[..., :1][:, :, None]

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> object:
        return (*shape[:-1], 1)
