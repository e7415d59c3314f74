"""The dial between two models, on small networks with random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.bundles import fidelity
from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.bundles.fidelity import blend_networks
from imgan.errors import CheckpointError
from imgan.errors import UnknownModelError
from imgan.errors import UsageError
from imgan.networks.repsr import RepSR
from tests.bundles.test_bundle import card_of
from tests.contracts import example
from tests.contracts import randomize


def save(folder: Path, seed: int, changes: dict[str, Any], **options: Any) -> Path:
    arguments = {"num_filters": 4, "num_convs": 1, **options}
    network = RepSR(scale=2, fused=True, **arguments)
    randomize(network, seed)
    save_bundle(network, card_of(network, **changes), folder)
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles `pixel` and `sharp`, side by side; returns the latter."""
    folder = tmp_path_factory.mktemp("pair")
    save(folder / "pixel", 1, {"name": "pixel"}, name="other")
    changes = {"name": "sharp", "fidelity_partner": "../pixel"}
    return save(folder / "sharp", 2, changes)


@pytest.mark.parametrize(("dial", "model"), [(0.0, "sharp"), (1.0, "pixel")])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_ends_are_the_two_models(
    pair: Path, dial: float, model: str, dtype: str
) -> None:
    network, card = blend_networks(pair, dial, dtype)
    expected, _ = load_network(pair.parent / model, dtype)
    for made, own in zip(network.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(made, own)
    images = example(network, 7, 5)
    np.testing.assert_array_equal(network(images), expected(images))
    assert card.name == "sharp"
    assert card.self_check is None


def test_between_every_weight_is_interpolated(pair: Path) -> None:
    network, _ = blend_networks(pair, 0.25)
    pixel, sharp = (load_network(pair.parent / name)[0] for name in ("pixel", "sharp"))
    weights = [one.get_weights() for one in (network, pixel, sharp)]
    assert len(weights[0]) == 6
    for made, faithful, own in zip(*weights, strict=True):
        assert not np.array_equal(faithful, own)
        by_hand = 0.25 * np.float64(faithful) + 0.75 * np.float64(own)
        np.testing.assert_array_equal(made, by_hand.astype(np.float32))


@pytest.mark.parametrize("dial", [-0.1, 1.5, float("nan")])
def test_only_from_0_to_1(pair: Path, dial: float) -> None:
    with pytest.raises(UsageError, match="--fidelity must be from 0"):
        blend_networks(pair, dial)


def test_a_model_without_partner(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fidelity, "shipped", lambda: {"photo": pair})
    with pytest.raises(UsageError, match="'pixel' has no fidelity.*have one: photo"):
        blend_networks(pair.parent / "pixel", 0.5)


def test_a_partner_by_its_shipped_name(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships = {"faithful": pair.parent / "pixel"}
    monkeypatch.setattr(fidelity, "shipped", lambda: ships)
    sharp = save(tmp_path / "alone", 3, {"fidelity_partner": "faithful"})
    network, _ = blend_networks(sharp, 1.0)
    expected, _ = load_network(pair.parent / "pixel")
    np.testing.assert_array_equal(network.get_weights()[0], expected.get_weights()[0])


def test_a_partner_that_is_missing(tmp_path: Path) -> None:
    sharp = save(tmp_path / "sharp", 1, {"fidelity_partner": "../gone"})
    with pytest.raises(UnknownModelError, match=r"sharp names '\.\./gone' as its fid"):
        blend_networks(sharp, 0.5)


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        ({"num_filters": 8}, {}, "num_filters=4 and num_filters=8"),
        ({}, {"pixel_range": (0, 9)}, r"pixel_range None and \(0\.0, 9\.0\)"),
    ],
)
def test_models_of_two_networks(
    tmp_path: Path, options: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    sharp = save(tmp_path / "sharp", 1, {"fidelity_partner": "../pixel"})
    save(tmp_path / "pixel", 2, changes, **options)
    with pytest.raises(CheckpointError, match=f"must be of one network.*{words}$"):
        blend_networks(sharp, 0.5)


def test_models_of_two_classes(tmp_path: Path) -> None:
    sharp = save(tmp_path / "sharp", 1, {"fidelity_partner": "../pixel"})
    pixel = save(tmp_path / "pixel", 2, {})
    card = read_card(pixel)
    spec = card.network.model_copy(update={"path": "imgan.networks.span:SPAN"})
    write_card(card.model_copy(update={"network": spec}), pixel)
    with pytest.raises(CheckpointError, match="repsr:RepSR and imgan.networks.span"):
        blend_networks(sharp, 0.5)


@pytest.mark.parametrize("name", ["sharp", "pixel"])
def test_weights_of_both_are_verified(tmp_path: Path, name: str) -> None:
    sharp = save(tmp_path / "sharp", 1, {"fidelity_partner": "../pixel"})
    save(tmp_path / "pixel", 2, {})
    file = tmp_path / name / WEIGHTS_NAME
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(CheckpointError, match=f"{name}.* is not the file that"):
        blend_networks(sharp, 0.5)


def test_the_shipped_model_of_a_scale(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ships = {"plain": pair.parent / "pixel"}
    monkeypatch.setattr(fidelity, "shipped", lambda: ships)
    with pytest.raises(UsageError, match="none that ships"):
        fidelity.default_dialled_model(None)
    ships["photo"] = pair
    (tmp_path / "photo8").mkdir()
    large = read_card(pair).model_copy(update={"scale": 8})
    write_card(large, tmp_path / "photo8")
    ships["photo8"] = tmp_path / "photo8"
    scales = {1.5: "photo", 2: "photo", 3: "photo8", None: "photo8", 9: "photo8"}
    assert {s: fidelity.default_dialled_model(s) for s in scales} == scales
