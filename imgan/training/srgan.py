"""Super-resolution with an adversarial loss, as an experiment."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import keras

from imgan import families
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.bundles.register import shipped
from imgan.config.srgan import SRGANRecipe
from imgan.errors import ConfigError
from imgan.errors import did_you_mean
from imgan.losses.artifacts import ArtifactLoss
from imgan.losses.chroma import ChromaLoss
from imgan.losses.color import ColorLoss
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.frequency import FocalFrequencyLoss
from imgan.losses.perceptual import PerceptualLoss
from imgan.losses.sliced_wasserstein import SlicedWassersteinLoss
from imgan.models.replicas import replica_count
from imgan.training.adversarial import adversarial_arguments
from imgan.training.adversarial import adversarial_loss_names
from imgan.training.adversarial import check_penalties
from imgan.training.content import build_perceptual
from imgan.training.content import perceptual_names
from imgan.training.experiment import build_network
from imgan.training.experiment import size_of
from imgan.training.optimizers import build_optimizer
from imgan.training.run_folder import RunFolder
from imgan.training.super_resolution import SuperResolutionExperiment

PARTNER = "pixel"
"""Folder of a run for the bundle that its adversarial stage began with."""

OWN_PARTNER = f"../{PARTNER}"
"""The same as the card of the final bundle names it."""


class SRGANExperiment(SuperResolutionExperiment):
    """Families `srgan`, `esrgan` and `realesrgan`."""

    recipe: SRGANRecipe

    @property
    def content_teaches(self) -> bool:
        """Whether losses that compare with the truth have any weight."""
        config = self.recipe.training
        weights = [config.pixel_weight, config.feature_matching]
        weights += [getattr(config, name) for name in self._content_builders()]
        return any(weights) or config.perceptual is not None

    @property
    def batch_size(self) -> int:
        """Pairs of one step: a share for each step of the discriminator."""
        return super().batch_size * self.recipe.training.discriminator_steps

    @property
    def pixel_loss_name(self) -> str:
        """What the recipe calls it."""
        return self.recipe.training.pixel_loss

    def build_discriminator(self) -> Any:
        """Return the discriminator that the run begins with."""
        recipe = self.recipe
        fixed = {
            "image_size": recipe.data.hr_patch_size,
            "channels": recipe.data.channels,
            "dtype": recipe.training.precision,
            "synchronized": replica_count() > 1,
        }
        network = build_network(
            self.family.discriminator, "discriminator", recipe.discriminator, fixed
        )
        self.check_patch_size(network, network.size_multiple)
        check_penalties(recipe.training, network)
        return network

    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the two networks."""
        config = self.recipe.training
        generator, discriminator = self.build_generator(), self.build_discriminator()
        model = families.resolve(self.family.model)(
            generator,
            discriminator,
            ema_decay=config.ema_decay,
            discriminator_steps=config.discriminator_steps,
            augment=config.augment,
            seed=self.recipe.seed,
            degradation=self.step_degradation(generator),
        )
        steps = config.steps - config.pixel_steps
        model.compile(
            **adversarial_arguments(config, steps, self.rate_scale),
            **self._content(self._content_losses(generator)),
            pixel_loss=self.pixel_loss(generator),
            **self._matching(discriminator),
            pixel_optimizer=build_optimizer(
                config.pixel_optimizer, config.pixel_steps, self.rate_scale
            ),
        )
        return model

    def _content_builders(self) -> dict[str, Callable[[], keras.losses.Loss]]:
        """Return what builds each loss whose weight is a key of `training`."""
        return {
            "frequency": FocalFrequencyLoss,
            "color": self._color,
            "chroma": self._chroma,
            "texture": self._texture,
            "artifacts": ArtifactLoss,
        }

    def _content_losses(self, generator: Any) -> dict[str, keras.losses.Loss]:
        """Return the losses beside pixels that compare with the target, by key."""
        perceptual = self._perceptual(generator)
        losses = {"perceptual": perceptual} if perceptual else {}
        for name, build in self._content_builders().items():
            if getattr(self.recipe.training, name):
                losses[name] = build()
        return losses

    def _content(self, losses: dict[str, keras.losses.Loss]) -> dict[str, Any]:
        """Return what the model takes for them, with the weights of all terms."""
        config = self.recipe.training
        weights = {"pixel": config.pixel_weight}
        for name in losses:
            weight = getattr(config, name)
            weights[name] = weight.weight if name == "perceptual" else weight
        return {
            "content_losses": {k: v for k, v in losses.items() if k != "artifacts"},
            "artifacts": losses.get("artifacts"),
            "weights": {**weights, "adversarial": config.adversarial_weight},
        }

    def _color(self) -> ColorLoss:
        period = self.recipe.scale
        # Squares of about 32 pixels that hold whole cells of depth-to-space.
        return ColorLoss(32 // period * period, period)

    def _chroma(self) -> ChromaLoss:
        if self.recipe.data.channels == 1:
            raise ConfigError(
                "training.chroma does not apply to data.channels=1, which has no "
                "colours. Leave it out"
            )
        return ChromaLoss()

    def _texture(self) -> SlicedWassersteinLoss:
        scale, side = self.recipe.scale, self.recipe.data.hr_patch_size
        # Whole cells of depth-to-space; patches that lie closer say little more.
        loss = SlicedWassersteinLoss(step=max(4 // scale, 1) * scale)
        if side < loss.smallest_side:
            raise ConfigError(
                f"data.hr_patch_size must be at least {loss.smallest_side} for "
                f"training.texture. Received: {side}"
            )
        return loss

    def _perceptual(self, generator: Any) -> PerceptualLoss | None:
        data = self.recipe.data
        return build_perceptual(
            self.recipe.training.perceptual,
            channels=("data.channels", data.channels),
            side=("data.hr_patch_size", data.hr_patch_size),
            value_range=generator.output_range,
        )

    def _matching(self, discriminator: Any) -> dict[str, Any]:
        config = self.recipe.training
        if not config.feature_matching:
            if config.feature_layers:
                raise ConfigError(
                    "training.feature_layers are parts of training.feature_matching, "
                    "which is 0. Give that a weight, or leave them out"
                )
            return {}
        weights = _layer_weights(config.feature_layers, discriminator.feature_names)
        return {
            "feature_matching": FeatureMatchingLoss("paired", weights=weights),
            "feature_matching_weight": config.feature_matching,
        }

    # === Stages ===

    def stages(self) -> tuple[int, ...]:
        """Return the step after which the discriminator joins."""
        steps = self.recipe.training.pixel_steps
        return (steps,) if steps else ()

    def begin_stage(self, model: Any, step: int, run: RunFolder) -> None:
        """Choose what a step does; keep the bundle that the second stage begins with.

        That bundle is the other end of the fidelity dial.
        """
        pixel_steps = self.recipe.training.pixel_steps
        model.begin("pixel" if step < pixel_steps else "adversarial")
        # Written again where a run went back to the first stage.
        if step != pixel_steps or self._partner() != OWN_PARTNER:
            return
        network, card = super().bundle(model, {})
        changes = {
            "name": f"{card.name}-{PARTNER}",
            "losses": self._losses_before(),
            "training_steps": step,
        }
        save_bundle(network, card.model_copy(update=changes), run.path / PARTNER)

    def _partner(self) -> str | None:
        """Return what the card names: the model that the second stage begins with."""
        if self.recipe.training.pixel_steps:
            return OWN_PARTNER
        # Random weights are no end of a dial.
        return self.start if self.start in {None, *shipped()} else OWN_PARTNER

    def _losses_before(self) -> list[str]:
        """Return the names of the losses that the second stage's start was made by."""
        init, config = self.recipe.init, self.recipe.training
        if config.pixel_steps or not init:
            return [config.pixel_loss]
        return read_card(resolve(init)).losses

    # === Card ===

    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the moving average in its inference form, and its card."""
        network, card = super().bundle(model, scores)
        return network, card.model_copy(update={"fidelity_partner": self._partner()})

    def losses(self, model: Any) -> list[str]:
        """Return the names of the losses that a model was trained by, for the card."""
        losses = [*model.content_losses.values(), model.artifacts]
        return self._names([loss for loss in losses if loss is not None])

    def _names(self, content: Sequence[keras.losses.Loss]) -> list[str]:
        config = self.recipe.training
        pixels = config.pixel_weight or config.pixel_steps
        names: list[str] = [config.pixel_loss] if pixels else []
        names += adversarial_loss_names(config)
        for loss in content:
            perceptual = isinstance(loss, PerceptualLoss)
            names += perceptual_names(loss) if perceptual else [loss.name]
        return names

    def plan(self) -> list[tuple[str, str]]:
        """Build the networks and list the data, as a run would."""
        generator, discriminator = self.build_generator(), self.build_discriminator()
        # What losses cannot take is told before any picture is looked at.
        self._matching(discriminator)
        self.pixel_loss(generator)
        content = self._content_losses(generator)
        rows = super().plan()
        rows.append(("discriminator", size_of(discriminator)))
        rows.append(("losses", "; ".join(self._names([*content.values()]))))
        return rows


def _layer_weights(given: dict[str, float], names: Sequence[str]) -> list[float] | None:
    """Return the weight of each layer, or None where all are alike."""
    for name in given:
        if name not in names:
            raise ConfigError(
                f"unknown key 'training.feature_layers.{name}'."
                f"{did_you_mean(name, names)} "
                f"The discriminator has: {', '.join(names)}"
            )
    return [given.get(name, 0.0) for name in names] if given else None
