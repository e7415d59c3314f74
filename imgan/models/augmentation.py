"""What is done to images before they are judged, and the state that it needs."""

from typing import Any

import keras
import tensorflow as tf

from imgan.models.augment import AdaptiveAugment
from imgan.models.augment import DiffAugment
from imgan.models.augment import adapted_probability
from imgan.models.randomness import StepRandom
from imgan.models.replicas import replica_mean
from imgan.types import ValueRange

# Batches between two looks at how sure the discriminator is.
_ADAPT_EVERY = 4

# All of the paper, which it recommends for small data.
_POLICY = ("color", "translation", "cutout")


class Augmentation(keras.layers.Layer):
    """Shows the images as they are; base of those that change them.

    Real and generated images go through the same kind of change, and gradients pass
    through it, so the generator does not learn to imitate the change itself.

    Args:
        value_range: Of the images.
        random: Draws what is done to which image.
    """

    names: tuple[str, ...] = ()
    """What `numbers` reports."""

    def __init__(self, value_range: ValueRange, random: StepRandom) -> None:
        super().__init__(dtype="float32")
        self.value_range = value_range
        self.random = random
        self.built = True

    def call(self, images: Any) -> Any:
        """Return the images as the discriminator shall see them, same shape."""
        return images

    def observe(self, real_sign: Any, batch_size: int, step: Any) -> None:
        """Learn from the mean sign of the discriminator's logits for real images."""

    def numbers(self) -> dict[str, Any]:
        """Return what a log should say of the state."""
        return {}


class DifferentiableAugmentation(Augmentation):
    """DiffAugment ([Zhao et al., 2020](https://arxiv.org/abs/2006.10738))."""

    def __init__(self, value_range: ValueRange, random: StepRandom) -> None:
        super().__init__(value_range, random)
        # XLA has no kernel for projective transforms, so GPUs must not compile with it.
        self.supports_jit = False
        self._augment = DiffAugment(_POLICY, value_range)

    def call(self, images: Any) -> Any:
        """Change colour and place of every image, and cut a part out."""
        draws = self.random.uniform(tf.shape(images)[0], self._augment.num_draws)
        return self._augment(images, draws)


class AdaptiveAugmentation(Augmentation):
    """ADA: changes as many images as keeps the discriminator from learning by heart.

    Section 3 of [Karras et al., 2020](https://arxiv.org/abs/2006.06676).
    """

    names = ("augment_probability",)

    def __init__(self, value_range: ValueRange, random: StepRandom) -> None:
        super().__init__(value_range, random)
        self.supports_jit = False
        self.built = False
        self._augment = AdaptiveAugment(value_range=value_range)
        self.probability = self._scalar("probability")
        self.sign_total = self._scalar("sign_total")
        self.built = True

    def _scalar(self, name: str) -> Any:
        return self.add_weight(
            shape=(), initializer="zeros", trainable=False, name=name
        )

    def call(self, images: Any) -> Any:
        """Change each image with the present probability."""
        draws = self.random.uniform(tf.shape(images)[0], self._augment.num_draws)
        return self._augment(images, draws, tf.convert_to_tensor(self.probability))

    def observe(self, real_sign: Any, batch_size: int, step: Any) -> None:
        """Move the probability, every few batches, towards the sign's target."""
        total = self.sign_total + replica_mean(real_sign)
        due = tf.equal(step % _ADAPT_EVERY, 0)
        adapted = adapted_probability(
            tf.convert_to_tensor(self.probability), total / _ADAPT_EVERY, batch_size
        )
        self.probability.assign(tf.where(due, adapted, self.probability))
        self.sign_total.assign(tf.where(due, 0.0, total))

    def numbers(self) -> dict[str, Any]:
        """Return the present probability."""
        return {"augment_probability": tf.convert_to_tensor(self.probability)}


AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "none": Augmentation,
    "diff_augment": DifferentiableAugmentation,
    "adaptive": AdaptiveAugmentation,
}
"""By their names in recipes."""
