"""An imported network as users have it: a bundle that makes pictures tile by tile."""

import json
from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.conversion import convert
from imgan.importing.detection import detect
from imgan.inference.predictor import Predictor
from imgan.networks.halo import halo
from imgan.types import from_range

FOLDER = Path(__file__).parent / "fixtures" / "torch"
INDEX = json.loads((FOLDER / "index.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["compact", "srgan_leftthomas", "srgan_lornatang_2023", "rrdb_new_x2"]
)
def test_tiles_of_a_bundle_are_what_pytorch_computes(name: str, tmp_path: Path) -> None:
    tensors = read_checkpoint(FOLDER / f"{name}.pth").tensors
    plan = detect(tensors)
    network = convert(plan, tensors)
    card = Card(
        imgan_version="0",
        name=name,
        task="super_resolution",
        family=plan.family,
        network=describe_network(network),
        scale=plan.arguments["scale"],
        input_channels=3,
        output_channels=3,
        output_range=network.output_range,
        size_multiple=network.size_multiple,
        halo=halo(network),
    )
    save_bundle(network, card, tmp_path / name)
    loaded, _ = load_network(tmp_path / name)
    assert loaded.get_config() == network.get_config()
    with np.load(FOLDER / f"{name}.npz") as arrays:
        picture, expected = arrays["picture"][0], arrays["made"][0]
    predictor = Predictor.load(tmp_path / name, tile=2, precision="float32")
    light = from_range(expected, tuple(INDEX[name]["range"])).clip(0, 1)
    np.testing.assert_allclose(predictor(picture), light, atol=1e-5)
