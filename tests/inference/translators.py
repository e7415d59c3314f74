"""Small bundles of translation, whose results are known."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

import imgan
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.networks.base import Network
from imgan.networks.resnet import ResNetGenerator
from tests.contracts import randomize


@keras.saving.register_keras_serializable(package="tests")
class Negative(Network):
    """Turns light into dark: every result channel is minus a weighted sum."""

    input_range = (-1.0, 1.0)
    output_range = (-1.0, 1.0)

    def __init__(
        self,
        *,
        input_channels: int = 3,
        output_channels: int = 3,
        dtype: str | None = None,
        name: str = "negative",
    ) -> None:
        arguments = {"input_channels": input_channels, "dtype": dtype}
        images = keras.Input((None, None, input_channels))
        mixed = keras.layers.Conv2D(output_channels, 1, dtype="float32")(images)
        arguments["output_channels"] = output_channels
        super().__init__(images, mixed, arguments=arguments, name=name)


def save_negative(
    folder: Path, inputs: int = 3, outputs: int = 3, first: int = 0, **changes: Any
) -> str:
    """Save a network that inverts input channels `first`, `first + 1` and so on.

    Fewer inputs than outputs are taken again from the first.
    """
    network = Negative(input_channels=inputs, output_channels=outputs)
    kernel = np.zeros((1, 1, inputs, outputs), np.float32)
    for channel in range(outputs):
        kernel[0, 0, (first + channel) % inputs, channel] = -1.0
    network.set_weights([kernel, np.zeros(outputs, np.float32)])
    return save(network, folder, {"halo": 0, "tile": 64, **changes})


def save_residual(folder: Path, **changes: Any) -> str:
    """Save a small network of CycleGAN with instance normalisation and dropout."""
    network = ResNetGenerator(
        num_filters=4, num_residual_blocks=1, num_downsamplings=1, dropout=0.5
    )
    randomize(network)
    values = {
        "size_multiple": network.size_multiple,
        "minimum_size": network.minimum_size,
        "halo": None,
        "tile": 64,
        "overlap": 16,
    }
    return save(network, folder, {**values, **changes})


def save(network: Any, folder: Path, changes: dict[str, Any]) -> str:
    values = {
        "imgan_version": imgan.__version__,
        "name": folder.name,
        "task": "translation",
        "family": "pix2pix",
        "network": describe_network(network),
        "scale": 1,
        "input_channels": network.input_shape[-1],
        "output_channels": network.output_shape[-1],
        "input_range": (-1.0, 1.0),
        "output_range": (-1.0, 1.0),
    }
    save_bundle(network, Card(**{**values, **changes}), folder)
    return str(folder)
