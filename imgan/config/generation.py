"""Recipes of GANs that draw pictures from noise."""

from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from imgan.config.adversarial import AdversarialTraining
from imgan.config.recipe import Recipe
from imgan.config.recipe import Section


class ImageData(Section):
    """The pictures that the generator shall imitate."""

    train: str
    """A folder of pictures, a folder of class folders, an `.npz` file, or
    `sklearn:digits`."""
    image_size: int = Field(64, ge=4)
    """Height and width in pixels."""
    channels: Literal[1, 3] = 3
    """1: grey. 3: RGB."""
    adapt: bool = False
    """Crop, resize and convert pictures that are of another size or colour."""
    flip: bool = False
    """Mirror half of the pictures from left to right."""
    holdout: float = Field(0.0, ge=0, lt=1)
    """Share of the pictures that is kept from training, for `imgan evaluate`."""
    batch_size: int = Field(64, ge=1)
    cache: Literal["auto", "always", "never"] = "auto"
    """auto: keep decoded pictures if they fit in a quarter of the memory."""


class GenerationRecipe(Recipe):
    """Families whose generator makes pictures from noise, or from noise and a label."""

    discriminator: dict[str, Any] = {}
    """Arguments of the family's discriminator."""
    data: ImageData
    training: AdversarialTraining

    @model_validator(mode="after")
    def _sizes_are_whole(self) -> "GenerationRecipe":
        for section in ("generator", "discriminator"):
            for key in ("latent_dim", "num_filters", "embedding_dim"):
                value = getattr(self, section).get(key, 1)
                if not isinstance(value, int) or value < 1:
                    raise ValueError(
                        f"{section}.{key} must be a whole number from 1. "
                        f"Received: {value!r}"
                    )
        return self

    @model_validator(mode="after")
    def _no_argument_twice(self) -> "GenerationRecipe":
        for section in ("generator", "discriminator"):
            for key in ("image_size", "channels", "num_classes", "dtype", "seed"):
                if key in getattr(self, section):
                    raise ValueError(
                        f"{section}.{key} follows from the rest of the recipe; leave "
                        "it out"
                    )
        return self
