"""Unpaired translation: two games of two networks, held together by the way back."""

from typing import Any

import keras
import tensorflow as tf

from imgan.losses.base import listed
from imgan.models.base import Batch
from imgan.models.optimizers import update
from imgan.models.optimizers import with_loss_scaling
from imgan.models.replicas import replica_mean
from imgan.models.step_metrics import StepMetrics
from imgan.models.two_way import Pair
from imgan.models.two_way import TwoWayModel

_KINDS = ("real_accuracy", "fake_accuracy")
_ACCURACIES = tuple(f"discriminator_{d}_{kind}" for d in "ab" for kind in _KINDS)


@keras.saving.register_keras_serializable(package="imgan")
class CycleGAN(TwoWayModel):
    """Translates between two domains of which no pairs are known.

    [Zhu et al., 2017](https://arxiv.org/abs/1703.10593), sections 3 and 7.1. Each
    domain has a discriminator, and a generator that makes pictures of it from those of
    the other. A picture that went to the other domain and came back shall be itself
    again. A step is one of both generators, by one optimizer, and then one of both
    discriminators, by another, on generated pictures that went through a pool of
    earlier ones.

    Arguments are those of `TwoWayModel`. `train_step` takes a dict of float32
    `(batch, height, width, channels)` in the generators' ranges: `domain_a` and
    `domain_b`.

    Example:
        >>> from imgan.losses.adversarial import LeastSquaresLoss
        >>> from imgan.losses.pixel import PixelL1Loss
        >>> from imgan.networks.patchgan import PatchGAN
        >>> from imgan.networks.resnet import ResNetGenerator
        >>> model = CycleGAN(
        ...     generator_ab=ResNetGenerator(num_filters=8),
        ...     generator_ba=ResNetGenerator(num_filters=8),
        ...     discriminator_a=PatchGAN(num_filters=8),
        ...     discriminator_b=PatchGAN(num_filters=8),
        ...     image_shape_a=(64, 64, 3),
        ...     image_shape_b=(64, 64, 3),
        ... )
        >>> model.compile(
        ...     generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        ...     discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        ...     generator_loss=LeastSquaresLoss("generator"),
        ...     discriminator_loss=LeastSquaresLoss("discriminator"),
        ...     cycle_loss=PixelL1Loss(),
        ... )
    """

    def compile(
        self,
        generator_optimizer: Any,
        discriminator_optimizer: Any,
        generator_loss: Any,
        discriminator_loss: Any,
        *,
        cycle_loss: keras.losses.Loss,
        cycle_weight: float = 10.0,
        identity_loss: keras.losses.Loss | None = None,
        identity_weight: float = 0.0,
        adversarial_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        """Set optimizers and losses.

        The paper halves the losses of the discriminators, and not those of the
        generators. `LeastSquaresLoss` halves both and nothing here does it once more,
        so with it an `adversarial_weight` of 2 gives the weights of the paper.

        Args:
            generator_optimizer: A Keras optimizer of its own, for both generators;
                wrapped for loss scaling where one of them computes in float16.
            discriminator_optimizer: The same for both discriminators.
            generator_loss: Of `imgan.losses.adversarial`, side `"generator"`.
            discriminator_loss: The same for the side `"discriminator"`.
            cycle_loss: Called with (picture, the same there and back again).
            cycle_weight: Weight of that term, the same for both domains.
            identity_loss: Called with (picture of a domain, what the generator to that
                domain makes of it); needs as many channels in both domains.
            identity_weight: Weight of that term, the same for both domains.
            adversarial_weight: Weight of what the discriminators say.
            **kwargs: Those of `keras.Model.compile`.
        """
        # None keeps Keras from creating an RMSprop of its own over all weights.
        super().compile(optimizer=None, **kwargs)
        self.generator_optimizer = with_loss_scaling(
            generator_optimizer, *self.generators
        )
        self.discriminator_optimizer = with_loss_scaling(
            discriminator_optimizer, *self.discriminators
        )
        self.generator_loss = generator_loss
        self.discriminator_loss = discriminator_loss
        self.cycle_loss, self.cycle_weight = cycle_loss, cycle_weight
        self.identity_loss, self.identity_weight = identity_loss, identity_weight
        self.adversarial_weight = adversarial_weight
        for loss in (generator_loss, discriminator_loss):
            loss.across_replicas = replica_mean
        self._step_metrics = StepMetrics(
            discriminator_loss,
            ("cycle", "identity") if identity_loss else ("cycle",),
            (),
            _ACCURACIES if discriminator_loss.bounded else (),
        )

    @property
    def metrics(self) -> list[Any]:
        """Everything that `train_step` reports.

        Losses are sums over both domains, accuracies are means.
        """
        return self._step_metrics.metrics

    # === One step ===

    def train_step(self, data: Batch) -> dict[str, Any]:
        """Train both generators, then both discriminators, on one batch."""
        self.begin_step()
        reals = data["domain_a"], data["domain_b"]
        fakes = self._train_generators(reals)
        self._train_discriminators(reals, self.remembered(fakes))
        return self._step_metrics.results()

    def _train_generators(self, reals: Pair) -> Pair:
        """Return what they made before they moved, pictures of domain a first."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for generator in self.generators:
                for variable in generator.trainable_variables:
                    tape.watch(variable.value)
            real_a, real_b = reals
            fake_b = self.generator_ab(real_a, training=True)
            fake_a = self.generator_ba(real_b, training=True)
            terms = self.generator_terms(reals, (fake_a, fake_b))
            loss = tf.add_n(list(terms.values()))
            scaled_loss = self.generator_optimizer.scale_loss(loss)
        done = update(self.generator_optimizer, tape, scaled_loss, *self.generators)
        self.average_generators()
        self._step_metrics.generator_moved(loss, terms, done)
        return fake_a, fake_b

    def generator_terms(self, reals: Pair, fakes: Pair) -> dict[str, Any]:
        """Return the generators' losses by name, weighted, summed over both domains.

        Args:
            reals: Pictures of domain a and of domain b.
            fakes: Generated pictures of domain a, from `reals` of domain b, and the
                other way round.
        """
        (real_a, real_b), (fake_a, fake_b) = reals, fakes
        judged = self._judged_real(self.discriminator_a, real_a, fake_a)
        judged += self._judged_real(self.discriminator_b, real_b, fake_b)
        cycle = self.cycle_loss(real_a, self.generator_ba(fake_b, training=True))
        cycle += self.cycle_loss(real_b, self.generator_ab(fake_a, training=True))
        terms = {
            "adversarial": self.adversarial_weight * judged,
            "cycle": self.cycle_weight * cycle,
        }
        if self.identity_loss is not None:
            same_a = self.generator_ba(real_a, training=True)
            same_b = self.generator_ab(real_b, training=True)
            change = self.identity_loss(real_a, same_a)
            change += self.identity_loss(real_b, same_b)
            terms["identity"] = self.identity_weight * change
        return terms

    def _judged_real(self, discriminator: Any, real: Any, fake: Any) -> Any:
        fake_logits = real_logits = discriminator(fake, training=True)
        if self.generator_loss.uses_real:
            real_logits = discriminator(real, training=True)
        return self.generator_loss(real_logits, fake_logits)

    def _train_discriminators(self, reals: Pair, fakes: Pair) -> None:
        with tf.GradientTape() as tape:
            logits = [
                (network(real, training=True), network(fake, training=True))
                for network, real, fake in zip(
                    self.discriminators, reals, fakes, strict=True
                )
            ]
            loss = tf.add_n([self.discriminator_loss(*pair) for pair in logits])
            scaled_loss = self.discriminator_optimizer.scale_loss(loss)
        done = update(
            self.discriminator_optimizer, tape, scaled_loss, *self.discriminators
        )
        of_a, of_b = (self._step_metrics.judgements(*pair) for pair in logits)
        accuracies = {}
        if self.discriminator_loss.bounded:
            values = [of[kind] for of in (of_a, of_b) for kind in _KINDS]
            accuracies = dict(zip(_ACCURACIES, values, strict=True))
        (real_a, fake_a), (real_b, fake_b) = logits
        # Lists of logits are averaged over.
        together = listed(real_a) + listed(real_b), listed(fake_a) + listed(fake_b)
        self._step_metrics.discriminator_moved(
            {"loss": loss}, {}, together, accuracies, done
        )

    # === State ===

    def get_compile_config(self) -> dict[str, Any]:
        """Return what a saved model is compiled with again; empty before `compile`."""
        if not self.compiled:
            return {}
        names = (
            *("generator_optimizer", "discriminator_optimizer"),
            *("generator_loss", "discriminator_loss", "adversarial_weight"),
            *("cycle_loss", "cycle_weight", "identity_loss", "identity_weight"),
        )
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(getattr(self, name)) for name in names}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        if config:
            self.compile(**keras.saving.deserialize_keras_object(config))
