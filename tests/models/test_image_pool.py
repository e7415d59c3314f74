from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.models.image_pool import ImagePool
from imgan.types import Array

STAY, SWAP = 0.5, 0.49
SHAPE = (2, 2, 1)


def _numbered(*numbers: int) -> Array:
    images = np.array(numbers, np.float32)[:, None, None, None]
    return np.tile(images, (1, *SHAPE))


def _numbers(images: Any) -> list[int]:
    images = np.asarray(images)
    assert np.all(images == images[:, :1, :1])
    return [int(number) for number in images[:, 0, 0, 0]]


def _stored(pool: ImagePool) -> list[int]:
    return _numbers(pool.weights[0])


class _Reference:
    """The published procedure, one image after the other."""

    def __init__(self, size: int) -> None:
        self.size, self.images = size, list[int]()

    def query(self, images: list[int], draws: Array) -> list[int]:
        return [
            self._one(image, *draw) for image, draw in zip(images, draws, strict=True)
        ]

    def _one(self, image: int, exchange: float, place: float) -> int:
        if len(self.images) < self.size:
            self.images.append(image)
            return image
        if exchange >= 0.5:
            return image
        index = int(np.float32(place) * self.size)
        self.images[index], old = image, self.images[index]
        return old


def test_fills_then_exchanges() -> None:
    """Three places. Images 1 to 3 fill them, whatever is drawn; then 4 takes place 1.

    In the last batch 5 stays, 6 takes the place 0 of image 1, 7 the same place again,
    and so gets 6 of its own batch.
    """
    pool = ImagePool(3, [SHAPE])
    swaps = np.array([[SWAP, 0.0]] * 2, np.float32)
    assert _numbers(pool(_numbered(1, 2), swaps)) == [1, 2]
    assert int(pool.count) == 2
    draws = np.array([[SWAP, 0.0], [SWAP, 0.5]], np.float32)
    assert _numbers(pool(_numbered(3, 4), draws)) == [3, 2]
    assert int(pool.count) == 3
    assert _stored(pool) == [1, 4, 3]
    draws = np.array([[STAY, 0.9], [SWAP, 0.3], [SWAP, 0.0]], np.float32)
    assert _numbers(pool(_numbered(5, 6, 7), draws)) == [5, 1, 6]
    assert _stored(pool) == [7, 4, 3]


@pytest.mark.parametrize(("size", "batch"), [(1, 1), (5, 3), (4, 16), (50, 8)])
def test_is_the_procedure_one_after_the_other(size: int, batch: int) -> None:
    pool, reference = ImagePool(size, [SHAPE]), _Reference(size)
    traced = tf.function(pool)
    random = np.random.default_rng(7)
    for step in range(12):
        images = list(range(step * batch, (step + 1) * batch))
        draws = random.random((batch, 2), dtype=np.float32)
        returned = _numbers(traced(tf.constant(_numbered(*images)), draws))
        assert returned == reference.query(images, draws), f"step {step}"
    assert _stored(pool)[: len(reference.images)] == reference.images


def test_labels_travel_with_their_images() -> None:
    pool = ImagePool(3, [SHAPE, ()], dtypes=["float32", "int32"])
    random = np.random.default_rng(1)
    for step in range(8):
        numbers = np.arange(4, dtype=np.int32) + 4 * step
        draws = random.random((4, 2), dtype=np.float32)
        images, labels = pool((_numbered(*numbers), numbers), draws)
        assert labels.dtype == tf.int32
        assert _numbers(images) == list(labels)
    assert any(labels != numbers)
    with pytest.raises(ValueError, match=r"zip\(\)"):
        pool(_numbered(1), np.zeros((1, 2), np.float32))


def _run(pool: ImagePool, steps: range) -> list[list[int]]:
    returned = []
    for step in steps:
        random = np.random.default_rng(step)
        images = _numbered(*range(4 * step, 4 * step + 4))
        returned.append(_numbers(pool(images, random.random((4, 2), np.float32))))
    return returned


@pytest.mark.parametrize("stop", [1, 6])
def test_resumes_from_a_checkpoint(tmp_path: Path, stop: int) -> None:
    """Stopped while it fills, and later."""
    whole = ImagePool(10, [SHAPE])
    expected = _run(whole, range(12))
    assert expected == _run(ImagePool(10, [SHAPE]), range(12))
    pool = ImagePool(10, [SHAPE])
    assert _run(pool, range(stop)) == expected[:stop]
    path = tf.train.Checkpoint(pool=pool).write(str(tmp_path / "state"))
    resumed = ImagePool(10, [SHAPE])
    tf.train.Checkpoint(pool=resumed).read(path).assert_consumed()
    assert _run(resumed, range(stop, 12)) == expected[stop:]
    assert _stored(resumed) == _stored(whole)


@keras.saving.register_keras_serializable(package="imgan_tests")
class _Owner(keras.Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool = ImagePool(3, [SHAPE, (2,)])
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs


def test_is_saved_with_a_model(tmp_path: Path) -> None:
    owner = _Owner()
    pairs = (_numbered(4, 5), np.ones((2, 2), np.float32))
    owner.pool(pairs, np.zeros((2, 2), np.float32))
    owner.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert int(loaded.pool.count) == 2
    assert _stored(loaded.pool) == [4, 5, 0]
    assert loaded.trainable_weights == []


def test_configuration() -> None:
    pool = ImagePool(3, [SHAPE, ()], dtypes=["float32", "int32"], name="history")
    twin = ImagePool.from_config(pool.get_config())
    assert twin.get_config() == pool.get_config()
    assert [w.dtype for w in twin.weights] == ["float32", "int32", "int32"]


def test_keeps_float32_under_mixed_precision() -> None:
    image = np.full((1, *SHAPE), 1 / 3, np.float32)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        pool = ImagePool(1, [SHAPE])
    finally:
        keras.config.set_dtype_policy(before)
    shown = pool(image, np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(shown, image)
    np.testing.assert_array_equal(pool.weights[0], image)


def test_no_gradient() -> None:
    images = tf.constant(_numbered(1, 2))
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.reduce_sum(ImagePool(2, [SHAPE])(images, tf.zeros((2, 2))))
    assert tape.gradient(value, images) is None


def test_size_zero() -> None:
    with pytest.raises(ValueError, match="size=0"):
        ImagePool(0, [SHAPE])
