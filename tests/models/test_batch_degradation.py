from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.config.degradation import DegradationConfig
from imgan.data.graph_degradations.chain import degrade_batch
from imgan.models.batch_degradation import BatchDegradation
from imgan.models.randomness import StepRandom
from tests.marks import thorough

PHOTO = skimage.data.coffee()[100:196, 200:392] / np.float32(255)
# (8, 32, 32, 3)
IMAGES = np.concatenate(
    [np.stack(np.split(row, 6, axis=1)) for row in np.split(PHOTO, 3)]
)[:8]

NONE = {"probability": 0.0}


def _config(pool: int) -> DegradationConfig:
    """A chain of few operations: a resize, noise and the final resize."""
    stage = {"blur": NONE, "jpeg": NONE}
    final = {"sinc_probability": 0.0, "jpeg": NONE}
    return DegradationConfig.model_validate(
        {"first": stage, "second": None, "final": final, "pool": pool}
    )


class _Model(keras.Model):
    """Counts steps and learns the mean of what it is shown."""

    def __init__(self, pool: int) -> None:
        super().__init__()
        self.random = StepRandom(5)
        self.degradation = BatchDegradation(
            _config(pool), 4, self.random, batch_size=2, hr_patch_size=32
        )
        self.step = self.add_weight(shape=(), dtype="int64", initializer="zeros")
        self.seen = self.add_weight(shape=(40, 8, 8, 3), initializer="zeros")
        self.built = True

    def train_step(self, data: Any) -> dict[str, Any]:
        self.random.begin(self.step)
        lr_images, hr_images = self.degradation(data["hr_images"])
        tf.debugging.assert_shapes([(hr_images, (2, 32, 32, 3))])
        index = tf.cast(self.step, tf.int32)
        seen = tf.convert_to_tensor(self.seen)
        self.seen.assign(tf.tensor_scatter_nd_update(seen, [[index]], lr_images[:1]))
        self.step.assign_add(1)
        return {"mean": tf.reduce_mean(lr_images)}


def _batches(first: int, count: int) -> Any:
    batches = [
        IMAGES[2 * (n % 4) : 2 * (n % 4) + 2] for n in range(first, first + count)
    ]
    return tf.data.Dataset.from_tensor_slices({"hr_images": np.stack(batches)})


def test_without_a_pool_it_is_the_chain() -> None:
    random = StepRandom(2)
    layer = BatchDegradation(_config(0), 4, random, num_targets=1)
    assert layer.weights == []
    random.begin(3)
    lr_images, hr_images, targets = layer(IMAGES, IMAGES[::-1])
    random.begin(3)
    # What is wanted of the network beside enlarging is in the target: see the patches.
    expected = degrade_batch(IMAGES[::-1], _config(0), 4, random)
    np.testing.assert_array_equal(lr_images, expected)
    np.testing.assert_array_equal(hr_images, IMAGES)
    np.testing.assert_array_equal(targets, IMAGES[::-1])
    with pytest.raises(ValueError, match=r"1 targets expected.*Received: 0"):
        layer(IMAGES)


def test_pool_keeps_pairs_together() -> None:
    """Low resolution is that of the high one, and of the target, that come with it."""
    random = StepRandom(2)
    layer = BatchDegradation(
        _config(4), 4, random, batch_size=2, hr_patch_size=32, num_targets=1
    )
    mixed = False
    for step in range(6):
        random.begin(step)
        images = IMAGES[2 * (step % 4) : 2 * (step % 4) + 2]
        lr_images, hr_images, targets = layer(images, 1 - images)
        small = np.asarray(targets).reshape(2, 8, 4, 8, 4, 3).mean(axis=(2, 4))
        for low, high in zip(np.asarray(lr_images), small, strict=True):
            assert np.corrcoef(low.flat, high.flat)[0, 1] > 0.5
        np.testing.assert_allclose(targets, 1 - np.asarray(hr_images), atol=1e-6)
        mixed |= not np.array_equal(hr_images, images)
    assert mixed


@pytest.mark.slow
@pytest.mark.parametrize("pool", [0, thorough(4)])
def test_in_fit_and_resumed(pool: int, tmp_path: Path) -> None:
    """Five steps, or three, a checkpoint and two: the same images are seen."""
    whole, first, second = _Model(pool), _Model(pool), _Model(pool)
    for model in (whole, first, second):
        model.compile(optimizer=None)
        assert model.degradation.supports_jit is False
    whole.fit(_batches(0, 5), verbose=0, shuffle=False)
    first.fit(_batches(0, 3), verbose=0, shuffle=False)
    saved = tf.train.Checkpoint(
        step=first.step, seen=first.seen, degradation=first.degradation
    ).save(tmp_path / "state")
    tf.train.Checkpoint(
        step=second.step, seen=second.seen, degradation=second.degradation
    ).restore(saved).assert_consumed()
    second.fit(_batches(3, 2), verbose=0, shuffle=False)
    assert int(second.step) == 5
    np.testing.assert_array_equal(whole.seen, second.seen)
    seen = np.asarray(whole.seen)[:5]
    assert len(np.unique(seen, axis=0)) == 5
    assert {id(w) for w in whole.degradation.weights} <= {id(w) for w in whole.weights}
    for own, other in zip(whole.weights, second.weights, strict=True):
        np.testing.assert_array_equal(own, other)


def test_pool_is_at_least_a_batch_and_needs_sizes() -> None:
    random = StepRandom(1)
    layer = BatchDegradation(_config(2), 2, random, 1, batch_size=4, hr_patch_size=16)
    assert layer.pool is not None
    assert layer.pool.capacity == 4
    assert layer.pool.shapes == [(8, 8, 1), (16, 16, 1)]
    with pytest.raises(ValueError, match="`batch_size` and `hr_patch_size`"):
        BatchDegradation(_config(2), 4, random)
