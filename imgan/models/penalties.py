"""Penalties on the slope of a discriminator, in float32 under any precision."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from imgan.models.randomness import StepRandom
from imgan.models.replicas import replica_count


class SlopePenalties:
    """Gradient penalty and R1 of one discriminator.

    The derivative of a penalty is a second derivative, which half precision ruins. So a
    discriminator that computes in it is run once more, through a float32 twin that
    borrows its weights.

    It should be one without batch normalisation, as in the papers, and recipes refuse
    others: the logit of an image depends on all images of the batch then, so that a
    slope is that of all their logits, and replicas agree to 2e-4 only.

    Args:
        discriminator: Called with images, or with a list of images and conditions.
        random: Draws where between real and fake the slope is measured.
        gradient_penalty: Called with (zeros, gradients), at every step.
        r1: Called with (zeros, gradients), at every `r1_every`th step and then times
            `r1_every`: the lazy regularisation of
            [Karras et al., 2020](https://arxiv.org/abs/1912.04958), appendix B, as part
            of the discriminator's own step, so its optimizer needs no correction.
        r1_every: Steps between two looks at R1.
    """

    def __init__(
        self,
        discriminator: keras.Model,
        random: StepRandom,
        gradient_penalty: keras.losses.Loss | None,
        r1: keras.losses.Loss | None,
        r1_every: int,
    ) -> None:
        self._judge = _float32_judge(discriminator)
        self._random = random
        self._gradient_penalty = gradient_penalty
        self._r1 = r1
        self._r1_every = r1_every
        named = (("gradient_penalty", gradient_penalty), ("r1", r1))
        self.names = tuple(name for name, penalty in named if penalty is not None)

    def __call__(
        self, real_images: Any, fake_images: Any, conditions: Sequence[Any], step: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the penalties by name, and the weights of their averages.

        Args:
            real_images: As the discriminator sees them, after augmentation.
            fake_images: The same.
            conditions: What else the discriminator is given.
            step: Scalar integer tensor.
        """
        penalties, weights = {}, {}
        if self._gradient_penalty is not None:
            share = self._random.uniform(tf.shape(real_images)[0], 1, 1, 1)
            between = real_images + share * (fake_images - real_images)
            slopes = self._slopes(between, conditions)
            penalties["gradient_penalty"] = self._gradient_penalty(
                tf.zeros_like(slopes), slopes
            )
        if self._r1 is not None:
            due = tf.equal(step % self._r1_every, 0)
            weights["r1"] = tf.cast(due, tf.float32)
            penalties["r1"] = self._lazy_r1(real_images, conditions, due)
        return penalties, weights

    def _lazy_r1(self, real_images: Any, conditions: Sequence[Any], due: Any) -> Any:
        def penalty() -> Any:
            slopes = self._slopes(real_images, conditions)
            return self._r1_every * self._r1(tf.zeros_like(slopes), slopes)  # type: ignore[misc]

        if replica_count() > 1:
            # Replicas may not talk inside a branch, as synchronised statistics do.
            return tf.where(due, penalty(), 0.0)
        return tf.cond(due, penalty, lambda: tf.zeros(()))

    def _slopes(self, images: Any, conditions: Sequence[Any]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = self._judge(images, conditions)
            # Where the logits of an image depend on that image only, the derivative of
            # the sum by an image is that of its own logits.
            total = tf.reduce_sum(_mean_by_image(logits))
        return tape.gradient(total, images)


def _mean_by_image(logits: Any) -> Any:
    if isinstance(logits, list):
        return tf.add_n([_mean_by_image(scale) for scale in logits])
    return tf.reduce_mean(logits, axis=list(range(1, len(logits.shape))))


def _float32_judge(discriminator: Any) -> Any:
    """Return a function of (images, conditions) that computes in float32.

    It leaves no trace: moving statistics and power iterations go on as if only the real
    and the generated images had been seen.
    """
    half = {"float16", "bfloat16"}
    network = discriminator
    if any(layer.compute_dtype in half for layer in discriminator.layers):
        network = discriminator.variant(dtype="float32")

    def judge(images: Any, conditions: Sequence[Any]) -> Any:
        logits, _ = network.stateless_call(
            [tf.convert_to_tensor(v) for v in discriminator.trainable_variables],
            [tf.convert_to_tensor(v) for v in discriminator.non_trainable_variables],
            [images, *conditions] if conditions else images,
            training=True,
        )
        return logits

    return judge
