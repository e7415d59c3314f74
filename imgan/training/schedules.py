"""Learning-rate schedules."""

from typing import Any

import keras


def warmup_cosine(
    *, steps: int, learning_rate: float, final_learning_rate: float, warmup_steps: int
) -> Any:
    """Rise linearly from zero, then fall along half a cosine.

    [Loshchilov and Hutter, 2017](https://arxiv.org/abs/1608.03983), equation 5, with
    one cycle.

    Args:
        steps: Length of the whole run, the warm-up included.
        learning_rate: Reached at the end of the warm-up.
        final_learning_rate: Reached at the last step.
        warmup_steps: Length of the rise.

    Returns:
        A Keras `LearningRateSchedule`.
    """
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, steps - warmup_steps),
        alpha=final_learning_rate / learning_rate,
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
    )
