from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import psutil
import pytest
import skimage.data

from imgan.config import validate_recipe
from imgan.config.degradation import DegradationConfig
from imgan.config.super_resolution import RegressionRecipe
from imgan.data.degradations.chain import degrade
from imgan.data.degradations.operations import unsharp_mask
from imgan.data.pair_store import PairStore
from imgan.data.pair_store import load_pair
from imgan.data.pairs import check_sizes
from imgan.data.pairs import list_pairs
from imgan.data.patches import PatchSampler
from imgan.data.patches import open_validation
from imgan.data.pipeline import super_resolution_dataset
from imgan.data.pixels import PixelFormat
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.errors import ImageReadError
from imgan.io.bands import write_bands
from imgan.types import Array


def save(path: Path, image: Array) -> None:
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "hr" / "a.png", skimage.data.astronaut()[:131, 150:283])
    save(tmp_path / "hr" / "b.png", skimage.data.chelsea()[50:170, 100:220])
    save(tmp_path / "hr" / "grey.png", skimage.data.camera()[100:200, 200:310])
    return tmp_path / "hr"


def sampler(folder: Path, **options: object) -> PatchSampler:
    store = PairStore(list_pairs(folder, None, 2), 2)
    return PatchSampler(store, 32, seed=5, **options)  # type: ignore[arg-type]


def test_a_pair_is_cropped_to_the_scale_and_reduced_by_matlab_bicubic(
    folder: Path,
) -> None:
    pair = load_pair(list_pairs(folder, None, 4)[0], 4)
    assert pair.hr.shape == (128, 132, 3)
    np.testing.assert_array_equal(pair.lr, resize_bicubic(pair.hr, 1 / 4))


def test_the_detail_of_a_rectangle_is_the_sum_of_its_contrast(folder: Path) -> None:
    pair = load_pair(list_pairs(folder, None, 2)[0], 2)
    grey = pair.lr.astype(np.float64).mean(axis=2)
    contrast = np.zeros_like(grey)
    contrast[:, :-1] += np.abs(np.diff(grey, axis=1))
    contrast[:-1] += np.abs(np.diff(grey, axis=0))
    total = pair.detail
    received = total[30, 40] - total[10, 40] - total[30, 5] + total[10, 5]
    assert received == pytest.approx(contrast[10:30, 5:40].sum(), rel=1e-5)


def test_given_twins_are_found_by_name_or_with_the_scale(
    folder: Path, tmp_path: Path
) -> None:
    names = ("a", "bx2", "greyx2")
    for name, paths in zip(names, list_pairs(folder, None, 2), strict=True):
        save(tmp_path / "lr" / f"{name}.png", load_pair(paths, 2).lr)
    listed = list_pairs(folder, tmp_path / "lr", 2)
    assert [pair.lr and pair.lr.name for pair in listed] == [
        "a.png",
        "bx2.png",
        "greyx2.png",
    ]
    (tmp_path / "lr" / "bx2.png").unlink()
    with pytest.raises(DataError, match=r"hr, 1 without a partner: b\.png"):
        list_pairs(folder, tmp_path / "lr", 2)


def test_twins_of_a_wrong_size_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b", "grey"):
        save(tmp_path / "lr" / f"{name}.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DataError, match=r"3 of 3 .*: lr/a\.png is 9x9, not 66x65"):
        check_sizes(list_pairs(folder, tmp_path / "lr", 2), 2)


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_pictures_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=name):
        list_pairs(tmp_path / name, None, 2)


def test_a_sample_depends_on_its_number_and_the_seed_only(folder: Path) -> None:
    forwards, backwards = sampler(folder), sampler(folder)
    first = {n: forwards(n) for n in range(12)}
    for n in reversed(range(12)):
        np.testing.assert_array_equal(backwards(n).hr, first[n].hr)
    other = sampler(folder)
    other.seed = 6
    assert any((other(n).hr != first[n].hr).any() for n in range(12))


def test_an_epoch_shows_every_picture_once(folder: Path) -> None:
    cut = sampler(folder, augment=False)
    for epoch in range(3):
        seen = {cut(3 * epoch + n).hr.tobytes() for n in range(3)}
        assert len(seen) == 3
    orders = {tuple(cut._permutation(epoch)) for epoch in range(20)}
    assert len(orders) > 3


def test_twins_stay_aligned_through_every_symmetry(folder: Path) -> None:
    """Reducing the cropped truth gives the cropped input, away from the border."""
    cut = sampler(folder)
    for n in range(24):
        patch = cut(n)
        reduced = resize_bicubic(patch.hr, 1 / 2)
        inner = (slice(3, -3), slice(3, -3))
        difference = np.abs(reduced[inner].astype(int) - patch.lr[inner])
        # Turning swaps rounding's order of rows and columns: one level at most.
        assert difference.max() <= 1


def test_smooth_areas_are_drawn_rarely(tmp_path: Path) -> None:
    """Half of the picture is flat: uniform sampling shows it in half the patches."""
    image = np.full((128, 256, 3), 90, np.uint8)
    image[:, 128:] = skimage.data.coffee()[100:228, 200:328]
    save(tmp_path / "hr" / "half.png", image)
    contrast = [np.ptp(sampler(tmp_path / "hr")(n).hr) for n in range(100)]
    flat = sampler(tmp_path / "hr", candidates=1)
    uniform = [np.ptp(flat(n).hr) for n in range(100)]
    assert sum(value == 0 for value in contrast) < 5
    assert sum(value == 0 for value in uniform) > 25


def test_pictures_are_decoded_again_when_they_may_not_be_kept(folder: Path) -> None:
    paths = list_pairs(folder, None, 2)
    keeping, forgetting = PairStore(paths, 2), PairStore(paths, 2, keep=False)
    assert keeping.keep
    assert keeping[0] is keeping[0]
    assert forgetting[0] is not forgetting[0]


@pytest.mark.parametrize(("reduced", "needed"), [(False, 472), (True, 544)])
def test_what_reduction_makes_counts_as_floats(
    reduced: bool, needed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: 128 pixels of 3 bytes, and 8 small ones of 8 bytes of detail and 3 or 12
    of colour: 384 + 8 * 11 or 384 + 8 * 20.
    """
    save(tmp_path / "hr" / "a.png", skimage.data.chelsea()[:8, :16])
    paths = list_pairs(tmp_path / "hr", None, 4)

    def reduce(hr: Array, index: int) -> Array:
        return resize_bicubic(hr, 1 / 4).astype(np.float32) / 255

    def store(memory: float) -> PairStore:
        found = SimpleNamespace(total=memory)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: found)
        return PairStore(paths, 4, reduce=reduce if reduced else None)

    pair = store(0)[0]
    assert pair.hr.nbytes + pair.lr.nbytes + 8 * 8 == needed
    assert not store(4 * needed - 4).keep
    assert store(4 * needed + 4).keep


def test_batches_are_the_samples_in_order_from_any_step(folder: Path) -> None:
    cut = sampler(folder)
    ranges = {"lr_range": (-1.0, 1.0), "hr_range": (0.0, 1.0)}
    batches = list(super_resolution_dataset(cut, 4, **ranges).take(3))
    (resumed,) = super_resolution_dataset(cut, 4, first_step=2, **ranges).take(1)
    for name in ("lr_images", "hr_images"):
        np.testing.assert_array_equal(resumed[name], batches[2][name])
    for n, patch in enumerate(cut(8 + n) for n in range(4)):
        np.testing.assert_allclose(resumed["lr_images"][n], patch.lr * 2 - 1, atol=1e-6)
        np.testing.assert_array_equal(resumed["hr_images"][n], patch.hr)


def test_targets_are_the_sharpened_truth_and_travel_through_the_pipeline(
    folder: Path,
) -> None:
    sharp = sampler(folder, usm=True)
    patch = sharp(3)
    np.testing.assert_array_equal(patch.target, unsharp_mask(patch.hr))
    np.testing.assert_array_equal(patch.hr, sampler(folder)(3).hr)
    assert sampler(folder)(3).target is None
    (batch,) = super_resolution_dataset(sharp, 4).take(1)
    np.testing.assert_array_equal(batch["target_images"][3], patch.target)


def test_a_picture_too_large_to_be_read_is_named_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgan.data.pixels.MAX_MEGAPIXELS", 0.001)
    with pytest.raises(ImageReadError, match=r"are trained on. Cut it into pieces"):
        sampler(folder)


def test_low_resolution_is_made_of_the_sharpened_truth(folder: Path) -> None:
    """Else the network would learn to sharpen too: Real-ESRGAN's code does it so."""
    config = DegradationConfig()
    patch = sampler(folder, degradation=config, usm=True)(7)
    rng = np.random.default_rng((5, 2, 7))
    assert patch.target is not None
    np.testing.assert_array_equal(patch.lr, degrade(patch.target, config, 2, rng))


def test_a_degraded_patch_depends_on_seed_and_number_alone(folder: Path) -> None:
    config = DegradationConfig()
    first, again = (sampler(folder, degradation=config) for _ in range(2))
    again(0)
    patch = first(7)
    np.testing.assert_array_equal(patch.lr, again(7).lr)
    np.testing.assert_array_equal(patch.hr, sampler(folder)(7).hr)
    rng = np.random.default_rng((5, 2, 7))
    np.testing.assert_array_equal(patch.lr, degrade(patch.hr, config, 2, rng))
    (batch,) = super_resolution_dataset(first, 4, first_step=1).take(1)
    np.testing.assert_array_equal(batch["lr_images"][3], patch.lr)


def test_held_out_pictures_are_always_degraded_alike(folder: Path) -> None:
    values = {
        "name": "try",
        "family": "repsr",
        "scale": 2,
        "seed": 4,
        "data": {
            "train": {"hr": str(folder)},
            "validation": {"hr": str(folder)},
            "hr_patch_size": 32,
            "degradation": {},
        },
        "training": {"steps": 1},
    }
    recipe = validate_recipe(values)
    assert isinstance(recipe, RegressionRecipe)
    stores = open_validation(recipe), open_validation(recipe)
    for index in range(3):
        first, second = (store[index] for store in stores if store)
        np.testing.assert_array_equal(first.lr, second.lr)
        rng = np.random.default_rng((4, 3, index))
        truth = first.hr.astype(np.float32) / 255
        expected = degrade(truth, DegradationConfig(), 2, rng)
        np.testing.assert_array_equal(first.lr, expected)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_patches_of_any_channels_keep_the_depth_of_their_files(
    tmp_path: Path, channels: int
) -> None:
    """16 bits are not rounded to 8: a ramp of single steps stays one."""
    ramp = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    bands = np.stack([ramp + 1000 * band for band in range(channels)], axis=2)
    write_bands(bands, tmp_path / "ramp.tif")
    pixel_format = PixelFormat(channels)
    store = PairStore(list_pairs(tmp_path, None, 2), 2, pixel_format=pixel_format)
    cut = PatchSampler(store, 32, seed=1, augment=False)(0)
    assert cut.hr.shape == (32, 32, channels)
    assert cut.lr.shape == (16, 16, channels)
    levels = cut.hr * 65535
    np.testing.assert_allclose(np.diff(levels, axis=1), 1, atol=2e-2)
    np.testing.assert_allclose(levels[..., -1] - levels[..., 0], 1000 * (channels - 1))


def test_a_value_range_says_what_zero_and_one_are(tmp_path: Path) -> None:
    thermal = np.linspace(-20, 120, 40 * 40, dtype=np.float32).reshape(40, 40, 1)
    write_bands(thermal, tmp_path / "thermal.tif")
    pixels = PixelFormat(1, (-20.0, 80.0)).read(tmp_path / "thermal.tif")
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, (thermal + 20) / 100, atol=1e-6)


def test_a_wrong_number_of_bands_is_named(tmp_path: Path) -> None:
    write_bands(np.zeros((20, 20, 4), np.uint8), tmp_path / "four.tif")
    with pytest.raises(DataError, match=r"four\.tif must have 5 bands.*Received: 4"):
        PixelFormat(5).read(tmp_path / "four.tif")


def test_colour_becomes_grey_by_its_luma(tmp_path: Path) -> None:
    """0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2."""
    save(tmp_path / "colour.png", np.full((8, 8, 3), (200, 100, 50), np.uint8))
    pixels = PixelFormat(1).read(tmp_path / "colour.png")
    np.testing.assert_array_equal(pixels, np.full((8, 8, 1), 124, np.uint8))


@pytest.mark.parametrize(
    ("values", "value_range", "message"),
    [
        (
            (-10.5, 29.9),
            None,
            "float values from -10.5 to 29.9; expected 0 to 1. Set d",
        ),
        ((0, 255), (0.0, 1.0), r"from 0 to 255; 99% of .*data.value_range=\[0, 1\]"),
        ((0, 255), (0.0, 65535.0), "8-bit integers, of which .* far too wide"),
        ((0.0, 1.0), (0.8, 40.0), "8.% of them are outside"),
        ((200, 255), (0.0, 150.0), "100% of them are outside"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_values_that_do_not_suit_the_range_are_named(
    tmp_path: Path,
    values: tuple[float, float],
    value_range: tuple[float, float] | None,
    message: str,
    channels: int,
) -> None:
    """Files of one channel and no range are read as pictures of light."""
    ramp = np.linspace(*values, 40 * 40 * channels).reshape(40, 40, channels)
    floats = isinstance(values[1], float)
    write_bands(ramp.astype(np.float32 if floats else np.uint8), tmp_path / "a.tif")
    with pytest.raises(DataError, match=rf"a\.tif holds .*{message}"):
        PixelFormat(channels, value_range).read(tmp_path / "a.tif")


def test_a_narrow_range_suits_files_that_keep_to_it(tmp_path: Path) -> None:
    """Body heat in hundredths of a degree: 6 K are less than 1 % of 16 bits."""
    warm = np.linspace(30_000, 30_600, 1600).astype(np.uint16).reshape(40, 40, 1)
    warm[0, 0] = 0
    write_bands(warm, tmp_path / "warm.tif")
    pixels = PixelFormat(1, (30_000.0, 30_600.0)).read(tmp_path / "warm.tif")
    assert pixels[1:].min() > 0
    assert pixels.max() == 1


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ([16, 16, 15], "1 of 3 low-res.* not 1/4 .*: low/2.png is 15x15, not 16x16. R"),
        ([32, 32, 32], "all 3 pairs are of scale 2, the recipe says 4: --set scale=2"),
        ([64, 64, 64], "all 3 pairs are of scale 1, the recipe says 4"),
        ([256, 256, 256], "low and high resolution seem swapped: data.train.hr"),
        ([15, 32, 15, 15, 9], "5 of 5 .* low/2.png is 15x15, not 16x16 and 2 more"),
    ],
)
def test_wrong_sizes_are_told_from_headers(
    tmp_path: Path, sides: list[int], message: str
) -> None:
    for number, side in enumerate(sides):
        for name, size in (("high", 64), ("low", side)):
            (tmp_path / name).mkdir(exist_ok=True)
            save(tmp_path / name / f"{number}.png", np.zeros((size, size, 3), np.uint8))
    with pytest.raises(DataError, match=message):
        check_sizes(list_pairs(tmp_path / "high", tmp_path / "low", 4), 4)


def test_validation_on_training_pictures_is_warned_of(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    link, other = tmp_path / "link", tmp_path / "other"
    link.symlink_to(folder)
    other.mkdir()
    save(other / "apart.png", np.zeros((64, 64, 3), np.uint8))
    for held_out, said in ((other, False), (link, True)):
        recipe = validate_recipe(
            {
                "name": "try",
                "family": "repsr",
                "scale": 2,
                "data": {
                    "train": {"hr": str(folder)},
                    "validation": {"hr": str(held_out)},
                    "hr_patch_size": 32,
                },
                "training": {"steps": 1},
            }
        )
        assert isinstance(recipe, RegressionRecipe)
        open_validation(recipe)
        assert ("are also trained on" in caplog.text) is said


@pytest.mark.parametrize("name", ["a", "grey"])
def test_patches_from_anywhere_are_reduced_as_the_picture_would_be(
    folder: Path, name: str
) -> None:
    """A picture that begins where the patch does has the same low resolution inside.

    A patch that touches the picture's border is reduced from its own pixels alone.
    """
    for path in folder.iterdir():
        if path.stem != name:
            path.unlink()
    store = PairStore(list_pairs(folder, None, 2), 2)
    whole = store[0].hr.astype(np.float32) / 255
    cut = PatchSampler(store, 32, seed=5, augment=False, anywhere=True)
    phases = set()
    for number in range(40):
        patch = cut(number)
        match = cv2.matchTemplate(whole, patch.hr, cv2.TM_SQDIFF)
        top, left = np.unravel_index(match.argmin(), match.shape)
        phases.add((int(top) % 2, int(left) % 2))
        shifted = store[0].hr[top % 2 :, left % 2 :]
        height, width = (side - side % 2 for side in shifted.shape[:2])
        reduced = resize_bicubic(shifted[:height, :width], 1 / 2)
        y, x = int(top) // 2, int(left) // 2
        expected = reduced[y : y + 16, x : x + 16] / 255
        inner = slice(2, -2)
        np.testing.assert_allclose(
            patch.lr[inner, inner], expected[inner, inner], atol=1.1 / 255
        )
    assert phases == {(0, 0), (0, 1), (1, 0), (1, 1)}
