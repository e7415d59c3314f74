from pathlib import Path

import cv2
import numpy as np
import pytest

from imgan.data.image_sampler import ImageSampler
from imgan.data.images import ImageStore
from imgan.data.images import open_images
from tests.data.numbered import COUNT
from tests.data.numbered import numbered
from tests.data.numbered import numbered_store


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return numbered_store(tmp_path)


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


def test_depths_may_be_mixed(tmp_path: Path) -> None:
    grey = numbered()[0, ..., 1]
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    cv2.imwrite(str(tmp_path / "b.png"), grey.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "c.tif"), (grey / 255.0).astype(np.float32))
    store = open_images(str(tmp_path), image_size=8, channels=1)
    images = ImageSampler(store, seed=1).batch(0, 3).images
    for image in images:
        np.testing.assert_allclose(image[..., 0], grey / 255.0, atol=1e-6)
