"""Recipes of GANs that draw pictures from noise."""

from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from imgan.config.recipe import Recipe
from imgan.config.recipe import Section
from imgan.config.recipe import TrainingConfig


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


class OptimizerConfig(Section):
    """How one of the two networks moves."""

    kind: Literal["adam", "muon", "rmsprop", "sgd"] = "adam"
    """muon: orthogonal steps for the kernels between hidden layers, and Adam at 0.4
    times the rate for the rest; of use where pixels are compared."""
    learning_rate: float = Field(2e-4, ge=0)
    beta_1: float = Field(0.5, ge=0, lt=1)
    """Of Adam, in muon too; momentum of SGD."""
    beta_2: float = Field(0.999, ge=0, lt=1)
    """Of Adam, in muon too; decay of RMSProp."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """How the learning rate goes to `final_learning_rate`."""
    final_learning_rate: float = Field(0.0, ge=0)
    warmup_steps: int = Field(0, ge=0)
    hold: float = Field(0.0, ge=0, lt=1)
    """Share of the steps before the rate begins to fall."""

    @model_validator(mode="after")
    def _falls_as_said(self) -> "OptimizerConfig":
        for key in ("final_learning_rate", "hold"):
            if self.schedule == "constant" and getattr(self, key):
                raise ValueError(
                    f"{key} does not apply to schedule=constant, whose rate stays as "
                    "it is. Leave it out, or set schedule=linear or cosine"
                )
        return self


class AdversarialTraining(TrainingConfig):
    """The game of two networks."""

    loss: Literal[
        "nonsaturating",
        "least_squares",
        "hinge",
        "wasserstein",
        "relativistic_average",
    ] = "nonsaturating"
    generator_optimizer: OptimizerConfig = OptimizerConfig()
    discriminator_optimizer: OptimizerConfig = OptimizerConfig()
    discriminator_steps: int = Field(1, ge=1)
    """Steps of the discriminator, each on a batch of its own, for one of the
    generator."""
    gradient_penalty: float = Field(0.0, ge=0)
    """Weight of WGAN-GP's penalty; 0: none."""
    r1_gamma: float = Field(0.0, ge=0)
    """Weight of R1; 0: none."""
    r1_every: int = Field(16, ge=1)
    """Steps from one look at R1 to the next; it counts so many times as much."""
    feature_matching: float = Field(0.0, ge=0)
    """Weight of the distance between mean features; 0: none."""
    augment: Literal["none", "diff_augment", "adaptive"] = "none"
    """What is done to pictures before they are judged, for small data."""
    image_pool: int = Field(0, ge=0)
    """Generated pictures that are remembered for the discriminator."""

    @model_validator(mode="after")
    def _wasserstein_needs_a_bound(self) -> "AdversarialTraining":
        if self.loss == "wasserstein" and not self.gradient_penalty:
            raise ValueError(
                "training.loss=wasserstein needs training.gradient_penalty, usually "
                "10: without a bound on its slope the critic grows without end"
            )
        return self

    @model_validator(mode="after")
    def _pool_of_one_device(self) -> "AdversarialTraining":
        if self.image_pool and self.strategy == "mirrored":
            raise ValueError(
                "training.image_pool does not work with training.strategy=mirrored: "
                "only the pictures of the first device would be remembered. Set it to "
                "0, or training.strategy=single"
            )
        return self

    @model_validator(mode="after")
    def _r1_has_a_weight(self) -> "AdversarialTraining":
        # A recipe that was dumped names every key, so its value must tell.
        default = type(self).model_fields["r1_every"].default
        if self.r1_every != default and not self.r1_gamma:
            raise ValueError(
                "training.r1_every does nothing without training.r1_gamma, the weight "
                "of R1. Leave it out, or give that one too"
            )
        return self


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
