from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.data.image_batches import ImageSampler
from imgan.data.image_batches import image_dataset
from imgan.data.images import ImageStore
from imgan.data.images import open_images
from imgan.errors import DataError
from imgan.errors import ImganError
from imgan.types import Array

COUNT = 10


def numbered(dtype: str = "uint8") -> Array:
    """Pieces of a photograph whose corner tells which one it is."""
    photo = skimage.data.astronaut()
    images = np.stack([photo[40 * n : 40 * n + 8, 200:208] for n in range(COUNT)])
    images[:, 0, 0, 0] = np.arange(COUNT)
    images[:, 0, -1, 0] = np.arange(COUNT)
    return images.astype(dtype)


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    np.savez(tmp_path / "a.npz", images=numbered(), labels=np.arange(COUNT) % 3)
    return open_images(str(tmp_path / "a.npz"), image_size=8, channels=3)


def test_an_epoch_shows_every_picture_once_in_another_order(store: ImageStore) -> None:
    sampler = ImageSampler(store, seed=1)
    orders = [sampler.batch(COUNT * n, COUNT).images[:, 0, 0, 0] for n in range(3)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(COUNT))
    assert orders[0].tolist() != orders[1].tolist()


def test_a_sample_depends_on_its_number_and_the_seed_only(store: ImageStore) -> None:
    one = ImageSampler(store, seed=1, flip=True).batch(0, 35)
    for first in range(30, -1, -5):
        part = ImageSampler(store, seed=1, flip=True).batch(first, 5)
        np.testing.assert_array_equal(part.images, one.images[first : first + 5])
    other = ImageSampler(store, seed=2, flip=True).batch(0, 35)
    assert (other.images != one.images).any()


def test_labels_stay_with_their_pictures(store: ImageStore) -> None:
    batch = ImageSampler(store, seed=1, flip=True).batch(3, 25)
    assert batch.labels is not None
    np.testing.assert_array_equal(batch.labels, batch.images[:, 0, 0, 0] % 3)


def test_about_half_of_the_pictures_are_mirrored(store: ImageStore) -> None:
    plain = ImageSampler(store, seed=1).batch(0, 400).images
    flipped = ImageSampler(store, seed=1, flip=True).batch(0, 400).images
    same = (flipped == plain).all(axis=(1, 2, 3))
    turned = (flipped == plain[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ turned).all()
    assert 160 < turned.sum() < 240
    np.testing.assert_array_equal(store[4], numbered()[4])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_batches_are_in_the_range_of_the_network(tmp_path: Path, dtype: str) -> None:
    images = numbered("float32") / 255.0
    if dtype != "float32":
        images = np.rint(images * np.iinfo(dtype).max).astype(dtype)
    np.savez(tmp_path / "a.npz", images=images)
    store = open_images(str(tmp_path / "a.npz"), image_size=8, channels=3)
    sampler = ImageSampler(store, seed=1)
    batch = next(iter(image_dataset(sampler, 4, labelled=False)))
    assert set(batch) == {"images"}
    raw = sampler.batch(0, 4).images
    assert raw.dtype == dtype
    peak = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    expected = raw.astype(np.float64) / peak * 2 - 1
    np.testing.assert_allclose(batch["images"], expected, atol=2e-7)


def test_a_dataset_resumes_where_it_left_off(store: ImageStore) -> None:
    def dataset(first: int) -> tf.data.Dataset:
        sampler = ImageSampler(store, seed=1, flip=True)
        return image_dataset(sampler, 4, first_step=first, labelled=True)

    assert dataset(0).element_spec == {
        "images": tf.TensorSpec((4, 8, 8, 3), tf.float32),
        "labels": tf.TensorSpec((4,), tf.int32),
    }
    whole = list(dataset(0).take(9).as_numpy_iterator())
    for step, batch in enumerate(dataset(5).take(4).as_numpy_iterator(), start=5):
        for key in ("images", "labels"):
            np.testing.assert_array_equal(batch[key], whole[step][key])


def test_depths_may_be_mixed(tmp_path: Path) -> None:
    grey = numbered()[0, ..., 1]
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    cv2.imwrite(str(tmp_path / "b.png"), grey.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "c.tif"), (grey / 255.0).astype(np.float32))
    store = open_images(str(tmp_path), image_size=8, channels=1)
    images = ImageSampler(store, seed=1).batch(0, 3).images
    for image in images:
        np.testing.assert_allclose(image[..., 0], grey / 255.0, atol=1e-6)


def test_what_is_wrong_with_a_picture_reaches_the_list(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), numbered()[0])
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:90])
    store = open_images(str(tmp_path), image_size=8, channels=3, adapt=True)
    failures: list[ImganError] = []
    dataset = image_dataset(
        ImageSampler(store, seed=1), 2, labelled=False, failures=failures
    )
    with pytest.raises(tf.errors.OpError):
        next(iter(dataset))
    assert "b.png" in str(failures[0])


def test_labels_must_exist_where_they_are_wanted(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=numbered())
    store = open_images(str(tmp_path / "a.npz"), image_size=8, channels=3)
    with pytest.raises(DataError, match="without labels"):
        image_dataset(ImageSampler(store, seed=1), 4, labelled=True)
