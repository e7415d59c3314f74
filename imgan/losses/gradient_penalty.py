"""Penalties on the slope of a discriminator.

Both are called as `loss(zeros, gradients)`, and the first argument is ignored.
`gradients` is the derivative of the discriminator's logit for an image by that image. A
map of logits counts with its mean over all positions, and maps at several scales with
the sum of their means. They differentiate once more when the gradients were computed on
a tape.
"""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class GradientPenaltyLoss(keras.losses.Loss):
    """Two-sided gradient penalty of WGAN-GP, `weight * (norm - 1)**2`.

    Equation 3 of [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028). The norm
    is over all axes but the batch; computed in float32. The images are points between
    a real and a generated one, `real + epsilon * (fake - real)` with one `epsilon` in
    [0, 1) for each sample.

    Args:
        weight: The paper's lambda.
    """

    def __init__(
        self, weight: float = 10.0, name: str = "gradient_penalty", **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)
        self.weight = weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the penalty of each sample, `(batch,)`."""
        squared = _squared_norm(y_pred)
        # The root has no derivative at zero: a critic that ignores a picture would
        # turn every weight into NaN.
        positive = squared > 0.0
        norm = ops.where(positive, ops.sqrt(ops.where(positive, squared, 1.0)), 0.0)
        return self.weight * ops.square(norm - 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "weight": self.weight}


@keras.saving.register_keras_serializable(package="imgan")
class R1Loss(keras.losses.Loss):
    """Zero-centred penalty at real images, `gamma / 2 * norm**2`.

    Equation 9 of [Mescheder et al., 2018](https://arxiv.org/abs/1801.04406). The
    squares are summed over all axes but the batch; computed in float32. Whoever calls
    it only every n-th step multiplies by n.

    Args:
        gamma: Strength; StyleGAN2-ADA takes `0.0002 * image_size**2 / batch_size`.
    """

    def __init__(self, gamma: float, name: str = "r1_penalty", **kwargs: Any) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)
        self.gamma = gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the penalty of each sample, `(batch,)`."""
        return self.gamma / 2.0 * _squared_norm(y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "gamma": self.gamma}


def _squared_norm(gradients: Any) -> Any:
    axes = tuple(range(1, len(gradients.shape)))
    return ops.sum(ops.square(gradients), axis=axes)
