"""Super-resolution by a pixel loss, as an experiment."""

from typing import Any

import keras

from imgan import families
from imgan.bundles.card import Card
from imgan.bundles.card import Score
from imgan.config.super_resolution import RegressionRecipe
from imgan.data.pairs import list_pairs
from imgan.data.patches import PatchSampler
from imgan.data.pipeline import super_resolution_dataset
from imgan.data.sources import PairStore
from imgan.errors import ImganError
from imgan.losses.pixel import PIXEL_LOSSES
from imgan.networks.halo import halo
from imgan.training.experiment import Experiment
from imgan.training.experiment import build_network
from imgan.training.experiment import initial_network
from imgan.training.run_folder import RunFolder
from imgan.training.schedules import RunSchedule
from imgan.training.validation import SuperResolutionValidator

KEEP = {"auto": None, "always": True, "never": False}
"""Values of `data.cache` as stores take them."""


class RegressionExperiment(Experiment):
    """Families whose generator is compared with a true picture."""

    recipe: RegressionRecipe

    def build_generator(self) -> Any:
        """Return the network that the run begins with.

        That is the family's network in its training form, or the inference form that
        `init` names.
        """
        recipe = self.recipe
        if recipe.init:
            return initial_network(recipe, scale=recipe.scale)
        fixed = {"scale": recipe.scale, "dtype": recipe.training.precision}
        return build_network(
            self.family.generator, "generator", recipe.generator, fixed
        )

    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the network."""
        config = self.recipe.training
        kind = families.resolve(self.family.model)
        model = kind(self.build_generator(), ema_decay=config.ema_decay)
        schedule = RunSchedule(
            "cosine",
            steps=config.steps,
            learning_rate=config.learning_rate,
            final_learning_rate=config.final_learning_rate,
            warmup_steps=config.warmup_steps,
            scale=self.rate_scale,
        )
        model.compile(
            generator_optimizer=keras.optimizers.Adam(schedule),
            pixel_loss=PIXEL_LOSSES[config.loss](),
        )
        return model

    def dataset(
        self, model: Any, first_step: int, failures: list[ImganError] | None = None
    ) -> Any:
        """Return batches of patches from a step on."""
        recipe, data = self.recipe, self.recipe.data
        pairs = list_pairs(data.train.hr, data.train.lr, recipe.scale)
        sampler = PatchSampler(
            PairStore(pairs, recipe.scale, KEEP[data.cache]),
            data.hr_patch_size,
            seed=recipe.seed,
            candidates=data.detail_candidates,
            augment=data.augment,
        )
        return super_resolution_dataset(
            sampler,
            data.batch_size,
            first_step=first_step,
            lr_range=model.generator.input_range,
            hr_range=model.generator.output_range,
            failures=failures,
        )

    def validator(self, model: Any, run: RunFolder) -> SuperResolutionValidator:
        """Return what scores the moving average on the held-out pictures."""
        recipe, network = self.recipe, model.ema_generator
        pairs: list[Any] = []
        if recipe.data.validation:
            held_out = recipe.data.validation
            listed = list_pairs(held_out.hr, held_out.lr, recipe.scale)
            store = PairStore(listed, recipe.scale, keep=False)
            pairs = [store[index] for index in range(len(store))]
        ranges = (network.input_range, network.output_range)
        return SuperResolutionValidator(network, pairs, recipe.scale, run, ranges)

    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the moving average in its inference form, and its card."""
        recipe = self.recipe
        network = model.ema_generator.fused().variant(dtype="float32")
        card = Card(
            **self.base_card(network),
            scale=recipe.scale,
            input_channels=network.input_shape[-1],
            output_channels=network.output_shape[-1],
            input_range=network.input_range,
            size_multiple=network.size_multiple,
            halo=halo(network),
            losses=[recipe.training.loss],
            metrics=self._scores(scores),
        )
        return network, card

    def _scores(self, scores: dict[str, float]) -> list[Score]:
        held_out = self.recipe.data.validation
        if not held_out or not scores:
            return []
        # The folder of true pictures is often named after its part in the set.
        named = held_out.hr.name.lower() != "hr"
        protocol = {
            "channel": "y",
            "crop_border": self.recipe.scale,
            "downscale": "given" if held_out.lr else "matlab_bicubic",
        }
        dataset = (held_out.hr if named else held_out.hr.parent).name
        return [Score(dataset=dataset, protocol=protocol, values=scores)]

    def plan(self) -> list[tuple[str, str]]:
        """Build the network and list the data, as a run would."""
        network, recipe = self.build_generator(), self.recipe
        fused, data = network.fused(), recipe.data
        train = list_pairs(data.train.hr, data.train.lr, recipe.scale)
        rows = [
            ("network", type(network).__name__),
            ("parameters in training", f"{network.count_params():,}"),
            ("parameters at inference", f"{fused.count_params():,}"),
            ("halo", f"{halo(fused)} pixels"),
            ("training pictures", str(len(train))),
            ("patches in all", f"{recipe.training.steps * data.batch_size:,}"),
        ]
        if data.validation:
            held_out = list_pairs(data.validation.hr, data.validation.lr, recipe.scale)
            rows.append(("validation pictures", str(len(held_out))))
        return rows
