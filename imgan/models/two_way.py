"""Two domains, a generator each way and a discriminator each: parts and state."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from imgan.models.base import seed_states
from imgan.models.ema import GeneratorEMA
from imgan.models.image_pool import ImagePool
from imgan.models.randomness import StepRandom

Pair = tuple[Any, Any]
"""What belongs to domain a, and what belongs to domain b."""

_NETWORKS = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")


class TwoWayModel(keras.Model):
    """What a model of two domains consists of, and what is saved of it.

    Args:
        generator_ab: Makes pictures of domain b from those of domain a.
        generator_ba: The way back.
        discriminator_a: Returns logits, or a list of them, for pictures of domain a.
        discriminator_b: The same for domain b.
        image_shape_a: `(height, width, channels)` of the training pictures of domain a.
        image_shape_b: The same for domain b.
        ema_decay: Decay of the moving averages of the generators, see `GeneratorEMA`.
        image_pool: Generated pictures of each domain that are remembered; 0: none.
        seed: Of everything random in a step, see `StepRandom`.

    Call arguments:
        inputs: Pictures of domain a.

    Returns:
        Pictures of domain b.
    """

    def __init__(
        self,
        generator_ab: Any,
        generator_ba: Any,
        discriminator_a: Any,
        discriminator_b: Any,
        *,
        image_shape_a: Sequence[int],
        image_shape_b: Sequence[int],
        ema_decay: float = 0.999,
        image_pool: int = 50,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator_ab, self.generator_ba = generator_ab, generator_ba
        self.discriminator_a, self.discriminator_b = discriminator_a, discriminator_b
        self._options = {
            "image_shape_a": list(image_shape_a),
            "image_shape_b": list(image_shape_b),
            "ema_decay": ema_decay,
            "image_pool": image_pool,
            "seed": seed,
        }
        self._averages = [GeneratorEMA(each, ema_decay) for each in self.generators]
        self.ema_generator, self.ema_generator_ba = (
            average.network for average in self._averages
        )
        self.random = StepRandom(seed)
        self.pool_a = ImagePool(image_pool, [image_shape_a]) if image_pool else None
        self.pool_b = ImagePool(image_pool, [image_shape_b]) if image_pool else None
        self.step = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="step"
        )
        self.built = True

    @property
    def generator(self) -> Any:
        """The generator from domain a to domain b."""
        return self.generator_ab

    @property
    def generators(self) -> Pair:
        """Both generators, that from domain a first."""
        return self.generator_ab, self.generator_ba

    @property
    def discriminators(self) -> Pair:
        """Both discriminators, that of domain a first."""
        return self.discriminator_a, self.discriminator_b

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Translate from domain a to domain b."""
        return self.generator_ab(inputs, training=training)

    def begin_step(self) -> None:
        """Count a step; what is drawn from `random` is that step's from now on."""
        self.step.assign_add(1)
        self.random.begin(self.step)

    def average_generators(self) -> None:
        """Move both averages towards their generators."""
        for average in self._averages:
            average.update(self.step)

    def remembered(self, fakes: Pair) -> Pair:
        """Return generated pictures as the discriminators see them, without gradient.

        Each domain has a pool of its own.
        """
        fake_a, fake_b = (tf.stop_gradient(images) for images in fakes)
        if self.pool_a is None or self.pool_b is None:
            return fake_a, fake_b
        draws_a = self.random.uniform(tf.shape(fake_a)[0], 2)
        draws_b = self.random.uniform(tf.shape(fake_b)[0], 2)
        return self.pool_a(fake_a, draws_a), self.pool_b(fake_b, draws_b)

    # === State ===

    def training_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, by name, for `tf.train.Checkpoint`."""
        state = {name: getattr(self, name) for name in _NETWORKS}
        state |= {
            "ema_generator": self.ema_generator,
            "ema_generator_ba": self.ema_generator_ba,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
            "step": self.step.value,
            "seeds": [s for name in _NETWORKS for s in seed_states(state[name])],
        }
        for name in ("pool_a", "pool_b"):
            pool = getattr(self, name)
            if pool is not None:
                state[name] = [variable.value for variable in pool.weights]
        return state

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        serialize = keras.saving.serialize_keras_object
        networks = {name: serialize(getattr(self, name)) for name in _NETWORKS}
        return {**networks, **self._options}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build the model from what `get_config` returned."""
        networks = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in _NETWORKS
        }
        return cls(**{**config, **networks})
