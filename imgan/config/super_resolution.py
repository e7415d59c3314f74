"""Recipes of super-resolution: the data of all, and the pixel loss alone."""

from pathlib import Path
from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from imgan.config.degradation import DegradationConfig
from imgan.config.gate import HeldOutConfig
from imgan.config.recipe import PixelLoss
from imgan.config.recipe import Recipe
from imgan.config.recipe import Section
from imgan.config.recipe import TrainingConfig


class ResolutionFolders(Section):
    """High-resolution pictures, and their low-resolution twins where one has them."""

    hr: Path
    lr: Path | None = None
    """Without it, low resolution is made from `hr`, by `data.degradation`."""


class SuperResolutionData(Section):
    """What is trained on, and how patches are cut from it."""

    train: ResolutionFolders
    validation: ResolutionFolders | None = None
    channels: int = Field(3, ge=1)
    """1: grey. 3: RGB. Others: TIFF files with so many bands."""
    value_range: tuple[float, float] | None = None
    """Pixel values that mean 0 and 1, for depth maps, thermal pictures and the like.
    None: the range of the files' integers, and 0 to 1 of floats."""
    degradation: DegradationConfig | None = None
    """How low resolution is made. None: by MATLAB's bicubic reduction."""
    reduce: Literal["picture", "patch"] = "picture"
    """Where bicubic reduction is applied. patch: patches begin at any pixel, so that
    the blocks of JPEG originals lie elsewhere in each; for training with a
    discriminator, which would ask for their borders. `degradation` does so anyway."""
    usm_targets: bool = False
    """Sharpen what losses on content compare with, and make low resolution of that, as
    Real-ESRGAN does."""
    hr_patch_size: int = Field(192, ge=8)
    batch_size: int = Field(16, ge=1)
    detail_candidates: int = Field(6, ge=1)
    """Positions drawn for a patch; one is kept, by its detail. 1: uniform."""
    augment: bool = True
    """Flips and quarter turns."""
    cache: Literal["auto", "always", "never"] = "auto"
    """auto: keep decoded pictures if they fit in a quarter of the memory."""

    @model_validator(mode="after")
    def _fits_together(self) -> "SuperResolutionData":
        if self.train.lr and self.reduce == "patch":
            raise ValueError(
                "data.reduce=patch does not go with data.train.lr: given pairs are not "
                "reduced. Leave one of the two out"
            )
        if self.train.lr and (self.degradation or self.usm_targets):
            given = "degradation" if self.degradation else "usm_targets"
            raise ValueError(
                f"data.{given} does not go with data.train.lr: pairs that are given "
                "are trained on as they are. Leave one of the two out"
            )
        if self.degradation and self.channels not in (1, 3):
            raise ValueError(
                "data.degradation needs data.channels of 1 or 3, as JPEG does. "
                f"Received: {self.channels}"
            )
        if self.usm_targets and self.value_range:
            raise ValueError(
                "data.usm_targets are clipped to the range of pictures, so they do not "
                "go with data.value_range. Leave one of the two out"
            )
        if self.value_range and not self.value_range[0] < self.value_range[1]:
            raise ValueError(
                f"data.value_range must rise. Received: {list(self.value_range)}"
            )
        return self


class GateConfig(HeldOutConfig):
    """What an enlargement must be like, beside the best of its run."""

    bicubic_margin: float = Field(0.5, ge=0)
    """How far below bicubic enlargement a model may score, decibels."""
    color_drift: float = Field(3.0, gt=0)
    """How far the mean colour of a picture may move, levels of 255."""


class RegressionTraining(TrainingConfig):
    """The loss, and a learning rate that rises and falls along a cosine."""

    learning_rate: float = Field(5e-4, gt=0)
    final_learning_rate: float = Field(0.0, ge=0)
    warmup_steps: int = Field(200, ge=0)
    optimizer: Literal["adam", "muon"] = "adam"
    """muon: orthogonal steps for the kernels between hidden layers, and Adam at 0.4
    times the rate for the rest. Needs less than half the steps."""
    loss: PixelLoss = "l1"
    frequency: float = Field(0.0, ge=0)
    """Weight of the focal frequency loss; 0: none."""
    gate: GateConfig = GateConfig()


class SuperResolutionRecipe(Recipe):
    """Families whose generator is compared with a true picture."""

    scale: int = Field(4, ge=1, le=8)
    data: SuperResolutionData
    training: Any

    @model_validator(mode="after")
    def _patch_fits_scale(self) -> "SuperResolutionRecipe":
        if self.data.hr_patch_size % self.scale:
            raise ValueError(
                f"data.hr_patch_size must be a multiple of scale ({self.scale}). "
                f"Received: {self.data.hr_patch_size}"
            )
        if "channels" in self.generator:
            raise ValueError("generator.channels is data.channels; leave it out")
        return self


class RegressionRecipe(SuperResolutionRecipe):
    """Training by a pixel loss alone."""

    training: RegressionTraining
