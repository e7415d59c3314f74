"""What ships with the package, as a user meets it."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

import imgan
from imgan.bundles.bundle import check_network
from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.register import shipped
from imgan.data.resize import resize_bicubic
from imgan.metrics.psnr import psnr
from imgan.networks.halo import halo
from imgan.types import Array

MODELS = sorted(shipped())
PRECISIONS = ["float32", "bfloat16"]
SIZES = [(1, 1), (1, 3), (7, 1), (5, 9), (17, 33), (31, 47), (97, 61)]


def picture(height: int, width: int, seed: int) -> Array:
    """Half photograph, half noise: what is smooth and what is not."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    top, left = 30 * seed % 300, 50 * seed % 300
    photo = skimage.data.astronaut()[top : top + height, left : left + width]
    return np.where(np.arange(width)[None, :, None] % 60 < 30, photo, noise)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_tiled_equals_whole(name: str, precision: str) -> None:
    check_tiles(name, precision, [picture(*size, 1) for size in SIZES])


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_tiled_equals_whole_in_a_sweep(name: str, precision: str) -> None:
    sides = [1, 2, 3, 5, 15, 17, 33, 35, 49, 61, 97]
    sizes = [(height, sides[-index - 1]) for index, height in enumerate(sides)]
    pictures = [picture(*size, 2) for size in sizes]
    pictures += [
        np.random.default_rng(seed).integers(0, 256, (130, 130, 3), np.uint8)
        for seed in range(20)
    ]
    check_tiles(name, precision, pictures)


def check_tiles(name: str, precision: str, pictures: list[Array]) -> None:
    tiled = {
        tile: imgan.load(name, tile=tile, precision=precision) for tile in (16, 33)
    }
    whole = imgan.load(name, tile=0, precision=precision)
    for image in pictures:
        expected = whole(image)
        for tile, predictor in tiled.items():
            different = int((predictor(image) != expected).sum())
            assert different == 0, f"tile {tile}, picture {image.shape}: {different}"


@pytest.mark.parametrize("name", MODELS)
def test_beats_bicubic_on_a_photograph_it_never_saw(name: str) -> None:
    enlarge = imgan.load(name)
    scale = int(enlarge.scale)
    truth = skimage.data.astronaut()[:256, 100:356]
    reduced = resize_bicubic(truth, 1 / scale)
    ours = psnr(truth, enlarge(reduced), crop_border=scale)
    bicubic = psnr(truth, resize_bicubic(reduced, scale), crop_border=scale)
    assert ours > bicubic + 1.0


@pytest.mark.parametrize("name", MODELS)
def test_the_card_is_complete_and_true(name: str) -> None:
    folder = shipped()[name]
    card = read_card(folder)
    network, _ = load_network(folder)
    assert card.halo == halo(network)
    assert card.network.parameters == network.count_params()
    assert check_network(network, card) < 1e-5
    for key in ("description", "licence", "data", "recipe", "metrics", "speed"):
        assert getattr(card, key), key
    assert f"x{card.scale}" == name
    assert (folder / "generator.keras").stat().st_size <= 4_000_000


@pytest.mark.parametrize("name", MODELS)
def test_scores_on_set5_are_those_of_the_card(name: str, shared_data: Path) -> None:
    from imgan.evaluate import evaluate

    card: Card = read_card(shipped()[name])
    result = evaluate(shared_data / "set5" / "HR", model=name, precision="float32")
    promised = next(score for score in card.metrics if score.dataset == "Set5")
    assert result.mean.psnr_y == pytest.approx(promised.values["psnr_y"], abs=0.02)


def test_both_models_ship() -> None:
    assert MODELS == ["x2", "x4"]
