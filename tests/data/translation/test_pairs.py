from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.config.degradation import DegradationConfig
from imgan.data.degradations.chain import degrade
from imgan.data.pixels import to_channels
from imgan.data.translation import PairSampler
from imgan.data.translation import open_pairs
from imgan.data.translation import target_dtype
from imgan.errors import DataError
from imgan.io.bands import write_bands
from tests.data.translation.helpers import paired
from tests.data.translation.helpers import ramp
from tests.data.translation.helpers import save

SIZES = [(40, 50), (33, 60), (64, 31)]


@pytest.fixture
def ramps(tmp_path: Path) -> dict[str, Path]:
    """Pairs of several sizes: A says where a pixel is, B is its negative."""
    for number, size in enumerate(SIZES):
        save(tmp_path / "a" / f"{number}.png", ramp(*size))
        save(tmp_path / "b" / f"{number}.png", 255 - ramp(*size))
    return {"a": tmp_path / "a", "b": tmp_path / "b"}


def levels(image: np.ndarray) -> np.ndarray:
    return np.rint(image * 255).astype(int)


def places(sampler: PairSampler, count: int = 60) -> list[tuple[int, int, bool]]:
    """Return where samples were cut out of ramps, and whether they are mirrored."""
    found = []
    for sample in range(count):
        columns, rows = levels(sampler(sample).source)[0, :, :2].T
        found.append((int(rows[0]), int(columns.min()), bool(columns[1] < columns[0])))
    return found


def test_both_sides_are_cut_and_mirrored_alike(ramps: dict[str, Path]) -> None:
    sampler = open_pairs(paired(ramps))
    for sample in range(30):
        source, target = sampler(sample)
        assert source.shape == target.shape == (16, 16, 3)
        assert source.dtype == target.dtype == np.float32
        np.testing.assert_array_equal(levels(source), 255 - levels(target))
        across = np.diff(levels(source)[..., 0], axis=1)
        assert (across == across[0, 0]).all()
        assert abs(across[0, 0]) == 1


def test_every_place_is_cut_and_half_are_mirrored(tmp_path: Path) -> None:
    save(tmp_path / "a" / "x.png", ramp(18, 17))
    save(tmp_path / "b" / "x.png", ramp(18, 17))
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    found = places(open_pairs(paired(folders)), 100)
    assert {(top, left) for top, left, _ in found} == {
        (top, left) for top in range(3) for left in range(2)
    }
    assert 30 < sum(mirrored for *_, mirrored in found) < 70
    still = places(open_pairs(paired(folders, flip=False)), 100)
    # The same places, so that the key changes nothing but what it says.
    assert still == [(top, left, False) for top, left, _ in found]


def test_an_epoch_holds_every_pair_once_in_an_order_of_its_own(
    tmp_path: Path,
) -> None:
    for level in range(8):
        save(tmp_path / "ab" / f"{level}.png", np.full((16, 32), level, np.uint8))
    sampler = open_pairs(paired({"combined": tmp_path / "ab"}))
    epochs = [
        [levels(sampler(8 * epoch + place).source).max() for place in range(8)]
        for epoch in range(3)
    ]
    assert all(sorted(epoch) == list(range(8)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("cache", ["always", "never"])
def test_a_sample_is_a_pure_function_of_seed_and_number(
    ramps: dict[str, Path], cache: str
) -> None:
    sampler = open_pairs(paired(ramps, cache="always"))
    forward = [sampler(sample) for sample in range(12)]
    again = open_pairs(paired(ramps, cache=cache))
    for sample in reversed(range(12)):
        np.testing.assert_array_equal(again(sample), forward[sample])
    other = open_pairs(paired(ramps, seed=4))
    assert places(other, 12) != places(sampler, 12)


def test_squeezed_to_the_load_size_before_they_are_cut(ramps: dict[str, Path]) -> None:
    sampler = open_pairs(paired(ramps, load_size=20))
    for sample in range(6):
        source, target = sampler(sample)
        assert source.shape == (16, 16, 3)
        # Whole levels, and rounding does not mirror: a half goes up on either side.
        assert np.abs(levels(source) + levels(target) - 255).max() <= 1
    index = sampler.reader.files[0]
    pictures, target = sampler.reader.read(0)
    assert index.name == "0"
    assert pictures[0].shape == target.shape == (20, 20, 3)
    whole = np.asarray(cv2.resize(ramp(*SIZES[0]), (20, 20), interpolation=3))
    np.testing.assert_allclose(pictures[0].astype(int), whole, atol=1)


def test_colours_are_no_numbers_of_labels(tmp_path: Path) -> None:
    """Labels 3 and 6 of a map in colour, blue and half as bright a green, are one grey.

    0.587 * 50 and 0.114 * 255 are both 29, so luma would merge the two.
    """
    colours = np.zeros((20, 20, 3), np.uint8)
    colours[:10] = (0, 50, 0)
    colours[10:] = (0, 0, 255)
    save(tmp_path / "a" / "x.png", colours)
    save(tmp_path / "b" / "x.png", ramp(20, 20))
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    assert len(np.unique(to_channels(colours, 1))) == 1
    side = {"channels": 1, "labels": True}
    with pytest.raises(DataError, match=r"x\.png is in colour.* data\.source\.chan"):
        open_pairs(paired(folders, source=side))
    open_pairs(paired(folders, source={"channels": 1}))
    open_pairs(paired(folders, source={"labels": True}))
    save(tmp_path / "a" / "x.png", colours[..., 2])
    open_pairs(paired(folders, source=side))


def test_labels_are_never_mixed_but_photographs_are(tmp_path: Path) -> None:
    labels = np.where(skimage.data.camera()[:200, 100:350] > 120, 7, 200)
    labels[50:80] = 90
    save(tmp_path / "a" / "x.png", labels.astype(np.uint8))
    save(tmp_path / "b" / "x.png", labels.astype(np.uint8))
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    side = {"channels": 1, "labels": True}
    for load_size in (40, 300):
        recipe = paired(folders, source=side, image_size=32, load_size=load_size)
        pairs = [open_pairs(recipe)(sample) for sample in range(8)]
        values = {int(v) for pair in pairs for v in np.unique(levels(pair.source))}
        assert values <= {7, 90, 200}
        assert any(len(np.unique(pair.target)) > 3 for pair in pairs)


@pytest.mark.parametrize(("source", "target"), [(1, 3), (3, 1)])
def test_sides_have_channels_of_their_own(
    ramps: dict[str, Path], source: int, target: int
) -> None:
    sampler = open_pairs(
        paired(ramps, source={"channels": source}, target={"channels": target})
    )
    pair = sampler(0)
    assert pair.source.shape == (16, 16, source)
    assert pair.target.shape == (16, 16, target)
    assert sampler.reader.source_channels == source
    assert sampler.reader.target_channels == target


def test_grey_is_the_luma_of_the_same_place(ramps: dict[str, Path]) -> None:
    colour = open_pairs(paired(ramps))(5).source
    grey = open_pairs(paired(ramps, source={"channels": 1}))(5).source
    luma = levels(colour) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(levels(grey)[..., 0], luma, atol=0.51)


def test_five_bands_to_a_picture(tmp_path: Path) -> None:
    bands = np.dstack([ramp(30, 30), ramp(30, 30)[..., :2]]).astype(np.uint16) * 100
    (tmp_path / "a").mkdir()
    write_bands(bands, tmp_path / "a" / "x.tif")
    save(tmp_path / "b" / "x.png", ramp(30, 30))
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    recipe = paired(folders, source={"channels": 5}, load_size=None)
    source, target = open_pairs(recipe)(1)
    assert source.shape == (16, 16, 5)
    np.testing.assert_allclose(source[..., :3] * 65535, levels(target) * 100, atol=0.1)
    np.testing.assert_array_equal(source[..., 3:], source[..., :2])
    back = open_pairs(
        paired(folders, target={"channels": 5}, direction="b_to_a", load_size=18)
    )
    assert back(0).target.shape == (16, 16, 5)
    assert target_dtype(recipe) == "uint8"


def test_a_picture_without_the_bands_names_its_key(ramps: dict[str, Path]) -> None:
    write_bands(np.zeros((40, 50, 5), np.uint8), ramps["a"] / "0.tif")
    (ramps["a"] / "0.png").unlink()
    with pytest.raises(DataError, match=r"0\.tif .* 4 bands, as data\.target\.chann"):
        open_pairs(paired(ramps, target={"channels": 4}, direction="b_to_a"))


def test_deep_pictures_and_value_ranges(tmp_path: Path) -> None:
    depth = ramp(30, 30, 1).astype(np.float32) * 10 + 100  # 100 to 390
    deep = ramp(30, 30, 1).astype(np.uint16) * 1000
    (tmp_path / "a").mkdir()
    write_bands(depth, tmp_path / "a" / "x.tif")
    save(tmp_path / "b" / "x.png", deep)
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    ranged = {"channels": 1, "value_range": (100, 500)}
    recipe = paired(folders, source=ranged, target={"channels": 1})
    source, target = open_pairs(recipe)(2)
    rows = np.rint(target * 65.535)
    np.testing.assert_allclose(source * 400, rows * 10, atol=1e-3)
    assert target_dtype(recipe) == "uint16"
    swapped = paired(folders, target=ranged, source={"channels": 1}, direction="b_to_a")
    assert target_dtype(swapped) == "float32"
    with pytest.raises(DataError, match=r"Set data\.source\.value_range to"):
        open_pairs(paired(folders, source={"channels": 1}))


def test_frames_are_stacked_and_cut_alike(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path / "clip" / f"{number}.png", ramp(30, 30) + np.uint8(number * 20))
    recipe = paired({"frames": tmp_path / "clip"}, num_frames=2)
    sampler = open_pairs(recipe)
    assert len(sampler) == 3
    assert recipe.data.source_channels == sampler.reader.source_channels == 6
    for sample in range(6):
        source, target = map(levels, sampler(sample))
        np.testing.assert_array_equal(source[..., :3] + 20, source[..., 3:])
        np.testing.assert_array_equal(source[..., 3:] + 20, target)
    # Five files, whatever the number of samples that each is part of.
    for index in range(3):
        sampler.reader.read(index)
    assert len(sampler.reader._store._kept) == 5


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    save(tmp_path / "photos" / "astronaut.png", skimage.data.astronaut()[:80, 150:250])
    save(tmp_path / "photos" / "cat.png", skimage.data.chelsea()[50:150, 100:200])
    return {"pictures": tmp_path / "photos"}


def test_grey_made_of_photographs(photos: dict[str, Path]) -> None:
    sampler = open_pairs(paired(photos, make="grey", source={"channels": 1}))
    source, target = sampler(3)
    assert source.shape == (16, 16, 1)
    luma = levels(target) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(levels(source)[..., 0], luma, atol=0.51)


@pytest.mark.parametrize("channels", [1, 3])
def test_degraded_photographs_keep_their_size(
    photos: dict[str, Path], channels: int
) -> None:
    config: dict[str, Any] = {"first": {"noise": {"sigma": [5, 5]}}}
    recipe = paired(
        photos,
        make="degraded",
        degradation=config,
        image_size=32,
        source={"channels": channels},
        target={"channels": channels},
    )
    sampler = open_pairs(recipe)
    pairs = [sampler(sample) for sample in range(6)]
    for sample, (source, target) in enumerate(pairs):
        assert source.shape == target.shape == (32, 32, channels)
        assert not np.array_equal(source, target)
        np.testing.assert_array_equal(open_pairs(recipe)(sample).source, source)
    rng = np.random.default_rng((3, 2, 4))
    validated = recipe.data.degradation
    assert isinstance(validated, DegradationConfig)
    np.testing.assert_array_equal(
        degrade(pairs[4].target, validated, 1, rng), pairs[4].source
    )


def test_bands_cannot_be_degraded(photos: dict[str, Path]) -> None:
    side = {"channels": 4}
    recipe = paired(photos, make="degraded", degradation={}, source=side, target=side)
    with pytest.raises(DataError, match=r"one or three channels.*channels=4"):
        open_pairs(recipe)
