"""Paired translation as an experiment."""

from functools import cached_property
from typing import Any

from imgan import families
from imgan.bundles.card import Card
from imgan.bundles.card import Score
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.srgan import AdversarialGateConfig
from imgan.config.super_resolution import GateConfig
from imgan.data.translation.held_out import open_held_out
from imgan.data.translation.pairs import PairSampler
from imgan.data.translation.pairs import open_pairs
from imgan.data.translation.pipeline import translation_dataset
from imgan.errors import ImganError
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.perceptual import PerceptualLoss
from imgan.training.adversarial import adversarial_arguments
from imgan.training.adversarial import adversarial_loss_names
from imgan.training.content import build_perceptual
from imgan.training.content import build_pixel_loss
from imgan.training.content import perceptual_names
from imgan.training.experiment import size_of
from imgan.training.run_folder import RunFolder
from imgan.training.translation import TranslationExperiment
from imgan.training.translation import output_depth
from imgan.training.translation_validation import Pairs
from imgan.training.translation_validation import TranslationValidator
from imgan.training.translation_validation import Translator
from imgan.training.translation_validation import score_pairs


class Pix2PixExperiment(TranslationExperiment):
    """Families `pix2pix`, `pix2pixhd` and `pix2pixhd_local`."""

    recipe: Pix2PixRecipe

    @cached_property
    def pairs(self) -> PairSampler:
        """The training pairs, cut and mirrored."""
        return open_pairs(self.recipe)

    @cached_property
    def held_out(self) -> Pairs:
        """The held-out pairs, read when they are looked at; empty without any."""
        return open_held_out(self.recipe) or ()

    @property
    def content_teaches(self) -> bool:
        """Whether losses that compare with the target have any weight."""
        config = self.recipe.training
        weights = (config.pixel_weight, config.feature_matching)
        return any(weights) or config.perceptual is not None

    @property
    def gate_config(self) -> GateConfig | None:
        """What held-out pairs decide; None where there are none."""
        if not self.recipe.data.validation:
            return None
        return AdversarialGateConfig(**self.recipe.training.gate.model_dump())

    def build_networks(self) -> tuple[Any, Any]:
        """Return the generator and the discriminator that the run begins with."""
        data = self.recipe.data
        source, target = data.source_channels, data.target.channels
        return (
            self.build_generator(source, target),
            self.build_discriminator(target, condition_channels=source),
        )

    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the two networks."""
        config = self.recipe.training
        generator, discriminator = self.build_networks()
        model = families.resolve(self.family.model)(
            generator,
            discriminator,
            ema_decay=config.ema_decay,
            discriminator_steps=config.discriminator_steps,
            seed=self.recipe.seed,
        )
        matching = config.feature_matching
        features = FeatureMatchingLoss("paired", weights=discriminator.feature_weights)
        model.compile(
            **adversarial_arguments(config, config.steps, self.rate_scale),
            feature_matching=features if matching else None,
            feature_matching_weight=matching or 1.0,
            pixel_loss=build_pixel_loss(
                config.pixel_loss,
                side=("data.image_size", self.recipe.data.image_size),
                value_range=generator.output_range,
            ),
            perceptual=self._perceptual(generator),
            weights={
                "pixel": config.pixel_weight,
                "adversarial": config.adversarial_weight,
                "perceptual": config.perceptual.weight if config.perceptual else 0.0,
            },
        )
        return model

    def _perceptual(self, generator: Any) -> PerceptualLoss | None:
        data = self.recipe.data
        return build_perceptual(
            self.recipe.training.perceptual,
            channels=("data.target.channels", data.target.channels),
            side=("data.image_size", data.image_size),
            value_range=generator.output_range,
        )

    def dataset(self, model: Any, first_step: int, failures: list[ImganError]) -> Any:
        """Return batches of pairs, one share for each step of the discriminator."""
        return self._batches(model.generator, first_step, failures)

    def _batches(
        self, network: Any, first_step: int, failures: list[ImganError] | None = None
    ) -> Any:
        turns = self.recipe.training.discriminator_steps
        return translation_dataset(
            self.pairs,
            self.recipe.data.batch_size * turns,
            first_step=first_step,
            source_range=network.input_range,
            target_range=network.output_range,
            failures=failures,
        )

    def validator(self, model: Any, run: RunFolder) -> TranslationValidator:
        """Return what scores the moving average on the held-out pairs."""
        return TranslationValidator(model.ema_generator, self.held_out, run)

    # === Card ===

    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the moving average as it ships, and its card."""
        data = self.recipe.data
        network = self.finished(model.ema_generator, "source")
        card = self.translation_card(
            network,
            pixel_range=data.source.value_range,
            output_pixel_range=data.target.value_range,
            output_dtype=output_depth(*self.pairs.reader.read(0)),
            num_frames=data.stacked,
            losses=self.losses(model.perceptual),
            metrics=self._scores(network),
        )
        return network, card

    def statistics_batches(self, network: Any) -> Any:
        """Return endless batches of training data, from the first on."""
        return self._batches(network, first_step=0)

    def losses(self, perceptual: PerceptualLoss | None) -> list[str]:
        """Return the names of the losses that are used, for the card."""
        config = self.recipe.training
        names: list[str] = [config.pixel_loss] if config.pixel_weight else []
        names += adversarial_loss_names(config)
        return [*names, *perceptual_names(perceptual)]

    def _scores(self, network: Any) -> list[Score]:
        """Measure what ships: its statistics are not those that were looked at."""
        part = self.recipe.data.validation
        if part is None:
            return []
        values = score_pairs(Translator(network), self.held_out)
        name = " -> ".join(part.model_dump(mode="json", exclude_none=True).values())
        return [Score(dataset=name, protocol=self.protocol, values=values)]

    def plan(self) -> list[tuple[str, str]]:
        """Build the networks and list the data, as a run would."""
        generator, discriminator = self.build_networks()
        perceptual = self._perceptual(generator)
        data, config = self.recipe.data, self.recipe.training
        seen = config.steps * config.discriminator_steps * data.batch_size
        rows = [
            ("generator", size_of(generator)),
            ("discriminator", size_of(discriminator)),
            ("tiles", self.tiles(generator)),
            ("training pairs", str(len(self.pairs))),
            ("validation pairs", str(len(self.held_out))),
            ("pairs seen in all", f"{seen:,}"),
            ("losses", "; ".join(self.losses(perceptual))),
        ]
        return [("starts from", self.recipe.init), *rows] if self.recipe.init else rows
