"""How the game of two networks stands: the numbers of a train step."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from imgan.models.averages import Averages
from imgan.models.optimizers import Update
from imgan.models.replicas import replica_count


class StepMetrics:
    """Averages of what both sides report between two log lines.

    Losses say little in a game of two, so the discriminator's accuracy on real and on
    generated images, the mean sign of its logits for real ones and the norm of both
    gradients stand beside them. A critic has no accuracy, and reports how far apart its
    means are. Of lists of logits, one for each scale, all but losses is averaged.

    Args:
        discriminator_loss: Of `imgan.losses.adversarial`; knows where real begins.
        terms: The generator's losses beside the adversarial one.
        penalties: The discriminator's penalties.
        state: What the augmentation reports.
    """

    def __init__(
        self,
        discriminator_loss: Any,
        terms: Sequence[str],
        penalties: Sequence[str],
        state: Sequence[str],
    ) -> None:
        self._loss = discriminator_loss
        adversarial = ["adversarial_loss"] if terms else []
        losses = ["loss", *adversarial, *(f"{name}_loss" for name in terms)]
        self._generator = Averages(
            [f"generator_{name}" for name in (*losses, "gradient_norm")]
        )
        bounded = ["real_accuracy", "fake_accuracy", "real_sign"]
        judgements = bounded if discriminator_loss.bounded else ["distance"]
        names = ["loss", *judgements, "gradient_norm", *penalties]
        self._discriminator = Averages(
            [*(f"discriminator_{name}" for name in names), *state]
        )

    @property
    def metrics(self) -> list[Any]:
        """The Keras metrics, which `fit` resets."""
        return [self._generator, self._discriminator]

    def results(self) -> dict[str, Any]:
        """Return the averages so far, by name."""
        return {**self._generator.result(), **self._discriminator.result()}

    def generator_moved(
        self, loss: Any, terms: Mapping[str, Any], done: Update
    ) -> None:
        """Take in a step of the generator."""
        numbers = {"loss": loss, **{f"{name}_loss": v for name, v in terms.items()}}
        numbers = _whole(numbers) | {"gradient_norm": done.norm}
        self._generator.update_state(
            {f"generator_{name}": value for name, value in numbers.items()},
            {"generator_gradient_norm": done.counted},
        )

    def discriminator_moved(
        self,
        losses: Mapping[str, Any],
        weights: Mapping[str, Any],
        logits: tuple[Any, Any],
        state: Mapping[str, Any],
        done: Update,
    ) -> None:
        """Take in a step of the discriminator.

        Args:
            losses: `loss` and the penalties.
            weights: Of penalties that are not taken at every step.
            logits: For real and for generated images.
            state: What the augmentation reports.
            done: How the update went.
        """
        numbers = _whole(losses) | self.judgements(*logits)
        numbers["gradient_norm"] = done.norm
        weights = {**weights, "gradient_norm": done.counted}
        self._discriminator.update_state(
            {f"discriminator_{name}": v for name, v in numbers.items()} | dict(state),
            {f"discriminator_{name}": v for name, v in weights.items()},
        )

    def real_sign(self, real_logits: Any, fake_logits: Any) -> Any:
        """Return the mean sign of the logits for real images, in [-1, 1].

        Section 3 of [Karras et al., 2020](https://arxiv.org/abs/2006.06676), where it
        tells how much the discriminator has learnt by heart.
        """
        if isinstance(real_logits, list):
            signs = map(self.real_sign, real_logits, fake_logits)
            return tf.add_n(list(signs)) / len(real_logits)
        real, _ = self._loss.margins(real_logits, fake_logits)
        return tf.reduce_mean(tf.sign(real))

    def judgements(self, real_logits: Any, fake_logits: Any) -> dict[str, Any]:
        """Return what the logits say of the discriminator, without its name."""
        if isinstance(real_logits, list):
            return _mean(list(map(self.judgements, real_logits, fake_logits)))
        if not self._loss.bounded:
            gap = tf.reduce_mean(real_logits) - tf.reduce_mean(fake_logits)
            return {"distance": gap}
        real, fake = self._loss.margins(real_logits, fake_logits)
        return {
            "real_accuracy": tf.reduce_mean(tf.cast(real > 0, tf.float32)),
            "fake_accuracy": tf.reduce_mean(tf.cast(fake < 0, tf.float32)),
            "real_sign": self.real_sign(real_logits, fake_logits),
        }


def _mean(numbers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: tf.add_n([each[name] for each in numbers]) / len(numbers)
        for name in numbers[0]
    }


def _whole(losses: Mapping[str, Any]) -> dict[str, Any]:
    """Undo the division by the number of replicas that Keras' losses come with."""
    return {name: value * replica_count() for name, value in losses.items()}
