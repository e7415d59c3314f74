from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from imgan.data.image_batches import image_dataset
from imgan.data.image_sampler import ImageSampler
from imgan.data.images import ImageStore
from imgan.data.images import open_images
from imgan.errors import DataError
from imgan.errors import ImganError
from tests.data.numbered import numbered
from tests.data.numbered import numbered_store


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return numbered_store(tmp_path)


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
