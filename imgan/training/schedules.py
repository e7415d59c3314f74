"""Learning-rate schedules."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class RunSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Rise linearly from zero, then stay or fall until the last step of a run.

    The cosine is that of [Loshchilov and Hutter, 2017](https://arxiv.org/abs/1608.03983),
    equation 5, with one cycle.

    Args:
        kind: `"constant"`, `"linear"` or `"cosine"`.
        steps: Length of the whole run, the warm-up included.
        learning_rate: Reached at the end of the warm-up.
        final_learning_rate: Reached at the last step, unless the kind is constant.
        warmup_steps: Length of the rise.
        hold: Share of the steps after the rise in which the rate stays.
        scale: What multiplies the rate: a number, or a variable that the run lowers
            after a rollback.
    """

    def __init__(
        self,
        kind: str,
        *,
        steps: int,
        learning_rate: float,
        final_learning_rate: float = 0.0,
        warmup_steps: int = 0,
        hold: float = 0.0,
        scale: Any = 1.0,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.steps = steps
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.warmup_steps = warmup_steps
        self.hold = hold
        self.scale = scale

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step that counts from zero."""
        step = ops.cast(step, "float32")
        rate = self.learning_rate
        if self.kind != "constant":
            length = max(1, self.steps - self.warmup_steps)
            done = (step - self.warmup_steps) / length
            done = ops.clip((done - self.hold) / (1.0 - self.hold), 0.0, 1.0)
            left = 1.0 - done
            if self.kind == "cosine":
                left = 0.5 * (1.0 + ops.cos(np.pi * done))
            rate = self.final_learning_rate + left * (rate - self.final_learning_rate)
        if self.warmup_steps:
            rate = rate * ops.minimum(step / self.warmup_steps, 1.0)
        return ops.cast(rate * self.scale, "float32")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "kind": self.kind,
            "steps": self.steps,
            "learning_rate": self.learning_rate,
            "final_learning_rate": self.final_learning_rate,
            "warmup_steps": self.warmup_steps,
            "hold": self.hold,
            "scale": float(ops.convert_to_numpy(self.scale)),
        }
