"""Recipes of image-to-image translation: what pairs are, and what two domains are."""

from pathlib import Path
from typing import Any
from typing import Literal
from typing import get_args

from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from imgan.config.degradation import DegradationConfig
from imgan.config.gate import HeldOutConfig
from imgan.config.recipe import Recipe
from imgan.config.recipe import Section
from imgan.config.recipe import known_family

Direction = Literal["a_to_b", "b_to_a"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
"""Which side a network is given, and which it makes of it."""

PAIR_FORMS: tuple[tuple[str, ...], ...] = (
    ("a", "b"),
    ("combined",),
    ("manifest",),
    ("frames",),
    ("pictures",),
)


class SideConfig(Section):
    """What the pictures of one side are."""

    channels: int = Field(3, ge=1)
    """1: grey. 3: RGB. Others: TIFF files with so many bands."""
    value_range: tuple[float, float] | None = None
    """Pixel values that mean 0 and 1, for depth maps, thermal pictures and the like.
    None: the range of the files' integers, and 0 to 1 of floats."""
    labels: bool = False
    """Whether pictures are maps of labels, whose values must not be mixed when they
    are resized."""

    @field_validator("value_range")
    @classmethod
    def _rises(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value and not value[0] < value[1]:
            raise ValueError("must rise")
        return value


class PairSource(Section):
    """Where pairs come from: one of the forms, never two."""

    a: Path | None = None
    """Folder of the pictures of side A; `b` holds those of the same names."""
    b: Path | None = None
    combined: Path | None = None
    """Folder of pictures whose left half is A and whose right half is B."""
    manifest: Path | None = None
    """CSV file with the columns `a` and `b`: paths from where it lies."""
    frames: Path | None = None
    """Folder of pictures in the order of their names: A is `data.num_frames` of them in
    a row, B is the one that follows."""
    pictures: Path | None = None
    """Folder of pictures that are B; A is made of them, as `data.make` says."""

    @model_validator(mode="after")
    def _one_form(self) -> "PairSource":
        given = tuple(key for key in type(self).model_fields if getattr(self, key))
        if given not in PAIR_FORMS:
            raise ValueError(
                "a and b, combined, manifest, frames or pictures: exactly one of these "
                f"forms must be given. Received: {', '.join(given) or 'nothing'}"
            )
        return self


class PairedData(Section):
    """What is trained on: pictures and what they shall become."""

    train: PairSource
    validation: PairSource | None = None
    """Held-out pairs, looked at as they are or, with `load_size`, at `image_size`."""
    direction: Direction = "a_to_b"
    """Which side is the source, what the network is given; the other is the target."""
    source: SideConfig = SideConfig()
    target: SideConfig = SideConfig()
    num_frames: int = Field(3, ge=1)
    """Pictures in a row that are stacked as the source, with `train.frames`."""
    make: Literal["grey", "degraded"] | None = None
    """How the source is made of the target, with `train.pictures`."""
    degradation: DegradationConfig | None = None
    """How pictures are degraded, with `make: degraded`; their size stays."""
    image_size: int = Field(256, ge=8)
    """Side of the squares that are trained on, pixels."""
    load_size: int | None = Field(286, ge=8)
    """Both sides are squeezed to squares of so many pixels, of which random ones of
    `image_size` are cut. None: these are cut out of the pictures as they are."""
    flip: bool = True
    """Mirror half of the pairs from left to right, both sides alike."""
    batch_size: int = Field(1, ge=1)
    cache: Literal["auto", "always", "never"] = "auto"
    """auto: keep decoded pictures if they fit in a quarter of the memory."""

    @property
    def stacked(self) -> int:
        """How many pictures are the source of one target."""
        return self.num_frames if self.train.frames else 1

    @property
    def source_channels(self) -> int:
        """Channels of the generator's input."""
        return self.source.channels * self.stacked

    @model_validator(mode="after")
    def _sources_fit(self) -> "PairedData":
        for name in ("train", "validation"):
            part: PairSource | None = getattr(self, name)
            if part is None:
                continue
            if bool(part.pictures) != bool(self.make):
                raise ValueError(
                    f"make and {name}.pictures go together: one says how the source is "
                    "made, the other of what. Give both, or none"
                )
            if bool(part.frames) != bool(self.train.frames):
                raise ValueError(
                    "train.frames and validation.frames go together: the network is "
                    "given as many pictures in both. Give both, or none"
                )
        default = type(self).model_fields["num_frames"].default
        if self.num_frames != default and not self.train.frames:
            raise ValueError("num_frames does not apply without train.frames")
        return self

    @model_validator(mode="after")
    def _made_as_said(self) -> "PairedData":
        if (self.make == "degraded") != (self.degradation is not None):
            raise ValueError(
                "degradation and make=degraded go together. Give both, or none"
            )
        if self.degradation and self.degradation.where == "device":
            raise ValueError(
                "degradation.where=device is for super-resolution. Leave it out"
            )
        if (self.make or self.train.frames) and self.direction != "a_to_b":
            raise ValueError(
                "direction=b_to_a does not go with train.pictures and train.frames, "
                "where B is what shall come out. Leave it out"
            )
        if self.make == "grey" and (self.source.channels, self.target.channels) != (
            1,
            3,
        ):
            raise ValueError(
                "make=grey needs source.channels=1 and target.channels=3. Received: "
                f"{self.source.channels} and {self.target.channels}"
            )
        if self.make == "degraded" and self.source != self.target:
            raise ValueError("make=degraded needs source and target to be alike")
        if self.make and (self.source.value_range or self.target.value_range):
            raise ValueError(
                "make takes ordinary pictures, without source.value_range and "
                "target.value_range. Leave them out"
            )
        return self

    @model_validator(mode="after")
    def _sizes_fit(self) -> "PairedData":
        _check_sizes(self.image_size, self.load_size)
        return self


class DomainFolders(Section):
    """Pictures of two domains, which need not belong together."""

    a: Path
    b: Path


class UnpairedData(Section):
    """What is trained on: pictures of two domains without any pairs."""

    train: DomainFolders
    validation: DomainFolders | None = None
    """Held-out pictures, for samples."""
    validation_pairs: bool = False
    """Whether held-out pictures of one name show the same, so that they are scored."""
    a: SideConfig = SideConfig()
    b: SideConfig = SideConfig()
    image_size: int = Field(256, ge=8)
    """Side of the squares that are trained on, pixels."""
    load_size: int | None = Field(286, ge=8)
    """Pictures are squeezed to squares of so many pixels, of which random ones of
    `image_size` are cut. None: these are cut out of the pictures as they are."""
    flip: bool = True
    """Mirror half of the pictures from left to right."""
    batch_size: int = Field(1, ge=1)
    cache: Literal["auto", "always", "never"] = "auto"
    """auto: keep decoded pictures if they fit in a quarter of the memory."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> "UnpairedData":
        _check_sizes(self.image_size, self.load_size)
        if self.validation_pairs and not self.validation:
            raise ValueError("validation_pairs needs validation")
        return self


def _check_sizes(image_size: int, load_size: int | None) -> None:
    if load_size is not None and load_size < image_size:
        raise ValueError(
            f"load_size must be at least image_size ({image_size}), or null. "
            f"Received: {load_size}"
        )


class TranslationGateConfig(HeldOutConfig):
    """A discriminator trades decibels for looks, so they keep nothing unless asked."""

    keep_best: bool = False


class TranslationRecipe(Recipe):
    """Families whose generator turns a picture into another of the same size."""

    network: str | None = None
    """Family whose generator is trained, instead of the family's own."""
    discriminator: dict[str, Any] = {}
    """Arguments of the family's discriminator."""
    training: Any

    @field_validator("network")
    @classmethod
    def _known_network(cls, name: str | None) -> str | None:
        return None if name is None else known_family(name, "translation")

    @model_validator(mode="after")
    def _channels_follow(self) -> "TranslationRecipe":
        for section in ("generator", "discriminator"):
            for key in ("channels", "input_channels", "output_channels", "dtype"):
                if key in getattr(self, section):
                    raise ValueError(
                        f"{section}.{key} follows from the rest of the recipe; leave "
                        "it out"
                    )
        return self
