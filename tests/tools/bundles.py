"""Bundles that tools refuse."""

from pathlib import Path

import numpy as np

from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import read_card
from imgan.bundles.register import PRETRAINED
from imgan.networks.srresnet import SRResNet


def save_srresnet(bundle: Path) -> None:
    """Save a small network with batch normalisation and no bias for each sub-pixel."""
    config = {"scale": 4, "num_filters": 8, "num_blocks": 1}
    network = SRResNet(scale=4, num_filters=8, num_blocks=1)
    network(np.zeros((1, 16, 16, 3), np.float32))
    card = read_card(PRETRAINED / "x4-fast")
    spec = card.network.model_copy(
        update={
            "path": "imgan.networks.srresnet:SRResNet",
            "config": config,
            "parameters": network.count_params(),
        }
    )
    save_bundle(network, card.model_copy(update={"network": spec}), bundle)
