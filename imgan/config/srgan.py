"""Recipes of super-resolution with an adversarial loss."""

from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from imgan.config.adversarial import AdversarialTraining
from imgan.config.adversarial import OptimizerConfig
from imgan.config.adversarial import PerceptualConfig
from imgan.config.recipe import PixelLoss
from imgan.config.recipe import known_family
from imgan.config.super_resolution import GateConfig
from imgan.config.super_resolution import SuperResolutionRecipe


class PixelOptimizerConfig(OptimizerConfig):
    """Of the stage without a discriminator."""

    beta_1: float = Field(0.9, ge=0, lt=1)
    schedule: Literal["constant", "linear", "cosine"] = "cosine"


class AdversarialGateConfig(GateConfig):
    """An adversarial loss trades decibels for detail, so they decide less."""

    keep_best: bool = False
    bicubic_margin: float = Field(3.0, ge=0)


class SRGANTraining(AdversarialTraining):
    """A stage by a pixel loss alone, then one with a discriminator."""

    pixel_steps: int = Field(0, ge=0)
    """Steps of the first stage; with `init` usually 0."""
    pixel_optimizer: PixelOptimizerConfig = PixelOptimizerConfig()
    """Of the first stage."""
    pixel_loss: PixelLoss = "l1"
    """Of both stages."""
    pixel_weight: float = Field(1e-2, ge=0)
    """Of the pixel loss in the second stage."""
    adversarial_weight: float = Field(5e-3, gt=0)
    perceptual: PerceptualConfig | None = None
    feature_layers: dict[str, float] = {}
    """Weights of single layers of the discriminator in `feature_matching`, by name;
    empty: all alike."""
    frequency: float = Field(0.0, ge=0)
    """Weight of the focal frequency loss; 0: none."""
    artifacts: float = Field(0.0, ge=0)
    """Weight of the pixel loss where the network's texture looks like an artefact; 0:
    none."""
    color: float = Field(0.0, ge=0)
    """Weight of the squared difference of mean colours, in squares of 32 pixels and
    for each pixel of an enlarged one, so that tints and dots cost; 0: none."""
    chroma: float = Field(0.0, ge=0)
    """Weight of the absolute difference of colours, pixel by pixel, so that texture
    comes in brightness and has no coloured fringes; 0: none."""
    texture: float = Field(0.0, ge=0)
    """Weight of the sliced Wasserstein distance of patches, in squares of about 52
    pixels, so that there is texture like the truth's; 0: none."""
    gate: AdversarialGateConfig = AdversarialGateConfig()

    @model_validator(mode="after")
    def _no_pool(self) -> "SRGANTraining":
        if self.image_pool:
            raise ValueError(
                "training.image_pool does not apply to super-resolution, where every "
                "output has a truth of its own. Leave it out"
            )
        return self

    @model_validator(mode="after")
    def _pairs_stay_alike(self) -> "SRGANTraining":
        if self.feature_matching and self.augment != "none":
            raise ValueError(
                f"training.augment={self.augment} does not go with "
                "training.feature_matching, which compares an output with its own "
                "target: the two would be changed differently. Leave one of the two out"
            )
        return self

    @model_validator(mode="after")
    def _both_stages(self) -> "SRGANTraining":
        if self.pixel_steps >= self.steps:
            raise ValueError(
                f"training.pixel_steps must be below training.steps ({self.steps}), "
                f"or nothing is left for the second stage. Received: {self.pixel_steps}"
            )
        return self


class SRGANRecipe(SuperResolutionRecipe):
    """Families with a discriminator against high-resolution pictures."""

    network: str | None = None
    """Family whose generator is trained, instead of the family's own."""
    discriminator: dict[str, Any] = {}
    """Arguments of the family's discriminator."""
    training: SRGANTraining

    @field_validator("network")
    @classmethod
    def _known_network(cls, name: str | None) -> str | None:
        return None if name is None else known_family(name, "super_resolution")
