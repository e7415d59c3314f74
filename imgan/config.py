"""Recipes: YAML files that hold one whole experiment, validated to the last key."""

import re
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Literal
from typing import Union
from typing import get_args
from typing import get_origin

import yaml
from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import ValidationError
from pydantic import field_validator
from pydantic import model_validator

from imgan import families
from imgan.errors import ConfigError
from imgan.errors import did_you_mean


class _Loader(yaml.SafeLoader):
    """Reads 5e-4 as a number; YAML 1.1 wants a dot in it and makes it a string."""


class _Dumper(yaml.SafeDumper):
    """Quotes strings that `_Loader` would read as numbers."""


_EXPONENT = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
for _side in (_Loader, _Dumper):
    _side.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, [*"-+0123456789"])


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PairFolders(_Section):
    """High-resolution pictures, and their low-resolution twins where one has them."""

    hr: Path
    lr: Path | None = None
    """Without it, low resolution is made by MATLAB's bicubic."""


class DataConfig(_Section):
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


class TrainingConfig(_Section):
    """How long, how fast, and what is looked at on the way."""

    steps: int = Field(ge=1)
    learning_rate: float = Field(5e-4, gt=0)
    final_learning_rate: float = Field(0.0, ge=0)
    warmup_steps: int = Field(200, ge=0)
    loss: Literal["l1", "charbonnier"] = "l1"
    ema_decay: float = Field(0.999, ge=0, lt=1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    log_every: int = Field(100, ge=1)
    validate_every: int = Field(1000, ge=1)
    checkpoint_every: int = Field(500, ge=1)
    keep_checkpoints: int = Field(2, ge=1)


class Recipe(_Section):
    """One experiment, complete: the same recipe and seed give the same weights."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    description: str = ""
    family: str
    seed: int = Field(0, ge=0)
    scale: int = Field(4, ge=1, le=8)
    generator: dict[str, Any] = {}
    """Arguments of the family's network, without scale and dtype."""
    init: str | None = None
    """Model or bundle whose weights the run starts from, instead of random ones."""
    data: DataConfig
    training: TrainingConfig
    data_credits: list[str] = []
    licence: str = ""

    @field_validator("family")
    @classmethod
    def _known_family(cls, name: str) -> str:
        try:
            families.get(name)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return name

    @model_validator(mode="after")
    def _patch_fits_scale(self) -> "Recipe":
        if self.data.hr_patch_size % self.scale:
            raise ValueError(
                f"data.hr_patch_size must be a multiple of scale ({self.scale}). "
                f"Received: {self.data.hr_patch_size}"
            )
        return self


def load_recipe(
    path: Path, overrides: Sequence[str] = (), *, quick: bool = False
) -> Recipe:
    """Read, override and validate a recipe.

    Args:
        path: YAML file. Its optional section `quick` holds overrides for a run of two
            minutes that shows that everything works.
        overrides: `key.subkey=value` with a YAML value, as from `--set`; they win over
            `quick`.
        quick: Apply the section `quick`.

    Returns:
        The recipe; relative paths in it mean the current folder.

    Raises:
        ConfigError: Names the key, what was expected, what was received, and the
            nearest known key.
    """
    values = _read_yaml(path)
    quick_values = values.pop("quick", None) or {}
    if not isinstance(quick_values, dict):
        raise ConfigError(
            f"{path}: quick must hold keys and values. Received: {quick_values!r}"
        )
    changes = quick_values if quick else {}
    for override in overrides:
        changes = _merge(changes, _parse_override(override))
    values = _apply(values, changes)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        lines = [_explain(item) for item in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from error


def dump_recipe(recipe: Recipe) -> str:
    """Return the resolved recipe as YAML that `load_recipe` reads back."""
    values = recipe.model_dump(mode="json")
    return str(yaml.dump(values, Dumper=_Dumper, sort_keys=False))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = _parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read as UTF-8: {error}") from error
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise ConfigError(f"{path} is not valid YAML: {where}") from error
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} must hold keys and values. Received: {type(values).__name__}"
        )
    return values


def _parse_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)


def _parse_override(override: str) -> dict[str, Any]:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise ConfigError(f"--set takes key=value. Received: {override!r}")
    try:
        value = _parse_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key}: {text!r} is not a YAML value") from error
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _apply(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Change a recipe; drop what it says only of the data that it had before."""
    merged = _merge(values, changes)
    for part in ("train", "validation"):
        folders, changed = _folders(merged, part), _folders(changes, part)
        if "hr" in changed and "lr" not in changed:
            # Twins belong to the pictures that they are twins of.
            folders.pop("lr", None)
    if _folders(merged, "train") != _folders(values, "train"):
        for claim in {"description", "data_credits", "licence"} - changes.keys():
            merged.pop(claim, None)
    return merged


def _folders(values: dict[str, Any], part: str) -> dict[str, Any]:
    data = values.get("data")
    folders = data.get(part) if isinstance(data, dict) else None
    return folders if isinstance(folders, dict) else {}


def _explain(item: Any) -> str:
    """Turn one pydantic finding into key, expectation, received, nearest key."""
    location = [str(part) for part in item["loc"]]
    key = ".".join(location) or "recipe"
    if item["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        return f"unknown key {key!r}.{did_you_mean(location[-1], known)} " + (
            f"Known here: {', '.join(known)}"
        )
    if item["type"] == "missing":
        return f"{key} is required"
    message = item["msg"].removeprefix("Value error, ")
    if not location:
        return str(message)
    return f"{key}: {message}. Received: {item['input']!r}"


def _known_keys(location: Sequence[str]) -> list[str]:
    section: Any = Recipe
    for part in location:
        section = section.model_fields[part].annotation
        if get_origin(section) in (Union, types.UnionType):
            section = next(a for a in get_args(section) if a is not type(None))
    return list(section.model_fields)
