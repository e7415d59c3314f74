from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.images import ImageStore
from imgan.data.images import as_uint8
from imgan.data.images import open_images
from imgan.data.images import require_labels
from imgan.errors import DataError
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.types import Array

PHOTOS = (skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea())


def save(path: Path, image: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if image.ndim == 3:
        image = cv2.cvtColor(
            image, cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
        )
    assert cv2.imwrite(str(path), image)


def tile(number: int, side: int = 16) -> Array:
    """Cut another piece out of a photograph for each number."""
    photo = PHOTOS[number % 3]
    top = 100 + 7 * number
    return np.ascontiguousarray(photo[top : top + side, 120 : 120 + side])


def fill(folder: Path, count: int, side: int = 16) -> Path:
    for number in range(count):
        save(folder / f"{number:02}.png", tile(number, side))
    return folder


def opened(source: Path | str, **options: object) -> ImageStore:
    arguments = {"image_size": 16, "channels": 3, **options}
    return open_images(str(source), **arguments)  # type: ignore[arg-type]


def test_a_folder_gives_its_pictures_by_name_as_they_are(tmp_path: Path) -> None:
    store = opened(fill(tmp_path, 3))
    assert (len(store), store.labels, store.label_names) == (3, None, None)
    for index in range(3):
        np.testing.assert_array_equal(store[index], tile(index))
    assert store.name(2) == str(tmp_path / "02.png")
    assert store[1] is store[1]


def test_class_folders_give_labels_in_the_order_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path / "dog", 1)
    fill(tmp_path / "cat", 2)
    (tmp_path / ".thumbnails").mkdir()
    store = opened(tmp_path)
    assert store.label_names == ("cat", "dog")
    assert store.labels is not None
    assert store.labels.dtype == np.int32
    assert store.labels.tolist() == [0, 0, 1]
    assert store.name(2) == str(tmp_path / "dog" / "00.png")
    require_labels(store)


def test_pictures_beside_class_folders_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 1)
    save(tmp_path / "stray.png", tile(0))
    with pytest.raises(DataError, match=r"pictures \(stray\.png\).*pictures \(cat\)"):
        opened(tmp_path)


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 1)
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match=r"dog is a class folder without pictures"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["missing", "empty", "only_folders"])
def test_a_folder_without_pictures_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "only_folders" / "inner").mkdir(parents=True)
    with pytest.raises(DataError, match=f"{name} "):
        opened(tmp_path / name)


def test_sizes_are_checked_before_any_picture_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 3)
    save(tmp_path / "01.png", tile(1)[:10])
    monkeypatch.setattr("imgan.data.image_store.read_image", None)
    with pytest.raises(
        DataError, match=r"1 of 3 .*01\.png is 16x10; expected 16x16 RGB.*data\.adapt"
    ):
        opened(tmp_path)


def test_of_mixed_sizes_each_is_told_once(tmp_path: Path) -> None:
    fill(tmp_path, 9)
    for number, side in {2: 10, 3: 12, 5: 12, 6: 13, 7: 14, 8: 15}.items():
        save(tmp_path / f"{number:02}.png", tile(number, side))
    with pytest.raises(DataError) as caught:
        opened(tmp_path)
    assert str(caught.value).startswith(
        f"6 of 9 pictures do not fit: {tmp_path}/02.png is 10x10, {tmp_path}/03.png is "
        f"12x12 (and 1 more), {tmp_path}/06.png is 13x13, and 2 more sizes or colours; "
        "expected 16x16 RGB"
    )


@pytest.mark.parametrize(
    ("image", "channels", "what"),
    [
        (tile(1)[..., 0], 3, "16x16 grey"),
        (tile(1), 1, "16x16 RGB"),
        (np.dstack([tile(1), tile(2)[..., 0]]), 3, "16x16 RGB with transparency"),
    ],
    ids=["grey", "colour", "transparent"],
)
def test_another_colour_is_refused_in_one_line(
    tmp_path: Path, image: Array, channels: int, what: str
) -> None:
    for number in range(3):
        plain = tile(number)
        save(tmp_path / f"{number}.png", plain if channels == 3 else plain[..., 0])
    save(tmp_path / "1.png", image)
    with pytest.raises(DataError, match=rf"1 of 3 .*1\.png is {what}; exp") as caught:
        opened(tmp_path, channels=channels)
    assert "\n" not in str(caught.value)


def test_an_opaque_alpha_channel_is_no_transparency(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.dstack([tile(0), np.full((16, 16), 255, np.uint8)]))
    np.testing.assert_array_equal(opened(tmp_path)[0], tile(0))


def test_adapting_cuts_the_centre_and_reduces_by_area(tmp_path: Path) -> None:
    image = tile(0, 40)[:32]
    save(tmp_path / "wide.png", image)
    store = opened(tmp_path, adapt=True)
    square = image[:, 4:36].astype(np.float64)
    means = square.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(store[0], means, atol=0.5)


def test_adapting_enlarges_and_converts(tmp_path: Path) -> None:
    save(tmp_path / "a.png", tile(0, 8))
    save(tmp_path / "b.png", tile(0, 8)[..., 1])
    colour = opened(tmp_path, adapt=True)
    grey = opened(tmp_path, adapt=True, channels=1)
    assert colour[0].shape == colour[1].shape == (16, 16, 3)
    assert grey[0].shape == grey[1].shape == (16, 16, 1)
    np.testing.assert_array_equal(colour[1], np.repeat(grey[1], 3, axis=2))
    luma = colour[0].astype(np.float64) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(grey[0][..., 0], luma, atol=1.5)


def test_adapting_lays_transparency_over_white(tmp_path: Path) -> None:
    alpha = np.zeros((16, 16), np.uint8)
    alpha[:8], alpha[8] = 255, 51
    save(tmp_path / "a.png", np.dstack([np.full((16, 16, 3), 100, np.uint8), alpha]))
    rows = opened(tmp_path, adapt=True)[0][:, 0, 0]
    # A fifth of 100 and four fifths of 255.
    assert rows.tolist() == [100] * 8 + [224] + [255] * 7


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    deep = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257 ^ 1
    save(tmp_path / "a.png", deep)
    store = opened(tmp_path, channels=1)
    np.testing.assert_array_equal(store[0][..., 0], deep)
    np.testing.assert_array_equal(
        as_uint8(store, [0])[0, ..., 0], np.arange(256).reshape(16, 16)
    )


def test_a_float_picture_with_nan_is_named(tmp_path: Path) -> None:
    image = np.full((16, 16), 0.5, np.float32)
    image[3, 4] = np.nan
    fill(tmp_path, 2)
    save(tmp_path / "bad.tif", image)
    with pytest.raises(DataError, match=r"bad\.tif holds"):
        opened(tmp_path, channels=1, adapt=True)[2]


def test_a_split_is_disjoint_complete_and_of_every_label(tmp_path: Path) -> None:
    fill(tmp_path / "a", 10)
    fill(tmp_path / "b", 3)
    fill(tmp_path / "c", 1)
    store = opened(tmp_path)
    train, held_out = store.split(0.2, seed=4)
    names = [[part.name(i) for i in range(len(part))] for part in (train, held_out)]
    assert sorted(names[0] + names[1]) == [store.name(i) for i in range(14)]
    assert train.labels is not None
    assert held_out.labels is not None
    assert np.bincount(train.labels).tolist() == [8, 2, 1]
    assert np.bincount(held_out.labels).tolist() == [2, 1]
    again = store.split(0.2, seed=4)[1]
    assert [again.name(i) for i in range(len(again))] == names[1]
    others = [store.split(0.2, seed)[1] for seed in range(5)]
    assert any([o.name(i) for i in range(len(o))] != names[1] for o in others)
    np.testing.assert_array_equal(held_out[0], store[_place(store, names[1][0])])


def _place(store: ImageStore, name: str) -> int:
    return [store.name(i) for i in range(len(store))].index(name)


def test_nothing_is_held_out_by_default(tmp_path: Path) -> None:
    train, held_out = opened(fill(tmp_path, 3)).split(0.0, seed=0)
    assert (len(train), len(held_out)) == (3, 0)


def test_a_conditional_family_needs_two_classes(tmp_path: Path) -> None:
    flat = fill(tmp_path / "only", 2)
    with pytest.raises(DataError, match=r"needs class folders .*only"):
        require_labels(opened(flat))
    with pytest.raises(DataError, match=rf"two classes\. .*'only', in {tmp_path}"):
        require_labels(opened(tmp_path))


def test_pictures_are_kept_only_if_told_so_or_small(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    assert opened(tmp_path).keep
    store = opened(tmp_path, keep=False)
    assert store[0] is not store[0]


def test_the_digits_of_scikit_learn_are_enlarged() -> None:
    pytest.importorskip("sklearn")
    store = opened("sklearn:digits", channels=1)
    assert len(store) == 1797
    assert store.label_names == tuple("0123456789")
    assert store.labels is not None
    assert np.bincount(store.labels).min() == 174
    images = np.stack([store[index] for index in range(50)])
    assert images.dtype == np.float32
    assert images.shape == (50, 16, 16, 1)
    assert images.min() == 0
    assert images.max() == 1
    # Of real digits, and not of their mean: the corners are empty, the middle is not.
    assert images[:, 8, 6:10].mean() > 0.4 > 0.05 > images[:, 0, 0].mean()


def test_digits_without_scikit_learn_name_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"sklearn:digits.*imgan\[test\]"):
        opened("sklearn:digits")


def test_an_unknown_set_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'digits'"):
        opened("sklearn:digit")
