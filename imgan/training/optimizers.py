"""Optimizers as recipes name them."""

from typing import Any

import keras

from imgan.config.adversarial import OptimizerConfig
from imgan.training.muon import ConvMuon
from imgan.training.schedules import RunSchedule

OPTIMIZERS = {"adam": keras.optimizers.Adam, "muon": ConvMuon}
"""Of the training by a pixel loss alone, by their names in recipes."""


def build_optimizer(config: OptimizerConfig, updates: int, rate_scale: Any) -> Any:
    """Return an optimizer as a recipe says.

    Args:
        config: Its kind, rates and schedule; a warm-up counts in updates.
        updates: How many it makes in the whole run.
        rate_scale: What multiplies the learning rate.
    """
    schedule = RunSchedule(
        config.schedule,
        steps=updates,
        learning_rate=config.learning_rate,
        final_learning_rate=config.final_learning_rate,
        warmup_steps=config.warmup_steps,
        hold=config.hold,
        scale=rate_scale,
    )
    if config.kind == "adam":
        return keras.optimizers.Adam(schedule, config.beta_1, config.beta_2)
    if config.kind == "muon":
        betas = {"adam_beta_1": config.beta_1, "adam_beta_2": config.beta_2}
        return ConvMuon(schedule, **betas)
    if config.kind == "rmsprop":
        return keras.optimizers.RMSprop(schedule, rho=config.beta_2)
    return keras.optimizers.SGD(schedule, momentum=config.beta_1)
