"""Small generators of noise as bundles, for tests of drawing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import LatentSpec
from tests.contracts import randomize

LABELS = ("zero", "one", "two")


def save_generator(network: Any, folder: Path, **changes: Any) -> Path:
    """Give a generator random weights, save it with its card, and return the bundle."""
    randomize(network)
    # A first layer that drowns its latents would draw the same picture every time.
    kernel = next(weight for weight in network.weights if "kernel" in weight.path)
    kernel.assign(kernel * 10)
    size = (network.image_size, network.image_size)
    values = {
        "imgan_version": "0",
        "name": "small",
        "task": "generation",
        "family": "dcgan",
        "network": describe_network(network),
        "scale": 1,
        "input_channels": None,
        "output_channels": network.output_shape[-1],
        "output_range": network.output_range,
        "halo": None,
        "latent": LatentSpec(
            dim=network.latent_dim, distribution=network.latent_distribution
        ),
        "image_size": size,
    }
    save_bundle(network, Card(**{**values, **changes}), folder)
    return folder


def labelled(folder: Path, labels: Sequence[str] = LABELS, **changes: Any) -> Path:
    """Return a bundle that draws 8x8 colour pictures of labels."""
    from imgan.networks.cgan import ConditionalGenerator

    network = ConditionalGenerator(
        num_classes=len(labels), image_size=8, latent_dim=5, num_filters=4
    )
    return save_generator(
        network, folder, family="cgan", labels=list(labels), **changes
    )


def unlabelled(folder: Path, **changes: Any) -> Path:
    """Return a bundle that draws 8x8 grey pictures."""
    from imgan.networks.dcgan import DCGANGenerator

    network = DCGANGenerator(image_size=8, channels=1, latent_dim=5, num_filters=4)
    return save_generator(network, folder, **changes)


def perceptron(folder: Path, **changes: Any) -> Path:
    """Return a bundle that draws 6x6 grey pictures from uniform latents."""
    from imgan.networks.mlp import MLPGenerator

    network = MLPGenerator(image_size=6, latent_dim=4, hidden_units=(9,))
    return save_generator(network, folder, family="gan", **changes)
