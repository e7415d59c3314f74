"""Small exports that the tests of serving share."""

from pathlib import Path

import pytest

import imgan
from imgan.export.saved_model import export_saved_model
from imgan.inference.predictor import Predictor
from tests.contracts import randomize
from tests.inference.networks import card
from tests.inference.networks import save_translator
from tests.networks.small import SMALL
from tests.networks.small import TRANSLATORS


@pytest.fixture(scope="session")
def enlarging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the versions of a small x2 network for colour, `bundle` beside them."""
    from imgan.bundles.bundle import save_bundle
    from imgan.networks.halo import halo

    network = SMALL["compact"](scale=2)
    randomize(network)
    folder = tmp_path_factory.mktemp("enlarging")
    described = card(name="small", halo=halo(network), tile=32)
    save_bundle(network, described, folder / "bundle")
    export_saved_model(folder / "bundle", folder / "served")
    return folder / "served"


@pytest.fixture(scope="session")
def translating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the versions of a translation into grey, whose sides are multiples."""
    network = TRANSLATORS["cyclegan"](input_channels=3, output_channels=1)
    randomize(network)
    folder = tmp_path_factory.mktemp("translating")
    whole = {"halo": None, "tile": 64, "overlap": 16, "family": "cyclegan"}
    save_translator(network, folder / "bundle", name="drawn", **whole)
    export_saved_model(folder / "bundle", folder / "served")
    return folder / "served"


@pytest.fixture(scope="session")
def near(enlarging: Path) -> Predictor:
    """Return the export of `enlarging` as it is computed here."""
    return imgan.load(str(enlarging))


@pytest.fixture(scope="session")
def near_drawn(translating: Path) -> Predictor:
    """Return the export of `translating` as it is computed here."""
    return imgan.load(str(translating))
