import threading

import numpy as np
import pytest
import tensorflow as tf

from imgan.models.randomness import StepRandom
from imgan.types import Array


def draws(random: StepRandom, step: int, count: int = 3) -> list[Array]:
    random.begin(step)
    return [np.asarray(random.normal(4, 2)) for _ in range(count)]


def test_depends_on_seed_step_and_number_of_the_draw() -> None:
    random = StepRandom(1)
    first = draws(random, 1)
    np.testing.assert_array_equal(first, draws(StepRandom(1), 1))
    # Going back gives the same again, whatever was drawn in between.
    others = [*draws(random, 2), *draws(StepRandom(2), 1)]
    np.testing.assert_array_equal(first, draws(random, 1))
    values = [draw.tobytes() for draw in [*first, *others]]
    assert len(set(values)) == len(values) == 9


def test_a_step_may_be_a_tensor_of_a_graph() -> None:
    random = StepRandom(3)

    @tf.function
    def drawn(step: tf.Tensor) -> tf.Tensor:
        random.begin(step)
        return random.normal(4, 2)

    for step in (1, 2**40):
        expected = draws(random, step, 1)[0]
        np.testing.assert_array_equal(drawn(tf.constant(step, tf.int64)), expected)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 5.0)])
def test_uniform(low: float, high: float) -> None:
    random = StepRandom(0)
    random.begin(1)
    values = np.asarray(random.uniform(2000, 3, low=low, high=high))
    assert values.shape == (2000, 3)
    assert values.dtype == np.float32
    width = high - low
    assert low <= values.min() < low + 0.01 * width
    assert high - 0.01 * width < values.max() < high
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.02 * width)


def test_normal() -> None:
    random = StepRandom(0)
    random.begin(1)
    values = np.asarray(random.normal(20000))
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.05
    assert values.std() == pytest.approx(1.0, abs=0.03)


def test_threads_count_their_own_draws() -> None:
    """Replicas trace one after the other or at once: each gets the same numbers."""
    random = StepRandom(7)
    both = threading.Barrier(2, timeout=10)
    seen: dict[int, list[Array]] = {}

    def replica(index: int) -> None:
        random.begin(5)
        seen[index] = []
        for _ in range(3):
            both.wait()
            seen[index].append(np.asarray(random.normal(2, 2)))

    threads = [threading.Thread(target=replica, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(seen[0], seen[1])
    assert len({draw.tobytes() for draw in seen[0]}) == 3
