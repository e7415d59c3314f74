"""The card: everything inference must know about a network, as JSON beside the weights.

Reading a card needs no TensorFlow, so `imgan models` and `imgan inspect` are instant.
"""

import json
import math
from pathlib import Path
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import ValidationError
from pydantic import field_validator
from pydantic import model_validator

from imgan.bundles.exports import EXTRA
from imgan.bundles.exports import is_export
from imgan.errors import CheckpointError
from imgan.io.temporaries import write_text

CARD_NAME = "card.json"
SCHEMA_VERSION = 1


_Side = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NetworkSpec(_Part):
    """A network as its import path and the arguments of its constructor."""

    path: str
    """`package.module:Class`, for instance `imgan.networks.span:SPAN`."""
    config: dict[str, Any]
    parameters: int


class TileHalo(_Part):
    """A measured halo for a network whose exact one is too wide to be practical."""

    halo: int
    error: float
    """Largest difference from the whole picture, in units of the output range."""


class InferenceMode(_Part):
    """How layers that behave differently in training run at inference."""

    normalization: Literal["none", "stored", "batch", "instance"] = "none"
    """stored: by statistics kept from training. instance: each picture by its own."""
    dropout: bool = False
    """Whether it stays on by itself, as in a network with a `noise_seed`; its rate is
    in `network.config`. False: on with `--stochastic` only."""


class Score(_Part):
    """Mean metrics on one set of pictures, with the protocol they were taken by."""

    dataset: str
    protocol: dict[str, Any]
    values: dict[str, float]


class Speed(_Part):
    """Input megapixels per second of the bare network, and where it was measured."""

    megapixels_per_second: float
    precision: str
    machine: str


class Stage(_Part):
    """One run of a training that took several, each from the end of the one before."""

    command: str
    """What repeats it."""
    steps: int = Field(ge=1)
    hours: float = Field(ge=0)
    """That the steps took, as the run's log has it."""
    curve: list[tuple[int, float]] = []
    """Step, and PSNR on luma of the moving average on the held-out pictures."""


class SelfCheck(_Part):
    """Output statistics on a fixed ramp, to notice weights that compute nonsense."""

    size: tuple[int, int]
    mean: list[float]
    tolerance: float = 2e-3


class LatentSpec(_Part):
    """What a generator of noise draws its images from."""

    dim: int = Field(ge=1)
    distribution: Literal["normal", "uniform"]
    """Standard normal, or uniform in `[-1, 1]`."""


class Origin(_Part):
    """The file of another project that a bundle was made of."""

    file: str
    """Its name, without folders."""
    sha256: str
    layout: str
    """Such as "PyTorch zip archive"."""
    container: str = ""
    """Where in the file the tensors lay, such as "params_ema"."""
    assumptions: list[str] = []
    """What the file does not say."""
    likeness: float | None = None
    """How an enlarger's result, reduced again, resembles a fixed picture, in dB."""


class ExportSpec(_Part):
    """What a SavedModel was made of a bundle."""

    precision: Literal["float32", "bfloat16", "float16"]
    """What its hidden layers compute in."""
    signatures: list[str]
    files: dict[str, str] = {}
    """SHA-256 of the files that hold graph and weights, by path in the SavedModel. The
    card that the model itself answers with cannot know them."""


class Card(_Part):
    """Description of a network that inference, export and users rely on."""

    schema_version: int = SCHEMA_VERSION
    imgan_version: str
    name: str
    description: str = ""
    task: Literal["super_resolution", "translation", "generation"]
    family: str
    network: NetworkSpec
    scale: int = Field(ge=1)
    input_channels: int | None = Field(ge=1)
    """None: the network takes no pictures, but latents."""
    output_channels: int = Field(ge=1)
    input_range: tuple[float, float] = (0.0, 1.0)
    output_range: tuple[float, float] = (0.0, 1.0)
    pixel_range: tuple[float, float] | None = None
    """Pixel values of files that mean 0 and 1. None: the full range of integers, and 0
    to 1 of floats."""
    output_pixel_range: tuple[float, float] | None = None
    """The same of results, which are then float32 files in these units. None: as
    `pixel_range` in super-resolution, and pictures of light in translation."""
    output_dtype: Literal["input", "uint8", "uint16", "float32"] = "input"
    """Depth of results that are pictures of light, floats from 0 to 1; input: that of
    the input."""
    num_frames: int = Field(default=1, ge=1)
    """Pictures in a row that are stacked, channel after channel, as the input."""
    size_multiple: int = Field(default=1, ge=1)
    minimum_size: int = Field(default=1, ge=1)
    """Shortest height and width that the network takes."""
    halo: int | None = Field(ge=0)
    """Input pixels on one side that an output pixel depends on; None: global."""
    tile_halo: TileHalo | None = None
    tile: int = Field(default=256, ge=1)
    overlap: int | None = Field(default=None, ge=1)
    """Input pixels by which tiles overlap where a network without a halo is tiled
    nevertheless, and results are blended. None: it is given the whole picture."""
    inference_mode: InferenceMode = InferenceMode()
    latent: LatentSpec | None = None
    image_size: tuple[_Side, _Side] | None = None
    """Height and width of every output, for a network that has no other."""
    labels: list[str] | None = None
    """Names of the classes of a conditional network, in the order of its labels."""
    recipe: dict[str, Any] | None = None
    data: list[str] = []
    losses: list[str] = []
    licence: str = ""
    attribution: str = ""
    fidelity_partner: str | None = None
    training_steps: int = 0
    stages: list[Stage] = []
    """Of a model that ships with imgan: how its weights were made, first to last."""
    metrics: list[Score] = []
    speed: Speed | None = None
    self_check: SelfCheck | None = None
    weights_sha256: str = ""
    """Of the bundle's weights, in an export of it too."""
    origin: Origin | None = None
    """None: imgan trained it."""
    export: ExportSpec | None = None
    """None: the card is that of a bundle."""

    @field_validator("pixel_range", "output_pixel_range")
    @classmethod
    def _rises(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not (
            math.isfinite(value[0]) and math.isfinite(value[1]) and value[0] < value[1]
        ):
            raise ValueError(f"the two values must rise. Received: {list(value)}")
        return value

    @model_validator(mode="after")
    def _knows_its_noise(self) -> "Card":
        if self.network.config.get("noise_seed") is not None:
            self.inference_mode = self.inference_mode.model_copy(
                update={"dropout": True}
            )
        return self

    @property
    def fixed_precision(self) -> str | None:
        """The only precision of an export; None: a bundle computes in any."""
        return self.export.precision if self.export else None

    @property
    def takes_bands(self) -> bool:
        """Whether files hold raw values in bands, and not pictures of light.

        True with a `pixel_range`, and for any number of channels but 1 and 3.
        """
        if self.input_channels is None:
            return False
        return self.pixel_range is not None or self.input_channels not in (1, 3)


def card_path(folder: Path) -> Path:
    """Return where the card of a bundle or of a SavedModel lies."""
    return (folder / EXTRA if is_export(folder) else folder) / CARD_NAME


def read_card(folder: Path) -> Card:
    """Read the card of a bundle or of a SavedModel.

    Raises:
        CheckpointError: If the card is absent, damaged or of a newer imgan.
    """
    path = card_path(folder)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as a card: {error}") from error
    return parse_card(text, str(path))


def parse_card(text: str, source: str) -> Card:
    """Return the card that a text describes.

    Args:
        text: JSON.
        source: Where it comes from, for errors.

    Raises:
        CheckpointError: If the card is damaged or of a newer imgan.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CheckpointError(f"{source} cannot be read as a card: {error}") from error
    version = values.get("schema_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise CheckpointError(
            f"{source} has schema_version {version}; this imgan reads up to "
            f"{SCHEMA_VERSION}. Upgrade imgan to use this model."
        )
    try:
        return Card.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(f"{source}: {where}: {first['msg']}") from error


def write_card(card: Card, folder: Path) -> None:
    """Write `folder/card.json` into an existing folder, by atomic rename."""
    write_text(folder / CARD_NAME, card.model_dump_json(indent=2) + "\n")
