"""A loss on what a discriminator sees between its input and its logits."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from imgan.losses.base import identity
from imgan.losses.base import listed

STATISTICS = ("mean", "paired")
"""What is compared."""


@keras.saving.register_keras_serializable(package="imgan")
class FeatureMatchingLoss(keras.losses.Loss):
    """Distance between the discriminator's features of real and of generated images.

    `"mean"`: squared L2 distance between the means over the batch, section 3.1 of
    [Salimans et al., 2016](https://arxiv.org/abs/1606.03498); every sample gets the
    same value. `"paired"`: mean absolute difference between the features of an image
    and of its own target, equation 4 of
    [Wang et al., 2018](https://arxiv.org/abs/1711.11585). Several layers are summed,
    as in both papers' code; computed in float32.

    Args:
        statistic: `"mean"` or `"paired"`.
        weights: One factor for each layer; None: 1 for all.

    Attributes:
        across_replicas: Called with every mean over the batch; returns its mean over
            all replicas. The identity unless the model sets it, and not saved.
    """

    def __init__(
        self,
        statistic: str = "mean",
        weights: Sequence[float] | None = None,
        name: str = "feature_matching",
        **kwargs: Any,
    ) -> None:
        if statistic not in STATISTICS:
            raise ValueError(
                f"`statistic` must be 'mean' or 'paired'. Received: {statistic!r}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.statistic = statistic
        self.weights = None if weights is None else [float(w) for w in weights]
        self.across_replicas: Callable[[Any], Any] = identity

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the distance of each sample, `(batch,)`.

        Args:
            y_true: Features of real images: a tensor `(batch, ...)`, or a list of them.
            y_pred: Features of generated images, in the same form.
        """
        pairs = list(zip(listed(y_true), listed(y_pred), strict=True))
        weights = self.weights or [1.0] * len(pairs)
        if len(weights) != len(pairs):
            raise ValueError(
                f"`weights` must have one number for each of the {len(pairs)} layers. "
                f"Received: weights={weights}"
            )
        measure = self._between_means if self.statistic == "mean" else _between_pairs
        return sum(
            weight * measure(real, fake)
            for weight, (real, fake) in zip(weights, pairs, strict=True)
        )

    def _between_means(self, real: Any, fake: Any) -> Any:
        real_mean = self.across_replicas(ops.mean(real, axis=0))
        fake_mean = self.across_replicas(ops.mean(fake, axis=0))
        distance = ops.sum(ops.square(real_mean - fake_mean))
        return ops.broadcast_to(distance, (ops.shape(fake)[0],))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "statistic": self.statistic,
            "weights": self.weights,
        }


def _between_pairs(real: Any, fake: Any) -> Any:
    return ops.mean(ops.abs(real - fake), axis=tuple(range(1, len(fake.shape))))
