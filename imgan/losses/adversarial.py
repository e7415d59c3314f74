"""Adversarial losses: what a discriminator and its generator minimise.

All are called with the discriminator's logits, `loss(real_logits, fake_logits)`, of
shape `(batch, 1)` or `(batch, height, width, 1)`: a map of logits is averaged over its
positions. Of a list of logits, one for each scale, the losses are summed. The sign is
such that both sides minimise.
"""

from collections.abc import Callable
from typing import Any
from typing import ClassVar

import keras
from keras import ops

from imgan.losses.base import identity

SIDES = ("generator", "discriminator")
"""Whose loss it is."""


class AdversarialLoss(keras.losses.Loss):
    """Base of the adversarial losses; computes in float32.

    Args:
        side: `"generator"` or `"discriminator"`.
        name: Name of the loss; that of its kind when it is not given.
        **kwargs: `reduction`, as in Keras.

    Attributes:
        across_replicas: Called with every mean over the batch that enters the loss of
            single samples; returns its mean over all replicas. The identity unless the
            model sets it, and not saved.
    """

    kind: ClassVar[str]
    """Its name in recipes."""

    uses_real: ClassVar[bool] = False
    """Whether the generator's side depends on the real logits; if not, any will do."""

    bounded: ClassVar[bool] = True
    """Whether `margins` tell real from fake, so that there is an accuracy."""

    boundary: ClassVar[float] = 0.0
    """The logit halfway between real and fake."""

    def __init__(self, side: str, name: str | None = None, **kwargs: Any) -> None:
        if side not in SIDES:
            raise ValueError(
                "`side` must be 'generator' or 'discriminator'. "
                f"Received: side={side!r}"
            )
        super().__init__(name=name or f"{side}_{self.kind}", dtype="float32", **kwargs)
        self.side = side
        self.across_replicas: Callable[[Any], Any] = identity

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample, `(batch,)`.

        Args:
            y_true: Logits of real images; read by the generator's side only where
                `uses_real`.
            y_pred: Logits of as many generated images. Lists of logits: both are.
        """
        if isinstance(y_pred, list | tuple):
            scales = zip(y_true, y_pred, strict=True)
            return sum(self.call(real, fake) for real, fake in scales)
        if self.side == "discriminator":
            losses = self.discriminator_losses(y_true, y_pred)
        else:
            losses = self.generator_losses(y_true, y_pred)
        axes = tuple(range(1, len(losses.shape)))
        return ops.mean(losses, axis=axes) if axes else losses

    def discriminator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return the discriminator's loss of each logit."""
        raise NotImplementedError

    def generator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return the generator's loss of each logit."""
        raise NotImplementedError

    def margins(self, real_logits: Any, fake_logits: Any) -> tuple[Any, Any]:
        """Return the logits such that above zero means "judged real".

        Without meaning where `bounded` is false.
        """
        return real_logits - self.boundary, fake_logits - self.boundary

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "side": self.side}


@keras.saving.register_keras_serializable(package="imgan")
class NonSaturatingLoss(AdversarialLoss):
    """Binary cross-entropy; the generator maximises `log D(fake)`.

    Section 3 of [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), on logits:
    `softplus(-real) + softplus(fake)`, and `softplus(-fake)` for the generator.
    """

    kind = "nonsaturating"

    def discriminator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `-log D(real) - log(1 - D(fake))`."""
        return ops.softplus(-real_logits) + ops.softplus(fake_logits)

    def generator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `-log D(fake)`."""
        return ops.softplus(-fake_logits)


@keras.saving.register_keras_serializable(package="imgan")
class LeastSquaresLoss(AdversarialLoss):
    """Squared distance to the targets 1 for real and 0 for fake.

    Equation 9 of [Mao et al., 2017](https://arxiv.org/abs/1611.04076), with its factor
    of 1/2 on every term, also on the generator's.
    """

    kind = "least_squares"
    boundary = 0.5

    def discriminator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `((real - 1)**2 + fake**2) / 2`."""
        return (ops.square(real_logits - 1.0) + ops.square(fake_logits)) / 2.0

    def generator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `(fake - 1)**2 / 2`."""
        return ops.square(fake_logits - 1.0) / 2.0


@keras.saving.register_keras_serializable(package="imgan")
class HingeLoss(AdversarialLoss):
    """Hinge at 1 and -1 for the discriminator, the plain logit for the generator.

    Equations 16 and 17 of [Miyato et al., 2018](https://arxiv.org/abs/1802.05957).
    """

    kind = "hinge"

    def discriminator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `max(0, 1 - real) + max(0, 1 + fake)`."""
        return ops.relu(1.0 - real_logits) + ops.relu(1.0 + fake_logits)

    def generator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `-fake`."""
        return -fake_logits


@keras.saving.register_keras_serializable(package="imgan")
class WassersteinLoss(AdversarialLoss):
    """Difference of the critic's means.

    Equation 2 of [Arjovsky et al., 2017](https://arxiv.org/abs/1701.07875). Needs a
    critic with a bounded slope, see `imgan.losses.gradient_penalty`. Its logits are
    known up to a constant only, so no value of them separates real from fake.
    """

    kind = "wasserstein"
    bounded = False

    def discriminator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `fake - real`."""
        return fake_logits - real_logits

    def generator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return `-fake`."""
        return -fake_logits


@keras.saving.register_keras_serializable(package="imgan")
class RelativisticAverageLoss(AdversarialLoss):
    """Cross-entropy of how much more real than the average of the other kind.

    Section 4.1 of [Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734), each
    of the two terms halved as in the training code of ESRGAN, so that the weights given
    for that one hold. The average is over the batch, at each position of a map of
    logits by itself, and gradients pass through it.
    """

    kind = "relativistic_average"
    uses_real = True

    def discriminator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return the mean cross-entropy: real over fake is 1, fake over real is 0."""
        real, fake = self.margins(real_logits, fake_logits)
        return (ops.softplus(-real) + ops.softplus(fake)) / 2.0

    def generator_losses(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return the same with real and fake changing places."""
        real, fake = self.margins(real_logits, fake_logits)
        return (ops.softplus(real) + ops.softplus(-fake)) / 2.0

    def margins(self, real_logits: Any, fake_logits: Any) -> tuple[Any, Any]:
        """Return the logits less the average of the other kind."""
        real_mean, fake_mean = self._mean(real_logits), self._mean(fake_logits)
        return real_logits - fake_mean, fake_logits - real_mean

    def _mean(self, logits: Any) -> Any:
        return self.across_replicas(ops.mean(logits, axis=0, keepdims=True))


ADVERSARIAL_LOSSES: dict[str, type[AdversarialLoss]] = {
    loss.kind: loss
    for loss in (
        NonSaturatingLoss,
        LeastSquaresLoss,
        HingeLoss,
        WassersteinLoss,
        RelativisticAverageLoss,
    )
}
"""By their names in recipes."""
