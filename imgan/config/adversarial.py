"""What recipes of more than one task say of a discriminator and its losses."""

from typing import Literal

from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from imgan.config.recipe import Section
from imgan.config.recipe import TrainingConfig


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


class PerceptualConfig(Section):
    """A distance between features of VGG19."""

    weight: float = Field(1.0, gt=0)
    weights: str = "imagenet"
    """Where VGG19's weights come from: `imagenet` is Keras' own download, anything
    else a local file in Keras' format."""
    layers: dict[str, float] = {"block5_conv4": 1.0}
    """Keras' names of convolutions, and their weights."""
    before_activation: bool = True
    """Compare before the ReLU, as ESRGAN does, or after it, as SRGAN does."""
    criterion: Literal["l1", "l2"] = "l1"
    feature_scale: float = Field(1.0, gt=0)
    """What features are multiplied with; SRGAN takes 1 / 12.75."""

    @field_validator("layers")
    @classmethod
    def _some_layers(cls, layers: dict[str, float]) -> dict[str, float]:
        if not layers or not all(weight > 0 for weight in layers.values()):
            raise ValueError("must name layers, each with a weight above 0")
        return layers
