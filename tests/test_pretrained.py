"""What ships with the package, as a user meets it."""

import math
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
from imgan.data.degradations.operations import compress_jpeg
from imgan.data.resize import resize_bicubic
from imgan.io.images import read_image
from imgan.machine import cpu_flags
from imgan.metrics.checkerboard import checkerboard
from imgan.metrics.color import color_drift
from imgan.metrics.psnr import psnr
from imgan.metrics.sharpness import sharpness
from imgan.networks.halo import halo
from imgan.types import Array

MODELS = sorted(shipped())
LIVELY = [name for name in MODELS if read_card(shipped()[name]).fidelity_partner]
PRECISIONS = ["float32", "bfloat16"]
ROOT = Path(__file__).parents[1]
GOLDEN = {
    "x2": 34.967,
    "x4": 29.983,
    "x4-fast": 29.907,
    "x4-photo": 29.457,
}
"""PSNR on luma, decibels."""
SIZES = [(1, 1), (1, 3), (7, 1), (5, 9), (17, 33), (31, 47), (97, 61)]


def picture(height: int, width: int, seed: int) -> Array:
    """Half photograph, half noise: what is smooth and what is not."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    top, left = 30 * seed % 300, 50 * seed % 300
    photo = skimage.data.astronaut()[top : top + height, left : left + width]
    return np.where(np.arange(width)[None, :, None] % 60 < 30, photo, noise)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "precision"),
    [("x4-fast", "float32"), ("x4-fast", "bfloat16"), ("x2", "float32")],
)
def test_tiled_equals_whole(name: str, precision: str) -> None:
    check_tiles(name, precision, [picture(*size, 1) for size in SIZES], most=12)


@pytest.mark.thorough
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_tiled_equals_whole_in_a_sweep(name: str, precision: str) -> None:
    """Without AVX-512, kernels round by the shape: some values may be a level off."""
    off_by_one = 0.0 if "avx512f" in cpu_flags() else 1e-5
    sides = [1, 2, 3, 5, 15, 17, 33, 35, 49, 61, 97]
    sizes = [(height, sides[-index - 1]) for index, height in enumerate(sides)]
    pictures = [picture(*size, 2) for size in sizes]
    pictures += [
        np.random.default_rng(seed).integers(0, 256, (130, 130, 3), np.uint8)
        for seed in range(20)
    ]
    check_tiles(name, precision, pictures, off_by_one=off_by_one)


def check_tiles(
    name: str,
    precision: str,
    pictures: list[Array],
    most: int = 1000,
    off_by_one: float = 0.0,
) -> None:
    """Compare tiles with the whole; leave cuts into more than `most` tiles out.

    A share of `off_by_one` of the values may be a level off, in each picture at least
    one if it is not 0.
    """
    tiled = {
        tile: imgan.load(name, tile=tile, precision=precision) for tile in (16, 33)
    }
    whole = imgan.load(name, tile=0, precision=precision)
    for image in pictures:
        expected = whole(image)
        for tile, predictor in tiled.items():
            if -(-image.shape[0] // tile) * -(-image.shape[1] // tile) > most:
                continue
            apart = np.abs(predictor(image).astype(int) - expected)
            found = f"tile {tile}, picture {image.shape}: {np.count_nonzero(apart)}"
            assert np.count_nonzero(apart) <= math.ceil(off_by_one * apart.size), found
            assert apart.max() <= 1, found


@pytest.mark.thorough
@pytest.mark.parametrize("name", MODELS)
def test_beats_bicubic_or_pays_a_decibel_for_texture(name: str) -> None:
    enlarge = imgan.load(name)
    scale = int(enlarge.scale)
    truth, reduced = portrait(scale)
    ours = psnr(truth, enlarge(reduced), crop_border=scale)
    bicubic = psnr(truth, resize_bicubic(reduced, scale), crop_border=scale)
    # An adversarial loss trades decibels for texture.
    least = -1.0 if name in LIVELY else 1.0
    assert ours > bicubic + least


def portrait(scale: int) -> tuple[Array, Array]:
    """A photograph that no model saw, and its reduction."""
    truth = skimage.data.astronaut()[:256, 100:356]
    return truth, resize_bicubic(truth, 1 / scale)


@pytest.mark.parametrize("name", LIVELY)
def test_a_lively_model_is_sharper_than_its_partner_and_not_sharper_than_truth(
    name: str,
) -> None:
    partner = read_card(shipped()[name]).fidelity_partner
    truth, reduced = portrait(4)
    lively, faithful = (imgan.load(str(one))(reduced) for one in (name, partner))
    assert sharpness(lively, truth) > 1.1 * sharpness(faithful, truth)
    assert sharpness(lively, truth) < 1.3


@pytest.mark.slow
@pytest.mark.parametrize("name", LIVELY)
def test_the_dial_is_monotone_in_fidelity(name: str) -> None:
    truth, reduced = portrait(4)
    scores = [
        psnr(truth, imgan.load(name, fidelity=value)(reduced), crop_border=4)
        for value in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 0.5


@pytest.mark.parametrize("name", MODELS)
def test_no_frame_around_flat_colours(name: str) -> None:
    """Beyond the border there are zeros, which a network may take for an edge."""
    enlarge = imgan.load(name, precision="float32")
    for colour in [(128, 128, 129), (255, 255, 250), (200, 90, 30), (40, 80, 160)]:
        flat = np.full((20, 24, 3), colour, np.uint8)
        off = np.abs(enlarge(flat).astype(int) - np.array(colour))
        assert off.max() <= 6


@pytest.mark.parametrize("name", MODELS)
def test_no_coloured_fringes_on_grey_that_a_camera_took(name: str) -> None:
    """Noise and JPEG give grey a little colour, which is no texture to be made."""
    small = resize_bicubic(skimage.data.camera(), 1 / 4)[..., None]
    noise = np.random.default_rng(0).normal(0, 6, (*small.shape[:2], 3))
    noisy = np.clip((small + noise) / 255, 0, 1).astype(np.float32)
    taken = np.round(compress_jpeg(noisy, 85) * 255).astype(np.uint8)
    made = imgan.load(name, precision="float32")(taken)
    assert 0.5 < colour(taken) < 1.5
    assert colour(made) < 1.5 * colour(taken)


def colour(image: Array) -> float:
    """Return the root mean square of how far channels are from their mean."""
    channels = image.astype(float)
    return float(np.std(channels - channels.mean(axis=2, keepdims=True)))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_no_tint(name: str) -> None:
    """The mean colour stays within one level, on a photograph and on flat pictures."""
    enlarge = imgan.load(name)
    colours = [
        (0, 0, 0),
        (128, 128, 128),
        (255, 255, 255),
        (200, 90, 30),
        (40, 80, 160),
    ]
    pictures = [np.full((24, 24, 3), colour, np.uint8) for colour in colours]
    for photograph in (skimage.data.coffee(), skimage.data.chelsea()):
        pictures.append(resize_bicubic(photograph[:296, :448], 1 / 4))
    for image in pictures:
        drift = color_drift(enlarge(image), image)
        assert drift <= 1.0, image[0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_no_checkerboard(name: str) -> None:
    """On flat pictures nothing, on steep gradients less than a level.

    Nothing hides a pattern there. The gradients rise by three levels a pixel of the
    input, and the models of this release leave up to 0.95 on them.
    """
    enlarge = imgan.load(name, precision="float32")
    scale = int(enlarge.scale)
    for level in (0.1, 0.5, 0.9):
        flat = enlarge(np.full((32, 32, 3), level, np.float32))[16:-16, 16:-16]
        assert checkerboard(flat * 255.0, scale) < 0.2
    ends = np.array([[0.1, 0.1, 0.1, 0.1, 0.3, 0.8], [0.9, 0.9, 0.9, 0.9, 0.8, 0.1]])
    steps = np.linspace(ends[0], ends[1], 64).astype(np.float32)
    for ramp in (steps[:, :3], steps[:, 3:]):
        across = np.repeat(ramp[None], 32, axis=0)
        for picture in (across, np.ascontiguousarray(across.transpose(1, 0, 2))):
            inner = enlarge(picture)[16:-16, 16:-16]
            assert checkerboard(inner * 255.0, scale) < 1.0


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
    assert name.partition("-")[0] == f"x{card.scale}"
    assert (folder / "generator.keras").stat().st_size <= 4_000_000


@pytest.mark.parametrize("name", MODELS)
def test_the_weights_were_taken_in_the_last_stage(name: str) -> None:
    """Where held-out pictures scored best, which need not be its end."""
    card = read_card(shipped()[name])
    assert 0 < card.training_steps <= card.stages[-1].steps
    for stage in card.stages:
        assert (ROOT / stage.command.split()[2]).is_file()
        assert stage.curve[-1][0] == stage.steps


@pytest.mark.parametrize("name", MODELS)
def test_golden_scores_of_a_committed_picture(name: str) -> None:
    """On a picture of this repository; who trains anew changes them here."""
    folder = ROOT / "assets" / "pairs" / "validation" / "HR"
    truth = read_image(folder / "0001-rocket.png").pixels
    scale = read_card(shipped()[name]).scale
    reduced = resize_bicubic(truth, 1 / scale)
    enlarged = imgan.load(name, precision="float32")(reduced)
    assert psnr(truth, enlarged, crop_border=scale) == pytest.approx(
        GOLDEN[name], abs=0.01
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_scores_on_set5_are_those_of_the_card(name: str, shared_data: Path) -> None:
    from imgan.evaluate import evaluate

    card: Card = read_card(shipped()[name])
    result = evaluate(shared_data / "set5" / "HR", model=name, precision="float32")
    promised = next(score for score in card.metrics if score.dataset == "Set5")
    assert result.mean.psnr_y == pytest.approx(promised.values["psnr_y"], abs=0.02)


def test_all_models_ship() -> None:
    assert MODELS == ["x2", "x4", "x4-fast", "x4-photo"]
    assert LIVELY == ["x4-photo"]
