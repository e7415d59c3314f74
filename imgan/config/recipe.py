"""What every recipe holds, whatever it trains."""

from typing import Any
from typing import Literal

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import field_validator

from imgan import families
from imgan.errors import ConfigError

PixelLoss = Literal["l1", "l2", "charbonnier", "ssim"]
"""Losses that compare pixels; ssim: structural similarity mixed with l1."""


class Section(BaseModel):
    """A part of a recipe: unknown keys are refused, values are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class WatchdogConfig(Section):
    """When a run counts as failing, and what is done about it."""

    enabled: bool = True
    patience: int = Field(3, ge=1)
    """Looks in a row that must show the same symptom, one at each `validate_every`."""
    grace_steps: int = Field(500, ge=0)
    """Steps at the start in which only values that are not finite count."""
    rollbacks: int = Field(2, ge=0)
    """How often the run goes back to the last good checkpoint before it gives up."""
    learning_rate_factor: float = Field(0.5, gt=0, le=1)
    """What going back multiplies the learning rates with."""


class TrainingConfig(Section):
    """How long, how precisely, and what is looked at on the way."""

    steps: int = Field(ge=1)
    ema_decay: float = Field(0.999, ge=0, lt=1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    log_every: int = Field(100, ge=1)
    validate_every: int = Field(1000, ge=1)
    checkpoint_every: int = Field(500, ge=1)
    keep_checkpoints: int = Field(2, ge=1)
    strategy: Literal["auto", "single", "mirrored"] = "auto"
    """On how many devices of the machine: auto is mirrored over all GPUs where there
    are several, which share `data.batch_size`; single is one; mirrored is also for
    what TensorFlow takes for several CPUs."""
    watchdog: WatchdogConfig = WatchdogConfig()


class Recipe(Section):
    """One experiment, complete: the same recipe and seed give the same weights."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    description: str = ""
    family: str
    seed: int = Field(0, ge=0, lt=2**32)
    """Of everything random; below 2**32, as numpy wants it."""
    generator: dict[str, Any] = {}
    """Arguments of the family's generator."""
    init: str | None = None
    """Model or bundle whose weights the run starts from, instead of random ones. One of
    another scale gives what is not particular to its scale. For
    `pix2pixhd_local` also a model of `pix2pixhd`, around which the rest begins anew."""
    data: Any
    training: TrainingConfig
    data_credits: list[str] = []
    licence: str = ""

    @field_validator("family")
    @classmethod
    def _known_family(cls, name: str) -> str:
        return known_family(name)


def known_family(name: str, task: families.Task | None = None) -> str:
    """Return a family's name as it is, for the validators of keys that hold one.

    Args:
        name: As a recipe gives it.
        task: What the family must do; None: anything.

    Raises:
        ValueError: If there is no such family, or it does something else.
    """
    try:
        found = families.get(name)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    if task is not None and found.task != task:
        raise ValueError(f"must be a family of {task.replace('_', '-')}")
    return name
