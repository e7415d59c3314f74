"""Unpaired translation as an experiment."""

from functools import cached_property
from typing import Any

from imgan import families
from imgan.bundles.card import Card
from imgan.bundles.card import Score
from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.translation import DIRECTIONS
from imgan.config.translation import Direction
from imgan.data.translation.domains import DomainSampler
from imgan.data.translation.domains import open_domains
from imgan.data.translation.held_out_domains import HeldOutDomains
from imgan.data.translation.held_out_domains import open_held_out_domains
from imgan.data.translation.pipeline import unpaired_dataset
from imgan.errors import ConfigError
from imgan.errors import ImganError
from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.pixel import PixelL1Loss
from imgan.training.domain_validation import DomainValidator
from imgan.training.experiment import size_of
from imgan.training.optimizers import build_optimizer
from imgan.training.run_folder import RunFolder
from imgan.training.translation import TranslationExperiment
from imgan.training.translation import output_depth
from imgan.training.translation_validation import Translator
from imgan.training.translation_validation import score_pairs

REVERSE = "reverse"
"""Folder of a run for the bundle of the other direction."""


class CycleGANExperiment(TranslationExperiment):
    """Family `cyclegan`."""

    recipe: CycleGANRecipe

    @cached_property
    def domains(self) -> DomainSampler:
        """The training pictures of both domains, cut and mirrored."""
        return open_domains(self.recipe)

    @cached_property
    def held_out(self) -> HeldOutDomains | None:
        """The held-out pictures of both domains; None where there are none."""
        return open_held_out_domains(self.recipe)

    @property
    def content_teaches(self) -> bool:
        """Whether the way back has any weight."""
        return self.recipe.training.cycle_weight > 0

    def build_networks(self) -> dict[str, Any]:
        """Return both generators and both discriminators, by the model's names."""
        recipe, data = self.recipe, self.recipe.data
        if recipe.init:
            raise ConfigError(
                "init does not apply to cyclegan, which trains two generators. Leave "
                "it out"
            )
        a, b = data.a.channels, data.b.channels
        return {
            "generator_ab": self.build_generator(a, b),
            "generator_ba": self.build_generator(b, a, number=1),
            "discriminator_a": self.build_discriminator(a),
            "discriminator_b": self.build_discriminator(b),
        }

    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the four networks."""
        recipe, config, data = self.recipe, self.recipe.training, self.recipe.data
        size = data.image_size
        model = families.resolve(self.family.model)(
            **self.build_networks(),
            ema_decay=config.ema_decay,
            image_pool=config.image_pool,
            image_shape_a=(size, size, data.a.channels),
            image_shape_b=(size, size, data.b.channels),
            seed=recipe.seed,
        )
        loss = ADVERSARIAL_LOSSES[config.loss]
        model.compile(
            generator_optimizer=build_optimizer(
                config.generator_optimizer, config.steps, self.rate_scale
            ),
            discriminator_optimizer=build_optimizer(
                config.discriminator_optimizer, config.steps, self.rate_scale
            ),
            generator_loss=loss("generator"),
            discriminator_loss=loss("discriminator"),
            adversarial_weight=config.adversarial_weight,
            cycle_loss=PixelL1Loss(),
            cycle_weight=config.cycle_weight,
            identity_loss=PixelL1Loss() if config.identity_weight else None,
            identity_weight=config.cycle_weight * config.identity_weight,
        )
        return model

    def dataset(self, model: Any, first_step: int, failures: list[ImganError]) -> Any:
        """Return batches of pictures of both domains."""
        return self._batches(model.generator, first_step, failures)

    def _batches(
        self, network: Any, first_step: int, failures: list[ImganError] | None = None
    ) -> Any:
        return unpaired_dataset(
            self.domains,
            self.recipe.data.batch_size,
            first_step=first_step,
            # Each is an input and an output, of networks of one kind.
            a_range=network.input_range,
            b_range=network.input_range,
            failures=failures,
        )

    def validator(self, model: Any, run: RunFolder) -> DomainValidator:
        """Return what looks at both moving averages on held-out pictures."""
        networks = (model.ema_generator, model.ema_generator_ba)
        first, back = (Translator(network) for network in networks)
        return DomainValidator(
            {"a_to_b": first, "b_to_a": back},
            self.held_out,
            run,
            direction=self.recipe.direction,
        )

    # === Card ===

    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the moving average of the recipe's direction, and its card."""
        return self._bundle(model, self.recipe.direction)

    def side_bundles(self, model: Any) -> dict[str, tuple[Any, Card]]:
        """Return the generator of the other direction."""
        (other,) = set(DIRECTIONS) - {self.recipe.direction}
        network, card = self._bundle(model, other)
        recipe = self.recipe.model_copy(update={"direction": other})
        changes = {
            "name": f"{card.name}-{REVERSE}",
            "recipe": recipe.model_dump(mode="json"),
        }
        return {REVERSE: (network, card.model_copy(update=changes))}

    def _bundle(self, model: Any, direction: Direction) -> tuple[Any, Card]:
        data, forth = self.recipe.data, direction == "a_to_b"
        average = model.ema_generator if forth else model.ema_generator_ba
        source, target = (data.a, data.b) if forth else (data.b, data.a)
        network = self.finished(average, "domain_a" if forth else "domain_b")
        pictures = (self.domains.a, self.domains.b)
        given, made = pictures if forth else pictures[::-1]
        card = self.translation_card(
            network,
            pixel_range=source.value_range,
            output_pixel_range=target.value_range,
            output_dtype=output_depth([given[0]], made[0]),
            losses=self.losses(),
            metrics=self._scores(network, direction),
        )
        return network, card

    def statistics_batches(self, network: Any) -> Any:
        """Return endless batches of training data, from the first on."""
        return self._batches(network, first_step=0)

    def losses(self) -> list[str]:
        """Return the names of the losses that were used, for the card."""
        config = self.recipe.training
        names: list[str] = [config.loss]
        names += ["cycle: l1"] if config.cycle_weight else []
        return [*names, "identity: l1"] if config.identity_weight else names

    def _scores(self, network: Any, direction: Direction) -> list[Score]:
        """Measure what ships: its statistics are not those that were looked at."""
        folders = self.recipe.data.validation
        pairs = self.held_out.as_pairs(direction) if self.held_out else None
        if folders is None or pairs is None:
            return []
        values = score_pairs(Translator(network), pairs)
        name = " -> ".join(
            str(getattr(folders, side)) for side in direction.split("_to_")
        )
        return [Score(dataset=name, protocol=self.protocol, values=values)]

    def plan(self) -> list[tuple[str, str]]:
        """Build the networks and list the data, as a run would."""
        networks = self.build_networks()
        data, config = self.recipe.data, self.recipe.training
        held_out = self.held_out
        count_a, count_b = len(self.domains.a), len(self.domains.b)
        return [
            ("generators", f"two of {size_of(networks['generator_ab'])}"),
            ("discriminators", f"two of {size_of(networks['discriminator_b'])}"),
            ("tiles", self.tiles(networks["generator_ab"])),
            ("training pictures", f"{count_a} of domain a, {count_b} of domain b"),
            (
                "validation pictures",
                f"{len(held_out.a)} and {len(held_out.b)}" if held_out else "none",
            ),
            ("pictures seen in all", f"{config.steps * data.batch_size:,} of each"),
            ("losses", "; ".join(self.losses())),
        ]
