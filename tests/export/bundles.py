"""A small bundle of every family, for the contract of exports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import InferenceMode
from imgan.networks.base import Network
from imgan.networks.halo import halo
from imgan.networks.unet import UNetGenerator
from tests.contracts import randomize
from tests.inference import generators
from tests.networks.small import SMALL
from tests.networks.small import TRANSLATORS

TILE = 16
"""So that pictures of the tests are tiled."""

# A family whose generator is that of another one.
_ALIASES = {"srgan": "srresnet", "esrgan": "rrdb", "realesrgan": "rrdb"}


def enlarging(name: str, folder: Path) -> Path:
    """Save a small network of super-resolution, with weights that do something."""
    network = SMALL[_ALIASES.get(name, name)](scale=2).fused()
    # The last kernel begins near zero, and a test of the base alone would show nothing.
    randomize(network)
    return save(network, folder, name, "super_resolution", scale=2)


def translating(name: str, folder: Path) -> Path:
    """Save a small network of translation for colour."""
    network = TRANSLATORS[name](input_channels=3, output_channels=3)
    randomize(network)
    return save(network, folder, name, "translation")


def exact_unet(name: str, folder: Path) -> Path:
    """Save a U-Net with batch normalisation, whose tiles fit."""
    network = UNetGenerator(
        input_channels=3,
        output_channels=1,
        num_filters=4,
        num_levels=2,
        normalization="batch",
    )
    randomize(network)
    return save(network, folder, "pix2pix", "translation")


def drawing(name: str, folder: Path) -> Path:
    """Save a small generator of noise."""
    if name == "cgan":
        return generators.labelled(folder)
    if name == "gan":
        return generators.perceptron(folder)
    return generators.unlabelled(folder, family=name)


FAMILIES: dict[str, Callable[[str, Path], Path]] = {
    **dict.fromkeys([*SMALL, *_ALIASES], enlarging),
    **dict.fromkeys(TRANSLATORS, translating),
    "exact_unet": exact_unet,
    **dict.fromkeys(["gan", "dcgan", "cgan", "wgan_gp"], drawing),
}


def make(name: str, folder: Path) -> Path:
    """Save a small bundle of a family, or another kind of the table."""
    return FAMILIES[name](name, folder)


def save(
    network: Network, folder: Path, family: str, task: str, scale: int = 1
) -> Path:
    reach = halo(network)
    values: dict[str, Any] = {
        "imgan_version": "0",
        "name": folder.name,
        "task": task,
        "family": family,
        "network": describe_network(network),
        "scale": scale,
        "input_channels": network.input_shape[-1],
        "output_channels": network.output_shape[-1],
        "input_range": network.input_range,
        "output_range": network.output_range,
        "size_multiple": network.size_multiple,
        "minimum_size": network.minimum_size,
        "halo": reach,
        "tile": TILE,
        "overlap": 6 if reach is None else None,
        "inference_mode": InferenceMode(normalization=network.inference_normalization),
    }
    save_bundle(network, Card(**values), folder)
    return folder
