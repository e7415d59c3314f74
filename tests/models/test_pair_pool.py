from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from imgan.models.pair_pool import PairPool
from imgan.types import Array

SHAPES = [(2, 2, 1), (4, 4, 1)]


def _pairs(*numbers: int) -> list[Array]:
    """Images of a number, and their twins of ten times the number."""
    values = np.array(numbers, np.float32)[:, None, None, None]
    return [np.tile(values, (1, 2, 2, 1)), np.tile(10 * values, (1, 4, 4, 1))]


def _numbers(outputs: Any) -> list[int]:
    low, high = (np.asarray(images) for images in outputs)
    assert np.all(low == low[:, :1, :1])
    assert np.all(high == 10 * low[:, :1, :1]), "a pair is torn apart"
    return [int(number) for number in low[:, 0, 0, 0]]


def test_fills_then_exchanges() -> None:
    """Five places for batches of two: four are used.

    1 to 4 are stored and returned. The smallest of the next draws stand at places 2 and
    0, where 3 and 1 are; 5 takes the first place, 6 the second. Then both leave again.
    """
    pool = PairPool(5, SHAPES, batch_size=2)
    assert pool.capacity == 4
    filling = tf.constant([0.3, 0.9, 0.1, 0.5])
    assert _numbers(pool(_pairs(1, 2), filling)) == [1, 2]
    assert _numbers(pool(_pairs(3, 4), filling)) == [3, 4]
    assert int(pool.count) == 4
    assert _numbers(pool(_pairs(5, 6), filling)) == [3, 1]
    assert _numbers(pool.weights[:2]) == [6, 2, 5, 4]
    assert _numbers(pool(_pairs(7, 8), filling)) == [5, 6]
    assert int(pool.count) == 4


def test_no_pair_is_lost_or_seen_twice() -> None:
    pool = PairPool(6, SHAPES, batch_size=3)
    exchange = tf.function(pool)
    random = np.random.default_rng(1)
    fed, returned = list(range(1, 61)), []
    for first in range(0, 60, 3):
        draws = tf.constant(random.random(6), tf.float32)
        returned += _numbers(exchange(_pairs(*fed[first : first + 3]), draws))
    # The first two batches are returned when they come, and once more from the pool.
    left = _numbers(pool.weights[:2])
    assert sorted(returned + left) == sorted(fed + fed[:6])
    assert returned[6:] != sorted(returned[6:])


def test_checkpoint_and_configuration(tmp_path: Path) -> None:
    pool = PairPool(4, SHAPES, batch_size=2)
    pool(_pairs(1, 2), tf.zeros(4))
    saved = tf.train.Checkpoint(pool=pool).save(tmp_path / "state")
    twin = PairPool.from_config(pool.get_config())
    assert twin.get_config() == pool.get_config()
    tf.train.Checkpoint(pool=twin).restore(saved).assert_consumed()
    assert len(pool.weights) == len(pool.non_trainable_weights) == 3
    for own, other in zip(pool.weights, twin.weights, strict=True):
        np.testing.assert_array_equal(own, other)


def test_remembers_in_float32_under_any_policy() -> None:
    pool = PairPool(2, [(1, 1, 1)], batch_size=2, dtype="mixed_bfloat16")
    value = np.full((2, 1, 1, 1), 1 / 3, np.float32)
    pool([value], tf.zeros(2))
    np.testing.assert_array_equal(pool([value], tf.zeros(2))[0], value)


def test_batch_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="size=3, batch_size=4"):
        PairPool(3, SHAPES, batch_size=4)
