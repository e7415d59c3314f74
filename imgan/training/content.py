"""Losses that compare with a target, as recipes name them."""

import keras

from imgan.config.adversarial import PerceptualConfig
from imgan.errors import ConfigError
from imgan.losses.perceptual import PerceptualLoss
from imgan.losses.pixel import PIXEL_LOSSES
from imgan.losses.ssim import SSIMLoss
from imgan.losses.vgg import VGG19Features
from imgan.types import ValueRange


def build_pixel_loss(
    name: str, *, side: tuple[str, int], value_range: ValueRange
) -> keras.losses.Loss:
    """Return the pixel loss of a recipe.

    Args:
        name: In the recipe.
        side: Key and value of the side in pixels of what is compared.
        value_range: Of what is compared.

    Raises:
        ConfigError: If the patches are too small for it.
    """
    if name != "ssim":
        return PIXEL_LOSSES[name]()
    loss = SSIMLoss(value_range=value_range)
    key, length = side
    if length < loss.window:
        raise ConfigError(
            f"{key} must be at least {loss.window} for the pixel loss ssim. "
            f"Received: {length}"
        )
    return loss


def build_perceptual(
    config: PerceptualConfig | None,
    *,
    channels: tuple[str, int],
    side: tuple[str, int],
    value_range: ValueRange,
) -> PerceptualLoss | None:
    """Return the distance of VGG19's features that a recipe asks for, or None.

    Args:
        config: `training.perceptual`.
        channels: Key and value of the number of channels of what is compared.
        side: The same of its side in pixels.
        value_range: Of what is compared.

    Raises:
        ConfigError: If VGG19 cannot take such pictures.
        CheckpointError: If its weights cannot be used.
    """
    if config is None:
        return None
    key, count = channels
    if count not in (1, 3):
        raise ConfigError(
            f"training.perceptual needs {key} of 1 or 3, as VGG19 does. "
            f"Received: {count}"
        )
    features = VGG19Features(
        list(config.layers), config.weights, config.before_activation
    )
    key, length = side
    if length < features.smallest_side:
        raise ConfigError(
            f"{key} must be at least {features.smallest_side} for the deepest of "
            f"training.perceptual.layers. Received: {length}"
        )
    return PerceptualLoss(
        features,
        layer_weights=config.layers,
        criterion=config.criterion,
        feature_scale=config.feature_scale,
        value_range=value_range,
    )


def perceptual_names(loss: PerceptualLoss | None) -> list[str]:
    """Return what a card says of the loss, without the folder its weights lay in."""
    if loss is None:
        return []
    known = loss.provenance()
    layers = ", ".join(known["layers"])
    side = "before" if known["before_activation"] else "after"
    weights = f"{known['weights']}, sha256 {known['weights_sha256']}"
    return [f"perceptual: VGG19 {layers} {side} ReLU, weights {weights}"]
