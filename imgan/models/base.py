"""A generator and a discriminator trained against each other, by one train step."""

from typing import Any

import keras
import tensorflow as tf

from imgan.models.augmentation import AUGMENTATIONS
from imgan.models.ema import GeneratorEMA
from imgan.models.image_pool import ImagePool
from imgan.models.optimizers import update
from imgan.models.optimizers import with_loss_scaling
from imgan.models.penalties import SlopePenalties
from imgan.models.randomness import StepRandom
from imgan.models.replicas import replica_count
from imgan.models.replicas import replica_mean
from imgan.models.step_metrics import StepMetrics

Batch = dict[str, Any]


class AdversarialModel(keras.Model):
    """What every GAN of imgan has in common.

    A step takes `discriminator_steps` steps of the discriminator, each on its own share
    of the batch, and then one of the generator against the discriminator that came out
    ([Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), algorithm 1). The last
    generated batch serves both sides. Subclasses say what is generated and judged, in
    `fake`, `real`, `conditions` and `generator_terms`.

    Args:
        generator: Makes images.
        discriminator: Returns logits, for images and the `conditions` of them.
        ema_decay: Decay of the moving average of the generator, see `GeneratorEMA`.
        discriminator_steps: Steps of the discriminator for one of the generator.
        augment: What is done to images before they are judged: `"none"`,
            `"diff_augment"` or `"adaptive"`.
        image_pool: Generated images that are remembered for the discriminator.
        seed: Of everything random in a step, see `StepRandom`.

    Call arguments:
        inputs: Those of the generator.

    Returns:
        Output of the generator.
    """

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        *,
        ema_decay: float = 0.999,
        discriminator_steps: int = 1,
        augment: str = "none",
        image_pool: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self._options = {
            "ema_decay": ema_decay,
            "discriminator_steps": discriminator_steps,
            "augment": augment,
            "image_pool": image_pool,
            "seed": seed,
        }
        self.discriminator_steps = discriminator_steps
        self._ema = GeneratorEMA(generator, ema_decay)
        self.ema_generator = self._ema.network
        self.random = StepRandom(seed)
        self.augmentation = AUGMENTATIONS[augment](generator.output_range, self.random)
        self.pool = _pool(image_pool, discriminator) if image_pool else None
        self.step = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="step"
        )
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Run the generator."""
        return self.generator(inputs, training=training)

    # === What subclasses say ===

    def fake(self, batch: Batch) -> Any:
        """Generate one image for each item of the batch, in training mode."""
        raise NotImplementedError

    def real(self, batch: Batch) -> Any:
        """Return the real images of the batch."""
        raise NotImplementedError

    def conditions(self, batch: Batch) -> list[Any]:
        """Return what the discriminator is shown beside the images."""
        return []

    def prepare(self, batch: Batch) -> Batch:
        """Return the batch as a step uses it; may draw from `random`."""
        return batch

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the generator's loss terms beside the adversarial one."""
        return ("feature_matching",) if self.feature_matching else ()

    # === Keras ===

    def compile(
        self,
        generator_optimizer: Any,
        discriminator_optimizer: Any,
        generator_loss: Any,
        discriminator_loss: Any,
        *,
        gradient_penalty: keras.losses.Loss | None = None,
        r1: keras.losses.Loss | None = None,
        r1_every: int = 16,
        feature_matching: keras.losses.Loss | None = None,
        feature_matching_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        """Set optimizers and losses.

        Args:
            generator_optimizer: A Keras optimizer of its own; wrapped for loss scaling
                where the network computes in float16.
            discriminator_optimizer: The same for the discriminator.
            generator_loss: Of `imgan.losses.adversarial`, side `"generator"`.
            discriminator_loss: The same for the side `"discriminator"`.
            gradient_penalty: Of `imgan.losses.gradient_penalty`, taken between real and
                generated images at every step.
            r1: The same, taken on real images at every `r1_every`th step.
            r1_every: Steps between two looks at R1.
            feature_matching: Of `imgan.losses.feature_matching`, a term of the
                generator.
            feature_matching_weight: Weight of that term.
            **kwargs: Those of `keras.Model.compile`.
        """
        # None keeps Keras from creating an RMSprop of its own over all weights.
        super().compile(optimizer=None, **kwargs)
        self.generator_optimizer = with_loss_scaling(
            generator_optimizer, self.generator
        )
        self.discriminator_optimizer = with_loss_scaling(
            discriminator_optimizer, self.discriminator
        )
        self.generator_loss = generator_loss
        self.discriminator_loss = discriminator_loss
        self.gradient_penalty, self.r1, self.r1_every = gradient_penalty, r1, r1_every
        self.feature_matching = feature_matching
        self.feature_matching_weight = feature_matching_weight
        for loss in (generator_loss, discriminator_loss, feature_matching):
            if loss is not None:
                loss.across_replicas = replica_mean
        self._penalties = SlopePenalties(
            self.discriminator, self.random, gradient_penalty, r1, r1_every
        )
        self._featured = (
            self.discriminator.with_features() if feature_matching else None
        )
        self._step_metrics = StepMetrics(
            discriminator_loss,
            self.term_names,
            self._penalties.names,
            self.augmentation.names,
        )

    @property
    def metrics(self) -> list[Any]:
        """Everything that `train_step` reports."""
        return self._step_metrics.metrics

    # === One step ===

    def train_step(self, data: Batch) -> dict[str, Any]:
        """Train the discriminator, then the generator, on one batch."""
        self.step.assign_add(1)
        self.random.begin(self.step)
        *early, last = self._shares(self.prepare(data))
        for batch in early:
            self._train_discriminator(batch, self.fake(batch))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in self.generator.trainable_variables:
                tape.watch(variable.value)
            fake_images = self.fake(last)
            with tape.stop_recording():
                self._train_discriminator(last, fake_images, adapt=True)
            terms = self.generator_terms(last, fake_images)
            loss = tf.add_n(list(terms.values()))
            scaled_loss = self.generator_optimizer.scale_loss(loss)
        done = update(self.generator_optimizer, tape, scaled_loss, self.generator)
        self._ema.update(self.step)
        self._step_metrics.generator_moved(loss, terms, done)
        return self._step_metrics.results()

    def _shares(self, data: Batch) -> list[Batch]:
        """Cut a batch into one share for each step of the discriminator.

        Every nth item, and not a block, so that replicas together train on the same
        share that one device would.
        """
        count = self.discriminator_steps
        if count == 1:
            return [data]
        return [{k: v[i::count] for k, v in data.items()} for i in range(count)]

    def judge(self, images: Any, batch: Batch, *, features: bool = False) -> Any:
        """Return logits in training mode, or a list of logits and features."""
        inputs = [self.augmentation(images), *self.conditions(batch)]
        network: Any = self._featured if features else self.discriminator
        return network(inputs if len(inputs) > 1 else inputs[0], training=True)

    def generator_terms(self, batch: Batch, fake_images: Any) -> dict[str, Any]:
        """Return the generator's losses by name; subclasses add theirs."""
        loss, matching = self.generator_loss, self.feature_matching
        features = matching is not None
        fake = self.judge(fake_images, batch, features=features)
        real = fake
        if loss.uses_real or features:
            real = self.judge(self.real(batch), batch, features=features)
        if matching is None:
            return {"adversarial": loss(real, fake)}
        weight = self.feature_matching_weight
        return {
            "adversarial": loss(real[0], fake[0]),
            "feature_matching": weight * matching(real[1:], fake[1:]),
        }

    def _train_discriminator(
        self, batch: Batch, fake_images: Any, *, adapt: bool = False
    ) -> None:
        real_conditions = fake_conditions = self.conditions(batch)
        fake_images = tf.stop_gradient(fake_images)
        if self.pool is not None:
            draws = self.random.uniform(tf.shape(fake_images)[0], 2)
            fake_images, *fake_conditions = self.pool(
                [fake_images, *fake_conditions], draws
            )
        real_images = self.augmentation(self.real(batch))
        fake_images = self.augmentation(fake_images)
        network = self.discriminator
        with tf.GradientTape() as tape:
            real_logits = network(_inputs(real_images, real_conditions), training=True)
            fake_logits = network(_inputs(fake_images, fake_conditions), training=True)
            loss = self.discriminator_loss(real_logits, fake_logits)
            penalties, weights = self._penalties(
                real_images, fake_images, real_conditions, self.step
            )
            total = tf.add_n([loss, *penalties.values()])
            scaled_loss = self.discriminator_optimizer.scale_loss(total)
        done = update(self.discriminator_optimizer, tape, scaled_loss, network)
        if adapt:
            sign = self._step_metrics.real_sign(real_logits, fake_logits)
            batch_size = tf.shape(real_images)[0] * replica_count()
            self.augmentation.observe(sign, batch_size, self.step)
        self._step_metrics.discriminator_moved(
            {"loss": loss, **penalties},
            weights,
            (real_logits, fake_logits),
            self.augmentation.numbers(),
            done,
        )

    # === State ===

    def training_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, by name, for `tf.train.Checkpoint`."""
        state = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "ema_generator": self.ema_generator,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
            "step": self.step.value,
            "augmentation": [v.value for v in self.augmentation.weights],
            "seeds": seed_states(self.generator) + seed_states(self.discriminator),
        }
        if self.pool is not None:
            state["pool"] = [variable.value for variable in self.pool.weights]
        return state

    def get_compile_config(self) -> dict[str, Any]:
        """Return what a saved model is compiled with again; empty before `compile`."""
        if not self.compiled:
            return {}
        names = (
            *("generator_optimizer", "discriminator_optimizer"),
            *("generator_loss", "discriminator_loss"),
            *("gradient_penalty", "r1", "r1_every"),
            *("feature_matching", "feature_matching_weight"),
        )
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(getattr(self, name)) for name in names}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        if config:
            self.compile(**keras.saving.deserialize_keras_object(config))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        serialize = keras.saving.serialize_keras_object
        return {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            **self._options,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build the model from what `get_config` returned."""
        networks = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("generator", "discriminator")
        }
        return cls(**{**config, **networks})


def seed_states(network: Any) -> list[Any]:
    """Return the random states of a network, such as those of its dropout layers."""
    weights = {id(variable) for variable in network.weights}
    return [v.value for v in network.variables if id(v) not in weights]


def _inputs(images: Any, conditions: list[Any]) -> Any:
    return [images, *conditions] if conditions else images


def _pool(size: int, discriminator: Any) -> ImagePool:
    """Return a pool for what the discriminator is shown."""
    return ImagePool(
        size,
        shapes=[tuple(tensor.shape[1:]) for tensor in discriminator.inputs],
        dtypes=[tensor.dtype for tensor in discriminator.inputs],
    )
