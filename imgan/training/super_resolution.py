"""Super-resolution as an experiment: what all of it shares, and a pixel loss alone."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

import keras

from imgan import families
from imgan.bundles.card import Card
from imgan.bundles.card import InferenceMode
from imgan.bundles.card import Score
from imgan.bundles.card import read_card
from imgan.bundles.reach import enlarging_reach
from imgan.bundles.register import resolve
from imgan.config.super_resolution import RegressionRecipe
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.pair_store import ImagePair
from imgan.data.pair_store import PairStore
from imgan.data.patches import open_patches
from imgan.data.patches import open_validation
from imgan.data.pipeline import super_resolution_dataset
from imgan.errors import ConfigError
from imgan.errors import ImganError
from imgan.losses.frequency import FocalFrequencyLoss
from imgan.models.batch_degradation import BatchDegradation
from imgan.models.randomness import StepRandom
from imgan.models.replicas import replica_count
from imgan.models.step_degradation import StepDegradation
from imgan.networks.halo import halo
from imgan.training.content import build_pixel_loss
from imgan.training.experiment import Experiment
from imgan.training.experiment import as_shipped
from imgan.training.experiment import build_network
from imgan.training.initial_enlarger import initial_enlarger
from imgan.training.optimizers import OPTIMIZERS
from imgan.training.run_folder import RunFolder
from imgan.training.schedules import RunSchedule
from imgan.training.super_resolution_validation import SuperResolutionValidator

_DEGRADATION_SEED = 1_000_003


class SuperResolutionExperiment(Experiment):
    """Data, generator, validation and card; subclasses say how it is trained."""

    recipe: SuperResolutionRecipe

    def build_generator(self) -> Any:
        """Return the network that the run begins with.

        That is the family's network in its training form, or the inference form of
        what `init` names.
        """
        recipe = self.recipe
        if recipe.init:
            network = initial_enlarger(recipe, self.generator_path)
        else:
            fixed = {
                "scale": recipe.scale,
                "channels": recipe.data.channels,
                "dtype": recipe.training.precision,
                "synchronized": replica_count() > 1,
            }
            path = self.generator_path
            network = build_network(path, "generator", recipe.generator, fixed)
        self.check_patch_size(network, network.size_multiple * recipe.scale)
        return network

    @property
    def start(self) -> str | None:
        """None too where `init` is of another scale: then the end begins anew."""
        init = self.recipe.init
        same = init and read_card(resolve(init)).scale == self.recipe.scale
        return init if same else None

    def check_patch_size(self, network: Any, multiple: int) -> None:
        """Refuse patches that a network cannot take.

        Raises:
            ConfigError: If high-resolution patches are no multiples of `multiple`.
        """
        size = self.recipe.data.hr_patch_size
        if size % multiple:
            raise ConfigError(
                f"data.hr_patch_size must be a multiple of {multiple} for "
                f"{type(network).__name__}. Received: {size}"
            )

    def dataset(self, model: Any, first_step: int, failures: list[ImganError]) -> Any:
        """Return batches of patches from a step on."""
        return super_resolution_dataset(
            open_patches(self.recipe),
            self.batch_size,
            first_step=first_step,
            lr_range=model.generator.input_range,
            hr_range=model.generator.output_range,
            failures=failures,
        )

    @property
    def batch_size(self) -> int:
        """Pairs of one step."""
        return self.recipe.data.batch_size

    def step_degradation(self, generator: Any) -> StepDegradation | None:
        """Return what degrades within the train step, where the recipe wants that."""
        config = self.recipe.data.degradation
        if config is None or config.where != "device":
            return None
        data = self.recipe.data
        layer = BatchDegradation(
            config,
            self.recipe.scale,
            # Not the numbers that the rest of the step draws.
            StepRandom(self.recipe.seed + _DEGRADATION_SEED),
            data.channels,
            batch_size=self.batch_size // replica_count(),
            hr_patch_size=data.hr_patch_size,
            num_targets=int(data.usm_targets),
        )
        return StepDegradation(layer, generator.input_range, generator.output_range)

    @property
    @abstractmethod
    def pixel_loss_name(self) -> str:
        """What the recipe calls the loss that compares pixels."""

    def pixel_loss(self, generator: Any) -> keras.losses.Loss:
        """Return that loss, for what a generator makes of the recipe's patches."""
        return build_pixel_loss(
            self.pixel_loss_name,
            side=("data.hr_patch_size", self.recipe.data.hr_patch_size),
            value_range=generator.output_range,
        )

    def validator(self, model: Any, run: RunFolder) -> SuperResolutionValidator:
        """Return what scores the moving average on the held-out pictures."""
        network = model.ema_generator
        pairs: PairStore | list[ImagePair] = open_validation(self.recipe) or []
        ranges = (network.input_range, network.output_range)
        reach = halo(network.fused())
        return SuperResolutionValidator(
            network, pairs, self.recipe.scale, run, ranges, reach
        )

    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the moving average in its inference form, and its card."""
        recipe = self.recipe
        network = as_shipped(model.ema_generator.fused())
        card = Card(
            **self.base_card(network),
            scale=recipe.scale,
            input_channels=network.input_shape[-1],
            output_channels=network.output_shape[-1],
            input_range=network.input_range,
            pixel_range=recipe.data.value_range,
            size_multiple=network.size_multiple,
            minimum_size=network.minimum_size,
            inference_mode=InferenceMode(normalization=network.inference_normalization),
            **enlarging_reach(network),
            losses=self.losses(model),
            metrics=self._scores(scores),
        )
        return network, card

    @abstractmethod
    def losses(self, model: Any) -> list[str]:
        """Return the names of the losses that a model was trained by, for the card."""

    def _scores(self, scores: dict[str, float]) -> list[Score]:
        data = self.recipe.data
        if not data.validation or not scores:
            return []
        made = "recipe" if data.degradation else "matlab_bicubic"
        protocol = {
            "channel": "y" if data.channels == 3 else "all",
            "crop_border": self.recipe.scale,
            "downscale": "given" if data.validation.lr else made,
        }
        name = _dataset_name(data.validation.hr)
        return [Score(dataset=name, protocol=protocol, values=scores)]

    def plan(self) -> list[tuple[str, str]]:
        """Build the networks and list the data, as a run would."""
        network, recipe = self.build_generator(), self.recipe
        self.pixel_loss(network)
        fused = network.fused()
        sampler = open_patches(recipe)
        rows = [
            ("network", type(network).__name__),
            ("parameters in training", f"{network.count_params():,}"),
            ("parameters at inference", f"{fused.count_params():,}"),
            ("halo", f"{halo(fused)} pixels"),
            ("training pictures", str(len(sampler.store))),
            ("patches in all", f"{recipe.training.steps * self.batch_size:,}"),
        ]
        if recipe.init:
            scale = read_card(resolve(recipe.init)).scale
            other = f", of x{scale}: layers for pixels anew"
            said = recipe.init + (other if scale != recipe.scale else "")
            rows.insert(0, ("starts from", said))
        held_out = open_validation(recipe)
        if held_out:
            rows.append(("validation pictures", str(len(held_out))))
        return rows


class RegressionExperiment(SuperResolutionExperiment):
    """Families whose generator is compared with a true picture, and nothing else."""

    recipe: RegressionRecipe

    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the network."""
        config = self.recipe.training
        generator = self.build_generator()
        model = families.resolve(self.family.model)(
            generator,
            ema_decay=config.ema_decay,
            degradation=self.step_degradation(generator),
        )
        schedule = RunSchedule(
            "cosine",
            steps=config.steps,
            learning_rate=config.learning_rate,
            final_learning_rate=config.final_learning_rate,
            warmup_steps=config.warmup_steps,
            scale=self.rate_scale,
        )
        model.compile(
            generator_optimizer=OPTIMIZERS[config.optimizer](schedule),
            pixel_loss=self.pixel_loss(generator),
            frequency=FocalFrequencyLoss() if config.frequency else None,
            frequency_weight=config.frequency,
        )
        return model

    @property
    def pixel_loss_name(self) -> str:
        """What the recipe calls it."""
        return self.recipe.training.loss

    def losses(self, model: Any) -> list[str]:
        """Return the names of the losses that a model was trained by, for the card."""
        config = self.recipe.training
        return [config.loss, *(["focal_frequency"] if config.frequency else [])]


def _dataset_name(folder: Path) -> str:
    # The folder of true pictures is often named after its part in the set.
    return folder.parent.name if folder.name.lower() == "hr" else folder.name
