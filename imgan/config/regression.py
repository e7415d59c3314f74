"""Recipes of super-resolution by a pixel loss alone."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from imgan.config.recipe import Recipe
from imgan.config.recipe import Section
from imgan.config.recipe import TrainingConfig


class PairFolders(Section):
    """High-resolution pictures, and their low-resolution twins where one has them."""

    hr: Path
    lr: Path | None = None
    """Without it, low resolution is made by MATLAB's bicubic."""


class PairData(Section):
    """What is trained on, and how patches are cut from it."""

    train: PairFolders
    validation: PairFolders | None = None
    hr_patch_size: int = Field(192, ge=8)
    batch_size: int = Field(16, ge=1)
    detail_candidates: int = Field(6, ge=1)
    """Positions drawn for a patch; one is kept, by its detail. 1: uniform."""
    augment: bool = True
    """Flips and quarter turns."""
    cache: Literal["auto", "always", "never"] = "auto"
    """auto: keep decoded pictures if they fit in a quarter of the memory."""


class RegressionTraining(TrainingConfig):
    """The loss, and a learning rate that rises and falls along a cosine."""

    learning_rate: float = Field(5e-4, gt=0)
    final_learning_rate: float = Field(0.0, ge=0)
    warmup_steps: int = Field(200, ge=0)
    loss: Literal["l1", "charbonnier"] = "l1"


class RegressionRecipe(Recipe):
    """Families whose generator is compared with a true picture."""

    scale: int = Field(4, ge=1, le=8)
    data: PairData
    training: RegressionTraining

    @model_validator(mode="after")
    def _patch_fits_scale(self) -> "RegressionRecipe":
        if self.data.hr_patch_size % self.scale:
            raise ValueError(
                f"data.hr_patch_size must be a multiple of scale ({self.scale}). "
                f"Received: {self.data.hr_patch_size}"
            )
        return self
