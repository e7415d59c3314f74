"""Muon for convolutions."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class ConvMuon(keras.optimizers.Muon):
    """Moves kernels of convolutions by orthogonal steps, and the rest by Adam.

    [Jordan et al., 2024](https://kellerjordan.github.io/posts/muon/): the momentum of a
    weight matrix is replaced by the nearest matrix with equal singular values, found by
    five Newton-Schulz iterations. Keras' optimizer does that for matrices alone; here a
    kernel `(height, width, in, out)` counts as the matrix of
    `height * width * in` rows and `out` columns. Steps are scaled to the root mean
    square of Adam's ([Liu et al., 2025](https://arxiv.org/abs/2502.16982), section
    2.2), and there is no weight decay.

    Kernels from or to fewer than `MINIMUM_CHANNELS` (those of pictures), biases and
    slopes are moved by Adam.

    Args:
        learning_rate: Rate or schedule of the kernels.
        adam_lr_ratio: Ratio of Adam's rate to that of the kernels.
        **kwargs: Those of `keras.optimizers.Muon`.
    """

    MINIMUM_CHANNELS = 16

    def __init__(
        self, learning_rate: Any = 2e-3, *, adam_lr_ratio: float = 0.4, **kwargs: Any
    ) -> None:
        plain = {"weight_decay": None, "adam_weight_decay": None}
        super().__init__(
            learning_rate, adam_lr_ratio=adam_lr_ratio, **{**plain, **kwargs}
        )

    def _should_use_adamw(self, variable: Any) -> bool:
        shape = variable.shape
        return len(shape) != 4 or min(shape[-2:]) < self.MINIMUM_CHANNELS

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign(m, self.momentum * m + gradient)
        direction = gradient + self.momentum * m if self.nesterov else m
        rows, columns = math.prod(variable.shape[:-1]), variable.shape[-1]
        matrix = ops.reshape(direction, (rows, columns))
        update = self.lr_adjust(self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, lr * ops.reshape(update, variable.shape))
