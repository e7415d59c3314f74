"""Random numbers of a train step, as a function of (seed, step, number of the draw).

Nothing is remembered between steps, so a resumed run draws what an undisturbed one
would have drawn. Every replica draws for the global batch and keeps its own rows, so
the numbers do not depend on how many replicas there are either.
"""

import threading
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from imgan.models.replicas import replica_count
from imgan.models.replicas import replica_slice

# Draws in one step: more than any train step makes.
_DRAWS_PER_STEP = 1000


class StepRandom(threading.local):
    """Draws tensors inside a train step.

    Each replica traces the step in a thread of its own and counts its own draws.

    Args:
        seed: Of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._step: Any = None
        self._draws = 0

    def begin(self, step: Any) -> None:
        """Start over for a step; call it first in `train_step`.

        Args:
            step: Scalar integer tensor.
        """
        self._step = tf.cast(step, tf.int64)
        self._draws = 0

    def normal(self, batch: Any, *shape: int) -> Any:
        """Return `(batch, *shape)` float32 of a standard normal distribution."""
        return self._draw(tf.random.stateless_normal, batch, shape)

    def uniform(
        self, batch: Any, *shape: int, low: float = 0.0, high: float = 1.0
    ) -> Any:
        """Return `(batch, *shape)` float32 in `[low, high)`."""
        values = self._draw(tf.random.stateless_uniform, batch, shape)
        return values * (high - low) + low if (low, high) != (0.0, 1.0) else values

    def _draw(
        self, sample: Callable[..., Any], batch: Any, shape: Sequence[int]
    ) -> Any:
        number = self._step * _DRAWS_PER_STEP + self._draws
        self._draws += 1
        seed = tf.stack([tf.constant(self.seed, tf.int64), number])
        return replica_slice(sample([batch * replica_count(), *shape], seed), batch)
