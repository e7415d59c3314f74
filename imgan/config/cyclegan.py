"""Recipes of unpaired translation: CycleGAN."""

from typing import Literal

from pydantic import Field
from pydantic import model_validator

from imgan.config.adversarial import AdversarialTraining
from imgan.config.translation import Direction
from imgan.config.translation import TranslationRecipe
from imgan.config.translation import UnpairedData


class CycleGANTraining(AdversarialTraining):
    """Two adversarial games, held together by the way back."""

    loss: Literal["nonsaturating", "least_squares", "hinge"] = "least_squares"
    adversarial_weight: float = Field(1.0, gt=0)
    """Of the adversarial loss. That of `least_squares` is halved for both sides, which
    the paper does not do for the generators: with it, 2 is the paper's."""
    cycle_weight: float = Field(10.0, ge=0)
    """Of the L1 distance between a picture and itself there and back again."""
    identity_weight: float = Field(0.0, ge=0)
    """Of the L1 distance between a picture of a domain and what the generator to that
    domain makes of it, as a share of `cycle_weight`; paintings want 0.5."""
    image_pool: int = Field(50, ge=0)
    """Generated pictures of each domain that are remembered for the discriminator."""
    statistics_batches: int = Field(100, ge=0)
    """Batches by which stored statistics of batch normalisation are taken anew at the
    end, with the weights that ship and without dropout; 0: as they were left."""

    @model_validator(mode="after")
    def _without_penalties(self) -> "CycleGANTraining":
        for key in ("gradient_penalty", "r1_gamma", "feature_matching"):
            if getattr(self, key):
                raise ValueError(f"training.{key} does not apply to cyclegan")
        if self.discriminator_steps != 1:
            raise ValueError("training.discriminator_steps does not apply to cyclegan")
        if self.augment != "none":
            raise ValueError("training.augment does not apply to cyclegan")
        return self


class CycleGANRecipe(TranslationRecipe):
    """Families that learn from two domains without pairs."""

    direction: Direction = "a_to_b"
    """What the bundle does; the other way goes to the folder `reverse`."""
    data: UnpairedData
    training: CycleGANTraining

    @model_validator(mode="after")
    def _identity_has_channels(self) -> "CycleGANRecipe":
        a, b = self.data.a.channels, self.data.b.channels
        if self.training.identity_weight and a != b:
            raise ValueError(
                "training.identity_weight needs as many channels in both domains. "
                f"Received: {a} and {b}"
            )
        return self
