"""Runs that go on with a network of another project."""

from pathlib import Path

import keras
import numpy as np
import pytest

from imgan.bundles.card import read_card
from imgan.cli.main import main
from imgan.importing.importer import import_checkpoint
from tests.importing.files import compact_file

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("training.steps=4", "training.validate_every=2")


def train(recipe: str, run: Path, *options: str) -> int:
    words = [word for option in (*SHORT, *options) for word in ("--set", option)]
    source = str(ROOT / "recipes" / recipe)
    return main(["train", source, "--quick", "--run-dir", str(run), *words])


def painter(folder: Path, scale: int) -> Path:
    """Import a Keras model that enlarges, or translates if the scale is 1."""
    images = keras.Input((None, None, 3))
    layer = keras.layers.Conv2D(4, 3, padding="same", activation="relu")
    x = keras.layers.UpSampling2D(scale)(layer(images))
    ending = "tanh" if scale == 1 else "sigmoid"
    made = keras.layers.Conv2D(3, 3, padding="same", activation=ending)(x)
    keras.Model(images, made, name="painter").save(folder / "painter.keras")
    return import_checkpoint(folder / "painter.keras", folder / "painter").folder


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes name the pictures of `assets/` from there."""
    monkeypatch.chdir(ROOT)


def test_a_checkpoint_of_pytorch(tmp_path: Path) -> None:
    source = compact_file(tmp_path / "compact.safetensors", scale=4)
    bundle = import_checkpoint(source, tmp_path / "compact").folder
    run = tmp_path / "run"
    family = "family=compact"
    assert train("finetune/pairs.yaml", run, f"init={bundle}", family) == 0
    card = read_card(run / "bundle")
    assert card.network.path == read_card(bundle).network.path
    assert card.network.config["num_filters"] == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "scale", "options"),
    [
        # Four steps from random weights need not be better than these.
        ("finetune/pairs.yaml", 4, ["training.gate.keep_best=false"]),
        ("pix2pix/scenes.yaml", 1, []),
    ],
)
def test_a_model_of_keras(
    recipe: str, scale: int, options: list[str], tmp_path: Path
) -> None:
    bundle = painter(tmp_path, scale)
    run = tmp_path / "run"
    assert train(recipe, run, f"init={bundle}", "generator={}", *options) == 0
    trained, before = read_card(run / "bundle"), read_card(bundle)
    assert trained.network.path == "imgan.networks.imported:ImportedGenerator"
    assert trained.network.config["graph"] == before.network.config["graph"]
    assert trained.weights_sha256 != before.weights_sha256
    assert np.isfinite(trained.self_check.mean).all()  # type: ignore[union-attr]


def test_arguments_of_a_network_that_has_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = painter(tmp_path, 4)
    options = (f"init={bundle}", "generator={num_filters: 8}")
    assert train("finetune/pairs.yaml", tmp_path / "run", *options) == 2
    assert "whose network has no such argument" in capfd.readouterr().err
