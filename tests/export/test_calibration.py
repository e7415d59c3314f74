from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from imgan.bundles.card import LatentSpec
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.export.calibration import InputFolder
from imgan.export.calibration import calibrate_by_noise
from imgan.export.calibration import calibrate_by_pictures
from imgan.export.tensors import PortableNetwork
from tests.export.portable_bundles import save_pictures
from tests.inference.networks import card
from tests.inference.networks import picture
from tests.inference.networks import translation_card


def by_pictures(folder: Path, **changes: object) -> tuple[list[np.ndarray], str]:
    made = calibrate_by_pictures(PortableNetwork(None, card(**changes)), folder)
    return [feed["images"] for feed in made.feeds], made.line


def test_crops_are_reduced_parts_of_the_pictures(tmp_path: Path) -> None:
    save_pictures(tmp_path, (170, 180, 3))
    crops, line = by_pictures(tmp_path)
    assert line == f"calibrated on 64 crops of 64x64 from 1 of 1 pictures in {tmp_path}"
    # Every crop is that of some place, reduced as all low resolution is.
    source = picture(170, 180, 3)[..., ::-1]
    for crop in crops[:3]:
        assert crop.shape == (1, 64, 64, 3)
        assert crop.dtype == np.float32
        levels = np.rint(crop[0] * 255).astype(np.uint8)
        np.testing.assert_allclose(levels / 255, crop[0], atol=1e-6)
        assert any(
            np.array_equal(
                resize_bicubic(
                    source[top : top + 128, left : left + 128], Fraction(1, 2)
                ),
                levels,
            )
            for top in range(170 - 127)
            for left in _candidates(source, levels, top)
        )
    assert len({crop.tobytes() for crop in crops}) > 50


def _candidates(source: np.ndarray, levels: np.ndarray, top: int) -> list[int]:
    """Return columns at which the middle of a crop may be that of the source."""
    middle = levels[32, 32].astype(int)
    rows = source[top + 64 : top + 66].astype(int)
    means = [rows[:, x + 64 : x + 66].mean(axis=(0, 1)) for x in range(180 - 127)]
    return [x for x, mean in enumerate(means) if np.abs(mean - middle).max() < 12]


def test_crops_come_from_all_over_a_folder_and_are_the_same_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for index in range(100):
        # Each is of its own level, in natural order of names.
        level = np.full((128, 130, 3), 2 * index, np.uint8)
        assert cv2.imwrite(str(folder / f"{index}.png"), level)
    crops, line = by_pictures(folder)
    assert line.startswith("calibrated on 64 crops of 64x64 from 64 of 100 pictures")
    levels = [round(float(crop.max()) * 255) for crop in crops]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 198)
    assert len(set(levels)) == 64
    again, _ = by_pictures(folder)
    assert all(np.array_equal(a, b) for a, b in zip(crops, again, strict=True))


def test_translation_takes_sources_as_they_are(tmp_path: Path) -> None:
    save_pictures(tmp_path, (80, 90, 3))
    portable = PortableNetwork(None, translation_card(size_multiple=8))
    first = calibrate_by_pictures(portable, tmp_path).feeds[0]["images"][0]
    source = picture(80, 90, 3)[..., ::-1].astype(np.float32) / 255 * 2 - 1
    windows = np.lib.stride_tricks.sliding_window_view(source, (64, 64, 3))
    assert (np.abs(windows[:, :, 0] - first) < 1e-6).all(axis=(2, 3, 4)).any()


def test_large_units_make_fewer_and_larger_crops(tmp_path: Path) -> None:
    save_pictures(tmp_path, (300, 260, 3), (256, 300, 3))
    portable = PortableNetwork(None, translation_card(size_multiple=256))
    made = calibrate_by_pictures(portable, tmp_path)
    assert len(made.feeds) == 16
    assert {feed["images"].shape for feed in made.feeds} == {(1, 256, 256, 3)}


def test_small_pictures_are_taken_as_far_as_they_go(tmp_path: Path) -> None:
    save_pictures(tmp_path, (51, 200, 3))
    crops, _ = by_pictures(tmp_path, scale=4, size_multiple=2)
    assert {crop.shape for crop in crops} == {(1, 12, 50, 3)}


def test_pictures_that_are_too_small(tmp_path: Path) -> None:
    save_pictures(tmp_path, (51, 200, 3))
    with pytest.raises(DataError, match=r"0\.png must have sides of at least 60 pix"):
        by_pictures(tmp_path, scale=4, minimum_size=15)


def test_grey_and_deep_pictures_suit_a_network_for_colour(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "g.png"), picture(130, 140, dtype="uint16"))
    crops, _ = by_pictures(tmp_path)
    assert crops[0].shape == (1, 64, 64, 3)
    assert (crops[0] == crops[0][..., :1]).all()


def test_raw_values_keep_their_range(tmp_path: Path) -> None:
    metres = np.linspace(10, 90, 70 * 80, dtype=np.float32).reshape(70, 80)
    tifffile.imwrite(tmp_path / "m.tif", metres)
    changes = {"input_channels": 1, "output_channels": 1, "pixel_range": (0, 100)}
    crops, _ = by_pictures(tmp_path, scale=1, **changes)
    assert min(crop.min() for crop in crops) >= 0.1
    assert 0.85 < max(crop.max() for crop in crops) <= 0.9


def test_several_frames_are_stacked_in_natural_order(tmp_path: Path) -> None:
    for index in (1, 2, 10):
        level = np.full((64, 64), 20 * index, np.uint8)
        assert cv2.imwrite(str(tmp_path / f"{index}.png"), level)
    folder = InputFolder(translation_card(input_channels=3, num_frames=3), tmp_path)
    stacked = [folder.read(index, 1, 1)[0, 0].tolist() for index in range(3)]
    assert stacked == [[20, 20, 20], [20, 20, 40], [20, 40, 200]]


def test_labels_in_colour_are_refused(tmp_path: Path) -> None:
    save_pictures(tmp_path, (80, 90, 3))
    recipe = {"data": {"source": {"labels": True}}}
    made = translation_card(input_channels=1, recipe=recipe)
    with pytest.raises(DataError, match="luma would merge labels"):
        calibrate_by_pictures(PortableNetwork(None, made), tmp_path)


def test_noise_is_one_picture_at_a_time() -> None:
    latent = LatentSpec(dim=3, distribution="normal")
    made = card(
        task="generation", input_channels=None, latent=latent, labels=["a", "b"]
    )
    feeds, line = calibrate_by_noise(PortableNetwork(None, made))
    assert line == "calibrated on 64 latents"
    assert {feed["latent"].shape for feed in feeds} == {(1, 3)}
    assert len({feed["latent"].tobytes() for feed in feeds}) == 64
    assert [feed["label"].tolist() for feed in feeds[:3]] == [[0], [1], [0]]
