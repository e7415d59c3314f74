"""One small fault at a time, with real photographs around it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.data.checking.check import check_sets
from imgan.data.checking.findings import CheckResult
from imgan.data.checking.folders import open_folders
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.recipes import open_recipe
from imgan.io.bands import write_bands
from imgan.types import Array
from tests.data.checking.faulty_pairs import bicubic
from tests.data.checking.faulty_pairs import crops


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for number, hr in enumerate(crops(6, 128)):
        save(tmp_path / "HR" / f"p{number}.png", hr)
        save(tmp_path / "LR" / f"p{number}x4.png", bicubic(hr, number))
    return tmp_path


def save(path: Path, pixels: Array) -> None:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)


def load(path: Path) -> Array:
    image = cv2.imread(str(path))
    assert image is not None
    return image[..., ::-1]


def check(folder: Path) -> list[tuple[str, list[str]]]:
    return rows(check_sets(open_folders([folder])))


def rows(result: CheckResult) -> list[tuple[str, list[str]]]:
    return [
        (finding.kind, [path.name for path in finding.files])
        for finding in result.findings
    ]


def recipe_of(folder: Path, validation: Path | None = None, **data: Any) -> Recipe:
    """Return a recipe for pairs, four times as large by its own account."""
    held_out = validation and {
        "hr": str(validation / "HR"),
        "lr": str(validation / "LR"),
    }
    return validate_recipe(
        {
            "name": "tiny",
            "family": "compact",
            "scale": 4,
            "data": {
                "train": {"hr": str(folder / "HR"), "lr": str(folder / "LR")},
                "validation": held_out,
                "hr_patch_size": 32,
                **data,
            },
            "training": {"steps": 1},
        }
    )


def tinted(pixels: Array, gains: tuple[float, float, float]) -> Array:
    scaled = pixels * np.array(gains, np.float32)
    return np.clip(scaled, 0, 255).round().astype(np.uint8)


def test_good_pairs_have_no_findings_and_a_scale(pairs: Path) -> None:
    assert open_folders([pairs])[0].scale == 4
    assert check(pairs) == []


def test_a_file_that_is_no_picture(pairs: Path) -> None:
    (pairs / "LR" / "p2x4.png").write_bytes(b"no picture")
    assert check(pairs) == [("unreadable", ["p2x4.png"])]


def test_files_without_any_partner(pairs: Path) -> None:
    (pairs / "LR" / "p2x4.png").unlink()
    (pairs / "HR" / "p4.png").unlink()
    assert check(pairs) == [("unpaired", ["p2.png"]), ("unpaired", ["p4x4.png"])]


def test_a_renamed_file_that_shows_too_little_is_found_by_its_name(
    pairs: Path,
) -> None:
    """A picture of one colour looks like every other, so only the name is left."""
    save(pairs / "HR" / "sunset.png", np.full((128, 128, 3), 200, np.uint8))
    save(pairs / "LR" / "sunsett.png", np.full((32, 32, 3), 200, np.uint8))
    assert check(pairs) == [
        ("unpaired", ["sunset.png", "sunsett.png"]),
        ("near_empty", ["sunset.png"]),
    ]


def test_a_pair_of_different_pictures(pairs: Path) -> None:
    save(pairs / "LR" / "p1x4.png", cv2.resize(skimage.data.rocket(), (32, 32)))
    assert check(pairs) == [("mismatched", ["p1.png", "p1x4.png"])]


def test_two_swapped_pictures_of_different_sizes_are_not_wrong_in_size(
    pairs: Path,
) -> None:
    """They are, by their names; but that follows from the swap."""
    coffee = np.ascontiguousarray(skimage.data.coffee()[:256, :192])
    save(pairs / "HR" / "p0.png", coffee)
    first, second = pairs / "LR" / "p0x4.png", pairs / "LR" / "p1x4.png"
    second.rename(first)
    save(second, bicubic(coffee, 0))
    assert check(pairs) == [
        ("swapped", ["p0.png", "p0x4.png", "p1x4.png"]),
        ("swapped", ["p1.png", "p1x4.png", "p0x4.png"]),
    ]


def test_a_twin_under_another_name_than_the_one_that_is_there(pairs: Path) -> None:
    """`p0x4` shows something foreign, and the twin of `p0` lies beside it."""
    (pairs / "LR" / "p0x4.png").rename(pairs / "LR" / "other.png")
    save(pairs / "LR" / "p0x4.png", cv2.resize(skimage.data.rocket(), (32, 32)))
    assert check(pairs) == [("swapped", ["p0.png", "p0x4.png", "other.png"])]


def test_depth_and_colour_of_single_files(pairs: Path) -> None:
    deep = load(pairs / "HR" / "p1.png").astype(np.uint16) * 257
    save(pairs / "HR" / "p1.png", deep)
    save(pairs / "LR" / "p2x4.png", load(pairs / "LR" / "p2x4.png").mean(axis=2))
    assert check(pairs) == [
        ("channels", ["p2.png", "p2x4.png"]),
        ("depth", ["p1.png"]),
    ]


def test_near_empty_is_one_colour_and_not_night(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(60, 3, (300, 300)).astype(np.uint8)
    night = np.zeros((300, 300), np.uint8)
    night[40:80, 100:140] = 90
    save(tmp_path / "noise.png", noise)
    save(tmp_path / "night.png", night)
    save(tmp_path / "page.png", skimage.data.page())
    assert check(tmp_path) == [("near_empty", ["noise.png"])]


def test_pictures_smaller_than_a_patch(pairs: Path) -> None:
    files = tuple(sorted((pairs / "HR").iterdir()))
    save(files[3], load(files[3])[:60])
    result = check_sets([PictureSet("train", files, smallest=64)])
    assert rows(result) == [("small", ["p3.png"])]
    assert "is 128x60; expected at least 64" in result.findings[0].message


def test_sixteen_bits_in_one_channel(tmp_path: Path) -> None:
    for number, hr in enumerate(crops(4, 128)):
        deep = hr.mean(axis=2).astype(np.uint16) * 16 + 20_000
        save(tmp_path / "HR" / f"{number}.png", deep)
        save(tmp_path / "LR" / f"{number}.png", bicubic(deep, number))
    assert check(tmp_path) == []


def test_progress_counts_every_file(pairs: Path) -> None:
    seen = []
    check_sets(open_folders([pairs]), lambda done, total: seen.append((done, total)))
    assert seen == [(done, 12) for done in range(2, 13, 2)]


def test_a_tinted_picture_among_good_ones(pairs: Path) -> None:
    path = pairs / "LR" / "p2x4.png"
    save(path, tinted(load(path), (1.2, 1.0, 0.9)))
    result = check_sets(open_folders([pairs]))
    assert rows(result) == [("colors", ["p2.png", "p2x4.png"])]
    assert "LR/p2x4.png differs from HR/p2.png in" in result.findings[0].message


@pytest.mark.parametrize("gains", [(1.2, 1.0, 1.0), (1.15, 1.15, 1.15)])
def test_what_all_pairs_are_tinted_by_is_one_finding(
    tmp_path: Path, gains: tuple[float, float, float]
) -> None:
    for number, hr in enumerate(crops(10, 128)):
        save(tmp_path / "HR" / f"{number}.png", hr)
        save(tmp_path / "LR" / f"{number}.png", tinted(bicubic(hr, number), gains))
    result = check_sets(open_folders([tmp_path]))
    assert rows(result) == [("colors", ["HR", "LR"])]
    shift = float(result.findings[0].message.split("median by ")[1].split()[0])
    assert 5 < shift < 50


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_among_colour_is_a_remark(pairs: Path, channels: int) -> None:
    for name in ("HR/p1.png", "LR/p1x4.png"):
        save(pairs / name, load(pairs / name).mean(axis=2))
    for sets, count, colour in (
        (open_folders([pairs]), 1, "is grey"),
        (
            open_recipe(recipe_of(pairs, channels=channels)),
            5 if channels == 1 else 1,
            "are RGB" if channels == 1 else "is grey",
        ),
    ):
        result = check_sets(sets)
        assert rows(result) == []
        (remark,) = result.remarks
        assert remark.startswith(f"{count} of 6 pictures")
        assert colour in remark


def test_values_outside_of_what_the_recipe_says(pairs: Path) -> None:
    recipe = recipe_of(pairs, value_range=[0, 1])
    result = check_sets(open_recipe(recipe))
    assert result.counts == {"values": 12}
    assert "outside data.value_range=[0, 1]" in result.findings[0].message


def test_floats_without_a_value_range(tmp_path: Path) -> None:
    for number, hr in enumerate(crops(3, 128)):
        celsius = hr[..., :1].astype(np.float32) / 255 * 40 - 10
        for side, pixels in (("HR", celsius), ("LR", bicubic(celsius, number))):
            (tmp_path / side).mkdir(exist_ok=True)
            write_bands(pixels, tmp_path / side / f"{number}.tif")
    result = check_sets(open_recipe(recipe_of(tmp_path, channels=1)))
    assert result.counts == {"values": 6}
    assert "expected 0 to 1. Set data.value_range" in result.findings[0].message
    good = recipe_of(tmp_path, channels=1, value_range=[-10, 30])
    assert rows(check_sets(open_recipe(good))) == []
    assert check(tmp_path) == []


def test_one_advice_where_all_pairs_have_another_scale(pairs: Path) -> None:
    for path in sorted((pairs / "HR").iterdir()):
        save(path, bicubic(load(path), 0, 2))
    result = check_sets(open_recipe(recipe_of(pairs)))
    assert result.counts == {"wrong_size": 6}
    assert result.advice["wrong_size"].startswith(
        "All 6 pairs are of scale 2, the recipe says 4: --set scale=2"
    )
    (pairs / "HR").rename(pairs / "old")
    (pairs / "LR").rename(pairs / "HR")
    (pairs / "old").rename(pairs / "LR")
    for path in sorted((pairs / "HR").iterdir()):
        path.rename(path.with_name(path.name.replace("x4", "")))
    result = check_sets(open_recipe(recipe_of(pairs)))
    assert set(result.counts) == {"wrong_size"}
    assert "seem swapped" in result.advice["wrong_size"]


def test_validation_in_the_folder_of_train_is_one_finding(pairs: Path) -> None:
    result = check_sets(open_recipe(recipe_of(pairs, pairs)))
    assert rows(result) == [("leak", ["HR", "HR"])]
    assert "is the same folder as train" in result.findings[0].message
