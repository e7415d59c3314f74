from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.pairs import list_pairs
from imgan.data.patches import PatchSampler
from imgan.data.pipeline import super_resolution_dataset
from imgan.data.resize import resize_bicubic
from imgan.data.sources import PairStore
from imgan.data.sources import load_pair
from imgan.errors import DataError
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
    with pytest.raises(DataError, match=r"must be 1/2 of .* 66x65\. Received: 9x9"):
        load_pair(list_pairs(folder, tmp_path / "lr", 2)[0], 2)


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
    contrast = [sampler(tmp_path / "hr")(n).hr.std() for n in range(100)]
    uniform = [sampler(tmp_path / "hr", candidates=1)(n).hr.std() for n in range(100)]
    assert sum(value == 0 for value in contrast) < 5
    assert sum(value == 0 for value in uniform) > 25


def test_pictures_are_decoded_again_when_they_may_not_be_kept(folder: Path) -> None:
    paths = list_pairs(folder, None, 2)
    keeping, forgetting = PairStore(paths, 2), PairStore(paths, 2, keep=False)
    assert keeping.keep
    assert keeping[0] is keeping[0]
    assert forgetting[0] is not forgetting[0]


def test_batches_are_the_samples_in_order_from_any_step(folder: Path) -> None:
    cut = sampler(folder)
    ranges = {"lr_range": (-1.0, 1.0), "hr_range": (0.0, 1.0)}
    batches = list(super_resolution_dataset(cut, 4, **ranges).take(3))
    (resumed,) = super_resolution_dataset(cut, 4, first_step=2, **ranges).take(1)
    for name in ("lr_images", "hr_images"):
        np.testing.assert_array_equal(resumed[name], batches[2][name])
    for n, (lr, hr) in enumerate(cut(8 + n) for n in range(4)):
        np.testing.assert_allclose(resumed["lr_images"][n], lr / 127.5 - 1, atol=1e-6)
        np.testing.assert_allclose(resumed["hr_images"][n], hr / 255, atol=1e-6)
