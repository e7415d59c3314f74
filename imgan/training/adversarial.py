"""What every recipe with a discriminator says, as arguments of a model's `compile`."""

from typing import Any

from imgan.config.adversarial import AdversarialTraining
from imgan.errors import ConfigError
from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.gradient_penalty import GradientPenaltyLoss
from imgan.losses.gradient_penalty import R1Loss
from imgan.training.optimizers import build_optimizer


def adversarial_arguments(
    config: AdversarialTraining, steps: int, rate_scale: Any
) -> dict[str, Any]:
    """Return optimizers, adversarial losses and penalties for `compile`.

    Args:
        config: The section of the recipe.
        steps: Steps in which the two networks play.
        rate_scale: What multiplies the learning rates.
    """
    loss = ADVERSARIAL_LOSSES[config.loss]
    weight, gamma, turns = (
        config.gradient_penalty,
        config.r1_gamma,
        config.discriminator_steps,
    )
    judge = config.discriminator_optimizer
    judge = judge.model_copy(update={"warmup_steps": judge.warmup_steps * turns})
    return {
        "generator_optimizer": build_optimizer(
            config.generator_optimizer, steps, rate_scale
        ),
        "discriminator_optimizer": build_optimizer(judge, steps * turns, rate_scale),
        "generator_loss": loss("generator"),
        "discriminator_loss": loss("discriminator"),
        "gradient_penalty": GradientPenaltyLoss(weight) if weight else None,
        "r1": R1Loss(gamma) if gamma else None,
        "r1_every": config.r1_every,
    }


def check_penalties(config: AdversarialTraining, discriminator: Any) -> None:
    """Refuse penalties on slopes where the discriminator has batch normalisation.

    Args:
        config: The section of the recipe.
        discriminator: A `Network`.

    Raises:
        ConfigError: Names the penalty, and what to change.
    """
    if discriminator.inference_normalization != "stored":
        return
    way = "Leave it out, or take another family"
    if "normalization" in discriminator.get_config():
        way = "Set discriminator.normalization=none"
    for key in ("gradient_penalty", "r1_gamma"):
        if getattr(config, key):
            raise ConfigError(
                f"training.{key} is of each picture alone, and the batch normalisation "
                f"of {type(discriminator).__name__} mixes those of a batch. {way}"
            )


def adversarial_loss_names(config: AdversarialTraining) -> list[str]:
    """Return the names of the losses that are used, for the card."""
    used = {
        config.loss: getattr(config, "adversarial_weight", 1.0),
        "gradient_penalty": config.gradient_penalty,
        "r1": config.r1_gamma,
        "feature_matching": config.feature_matching,
    }
    return [name for name, weight in used.items() if weight]
