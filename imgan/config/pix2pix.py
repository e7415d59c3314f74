"""Recipes of paired translation: pix2pix and pix2pixHD."""

from pydantic import Field
from pydantic import model_validator

from imgan.config.adversarial import AdversarialTraining
from imgan.config.adversarial import PerceptualConfig
from imgan.config.recipe import PixelLoss
from imgan.config.translation import PairedData
from imgan.config.translation import TranslationGateConfig
from imgan.config.translation import TranslationRecipe


class Pix2PixTraining(AdversarialTraining):
    """A conditional adversarial loss, and losses on content."""

    pixel_loss: PixelLoss = "l1"
    pixel_weight: float = Field(100.0, ge=0)
    """Of the pixel loss, in units of the generator's range `[-1, 1]`."""
    adversarial_weight: float = Field(1.0, ge=0)
    """0: the pixel loss alone teaches, and the discriminator learns in vain."""
    perceptual: PerceptualConfig | None = None
    statistics_batches: int = Field(100, ge=0)
    """Batches by which stored statistics of batch normalisation are taken anew at the
    end, with the weights that ship and without dropout; 0: as they were left."""
    gate: TranslationGateConfig = TranslationGateConfig()

    @model_validator(mode="after")
    def _judged_as_pairs(self) -> "Pix2PixTraining":
        if self.image_pool:
            raise ValueError(
                "training.image_pool does not apply to pairs, where every output has a "
                "truth of its own. Leave it out"
            )
        if self.augment != "none":
            raise ValueError(
                f"training.augment={self.augment} would change the target and not its "
                "source. Use data.load_size and data.flip"
            )
        return self


class Pix2PixRecipe(TranslationRecipe):
    """Families that learn from pairs."""

    data: PairedData
    training: Pix2PixTraining
