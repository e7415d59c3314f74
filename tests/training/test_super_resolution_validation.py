"""What held-out pairs are scored by, on networks whose output is known."""

import math
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.data.pair_store import ImagePair
from imgan.data.resize import resize_bicubic
from imgan.metrics.psnr import psnr
from imgan.metrics.ssim import ssim
from imgan.networks.halo import halo
from imgan.networks.repsr import RepSR
from imgan.training.experiment import Look
from imgan.training.run_folder import RunFolder
from imgan.training.super_resolution_validation import SuperResolutionValidator
from imgan.types import Array

UNIT = ((0.0, 1.0), (0.0, 1.0))


class Enlarger:
    """A network whose output is a function of its input."""

    size_multiple = 1
    minimum_size = 1

    def __init__(self, channels: int, change: Callable[[Array], Array]) -> None:
        self.input_shape = (None, None, None, channels)
        self.change = change

    def __call__(self, images: Any, training: bool) -> Any:
        assert not training
        return tf.numpy_function(self.enlarge, [images], tf.float32)

    def enlarge(self, images: Array) -> Array:
        outputs = self.change(resize_bicubic(images[0], 2))[None]
        return outputs.astype(np.float32)


def pair_of(hr: Array) -> ImagePair:
    hr = hr[..., None] if hr.ndim == 2 else hr
    return ImagePair(hr, resize_bicubic(hr, 0.5), np.zeros(1))


@pytest.fixture
def photographs() -> list[ImagePair]:
    pictures = [skimage.data.astronaut(), skimage.data.coffee()]
    return [pair_of(cv2.resize(p, (80, 60), interpolation=3)) for p in pictures]


def look(
    pairs: list[ImagePair],
    folder: Path,
    change: Callable[[Array], Array] = lambda image: image,
    ranges: Any = UNIT,
) -> Look:
    (folder / "samples").mkdir(exist_ok=True)
    channels = pairs[0].hr.shape[2] if len(pairs) else 3
    network = Enlarger(channels, change)
    validator = SuperResolutionValidator(network, pairs, 2, RunFolder(folder), ranges)
    assert validator.pictures == len(pairs)
    return validator(7)


class OneAtATime:
    """Pairs of which only one may be in memory."""

    def __init__(self, pairs: list[ImagePair]) -> None:
        self.pairs = pairs
        self.last: Callable[[], Array | None] = lambda: None

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> ImagePair:
        pair = pair_of(self.pairs[index].hr.copy())
        assert self.last() is None, "the pair before is still held"
        self.last = weakref.ref(pair.lr)
        return pair


def test_pictures_are_held_one_at_a_time(
    photographs: list[ImagePair], tmp_path: Path
) -> None:
    seen = [
        look(pairs, tmp_path)  # type: ignore[arg-type]
        for pairs in (photographs, OneAtATime(photographs))
    ]
    assert seen[0].scores == seen[1].scores


def test_bicubic_enlargement_gains_nothing_over_itself(
    photographs: list[ImagePair], tmp_path: Path
) -> None:
    """Unclipped floats differ from MATLAB's rounded bytes by no more than a level."""
    scores, _, signs = look(photographs, tmp_path)
    assert abs(scores["gain_over_bicubic"]) < 0.02
    enlarged = [resize_bicubic(pair.lr, 2) for pair in photographs]
    pictures = list(zip(photographs, enlarged, strict=True))
    expected = [psnr(pair.hr, image, crop_border=2) for pair, image in pictures]
    assert scores["psnr_y"] == pytest.approx(np.mean(expected), abs=0.02)
    similar = [ssim(pair.hr, image, crop_border=2) for pair, image in pictures]
    assert scores["ssim_y"] == pytest.approx(np.mean(similar), abs=1e-3)
    assert 0.2 < scores["sharpness"] < 0.9
    assert scores["color_drift"] < 0.5
    assert signs["contrast"] == pytest.approx(1.0, abs=0.01)
    assert signs["tint"] < 0.5
    sheet = cv2.imread(str(tmp_path / "samples" / "step-00000007.png"))
    assert sheet is not None
    assert sheet.shape == (2 * 60 + 2, 3 * 80 + 2 * 2, 3)
    assert (sheet[60:62] == 255).all()
    truth = cv2.cvtColor(photographs[1].hr, cv2.COLOR_RGB2BGR)
    np.testing.assert_array_equal(sheet[62:, -80:], truth)


def test_pictures_of_many_sizes_share_a_sheet_on_white(tmp_path: Path) -> None:
    """The cells are as large as the largest crop, and that is at most 192."""
    sides = [(40, 60), (260, 100)]
    pairs = [pair_of(np.zeros((*side, 3), np.uint8)) for side in sides]
    look(pairs, tmp_path)
    sheet = cv2.imread(str(tmp_path / "samples" / "step-00000007.png"))
    assert sheet is not None
    assert sheet.shape == (2 * 192 + 2, 3 * 100 + 2 * 2, 3)
    black = np.ones((2, 192 + 2, 3, 100 + 2), bool)
    black[0, 40:], black[0, :, :, 60:] = False, False
    black[1, 192:], black[1, :, :, 100:] = False, False
    expected = ~black.reshape(2 * 194, 3 * 102)[:-2, :-2]
    np.testing.assert_array_equal(
        sheet, expected[..., None].repeat(3, 2) * np.uint8(255)
    )


def test_a_tint_counts_in_its_worst_channel(
    photographs: list[ImagePair], tmp_path: Path
) -> None:
    tint = np.array([0, 0, 8 / 255], np.float32)
    scores, _, signs = look(photographs, tmp_path, lambda image: image * 0.9 + tint)
    blue = max(8 - 0.1 * float(pair.lr[..., 2].mean()) for pair in photographs)
    others = max(
        0.1 * float(pair.lr[..., c].mean()) for pair in photographs for c in (0, 1)
    )
    assert scores["color_drift"] == pytest.approx(max(blue, others), abs=0.5)
    assert signs["tint"] == pytest.approx(max(blue, others), abs=0.5)


def test_the_colour_of_the_truth_is_no_tint(tmp_path: Path) -> None:
    """Pairs from two cameras: the truth is 20 levels brighter, and so is the output."""
    hr = np.full((40, 40, 3), 120, np.uint8)
    pair = ImagePair(hr, np.full((20, 20, 3), 100, np.uint8), np.zeros(1))
    scores, _, signs = look([pair], tmp_path, lambda image: image + 15 / 255)
    assert scores["color_drift"] == pytest.approx(15.0)
    assert signs["tint"] == 0.0
    _, _, signs = look([pair], tmp_path, lambda image: image + 25 / 255)
    assert signs["tint"] == pytest.approx(5.0)


def test_grey_outputs_have_no_contrast(
    photographs: list[ImagePair], tmp_path: Path
) -> None:
    scores, _, signs = look(photographs, tmp_path, lambda image: image * 0 + 0.5)
    assert signs["contrast"] == 0.0
    assert scores["sharpness"] == 0.0
    assert scores["gain_over_bicubic"] < -5


def test_equal_pictures_do_not_make_the_mean_infinite(tmp_path: Path) -> None:
    flat = pair_of(np.full((40, 40, 3), 77, np.uint8))
    scores, _, signs = look([flat], tmp_path)
    assert (scores["psnr_y"], scores["gain_over_bicubic"]) == (100.0, 0.0)
    assert "sharpness" not in scores
    assert "contrast" not in signs


def test_outputs_that_are_not_finite_are_a_score_that_is_not(
    photographs: list[ImagePair], tmp_path: Path
) -> None:
    scores, _, _ = look(photographs, tmp_path, lambda image: image * math.nan)
    assert math.isnan(scores["psnr_y"])
    assert not list((tmp_path / "samples").iterdir())


def test_tiny_pictures_are_scored_without_a_window(tmp_path: Path) -> None:
    tiny = pair_of(skimage.data.astronaut()[100:112, 100:112])
    assert set(look([tiny], tmp_path).scores) == {
        *("psnr_y", "gain_over_bicubic", "color_drift")
    }


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_other_channels_are_scored_together(
    channels: int, dtype: str, tmp_path: Path
) -> None:
    """An error of 0.01 everywhere is 40 dB."""
    grey = cv2.resize(skimage.data.camera(), (48, 40), interpolation=3) / 512 + 0.2
    unit = np.repeat(grey[..., None], channels, axis=2).astype(np.float32)
    peak = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    scaled = unit * peak if dtype == "float32" else np.round(unit * peak)
    hr = scaled.astype(dtype)
    pair = ImagePair(hr, resize_bicubic(hr, 0.5), np.zeros(1))
    scores = look([pair], tmp_path, lambda image: unit * 2 - 1.02, ((0, 1), (-1, 1)))
    assert scores.scores["psnr"] == pytest.approx(
        40.0, abs=0.6 if peak == 255 else 0.01
    )
    assert scores.scores["ssim"] > 0.99
    assert scores.scores["sharpness"] == pytest.approx(1.0, abs=0.05)
    assert "psnr_y" not in scores.scores


def test_nothing_is_measured_without_pairs(tmp_path: Path) -> None:
    assert look([], tmp_path) == Look({})


def test_large_pictures_are_enlarged_in_tiles_and_score_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tile of 16 with two halos of 2 is 20 pixels at most, of a picture of 43x31."""
    module = "imgan.training.super_resolution_validation"
    monkeypatch.setattr(f"{module}.TILE", 16)
    (tmp_path / "samples").mkdir()
    network = RepSR(scale=2, num_filters=4, num_convs=1)
    pair = pair_of(cv2.resize(skimage.data.astronaut(), (86, 62), interpolation=3))
    found = []
    for reach, longest in ((None, 43), (halo(network.fused()), 20)):
        validate = SuperResolutionValidator(
            network, [pair], 2, RunFolder(tmp_path), UNIT, reach
        )
        predict, sides = validate._predict, set[int]()

        def watched(images: Any, predict: Any = predict, sides: Any = sides) -> Any:
            sides.update(images.shape[1:3])
            return predict(images)

        monkeypatch.setattr(validate, "_predict", watched)
        found.append(validate(1).scores)
        assert 16 < max(sides) <= longest
    whole, tiled = found
    assert tiled == pytest.approx(whole, abs=1e-3)


def test_sides_that_a_network_does_not_take_are_padded_and_cut_again(
    tmp_path: Path,
) -> None:
    """RRDBNet of scale 2 wants even sides; 31x43 is what is left of 62x86."""
    from imgan.networks.rrdb import RRDBNet

    network = RRDBNet(scale=2, num_filters=4, num_blocks=1, growth=2)
    pair = pair_of(cv2.resize(skimage.data.astronaut(), (86, 62), interpolation=3))
    (tmp_path / "samples").mkdir()
    validate = SuperResolutionValidator(network, [pair], 2, RunFolder(tmp_path), UNIT)
    assert math.isfinite(validate(1).scores["psnr_y"])
