"""One small fault at a time, with real photographs around it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.checking.check import check_sets
from imgan.data.checking.findings import CheckResult
from imgan.data.checking.folders import open_folders
from imgan.data.checking.picture_sets import PictureSet
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
