"""Reading recipes: YAML, overrides, and errors that name the key."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from imgan import families
from imgan.config.explanations import explain
from imgan.config.recipe import Recipe
from imgan.config.translation import PAIR_FORMS
from imgan.errors import ConfigError

_QUOTES = tuple("'\"[{")
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Reads 5e-4 as a number, and no key twice.

    YAML 1.1 wants a dot in it and makes it a string; of two equal keys PyYAML takes the
    last without a word.
    """

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Return a mapping as it is written, before others are merged into it."""
        node = super().compose_mapping_node(anchor)
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        seen = set()
        for key in keys:
            if key.value in seen and key.tag != _MERGE:
                raise yaml.composer.ComposerError(
                    None, None, f"{key.value!r} is there twice", key.start_mark
                )
            seen.add(key.value)
        return node


class _Dumper(yaml.SafeDumper):
    """Quotes strings that `_Loader` would read as numbers."""


_EXPONENT = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")
for _side in (_Loader, _Dumper):
    _side.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, [*"-+0123456789"])


def load_recipe(
    path: Path | str, overrides: Sequence[str] = (), *, quick: bool = False
) -> Recipe:
    """Read, override and validate a recipe.

    Args:
        path: YAML file. Its optional section `quick` holds overrides for a run of two
            minutes that shows that everything works.
        overrides: `key.subkey=value` with a YAML value, as from `--set`; they win over
            `quick`, and later ones over earlier ones. A value of keys of its own takes
            the place of all that the key held.
        quick: Apply the section `quick`.

    Returns:
        The recipe; relative paths in it mean the current folder.

    Raises:
        ConfigError: Names the key, what was expected, what was received, and the
            nearest known key.
    """
    path = Path(path)
    values = _read_yaml(path)
    quick_values = values.pop("quick", None) or {}
    if not isinstance(quick_values, dict):
        raise ConfigError(
            f"{path}: quick must hold keys and values. Received: {quick_values!r}"
        )
    changes: dict[str, Any] = {}
    for override in overrides:
        changes = _merge(changes, _parse_override(override))
    if quick:
        values = _apply(values, quick_values)
    try:
        return validate_recipe(_apply(values, changes))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def validate_recipe(values: dict[str, Any]) -> Recipe:
    """Return the recipe of the kind that the family takes.

    Raises:
        ConfigError: As `load_recipe`, without the file's name.
    """
    name = values.get("family")
    if name is None:
        raise ConfigError("family is required")
    try:
        schema = families.resolve(families.get(str(name)).recipe)
    except ConfigError as error:
        raise ConfigError(f"family: {error}. Received: {name!r}") from error
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        lines = [explain(item, schema) for item in error.errors()]
        raise ConfigError("; ".join(lines)) from error


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
    if isinstance(value, date) or (" #" in text and text.lstrip()[:1] not in _QUOTES):
        # The name of a folder, which YAML would take for a day or half for a comment.
        value = text.strip()
    if isinstance(value, dict):
        value = _Whole(value)
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


class _Whole(dict[str, Any]):
    """Keys and values that replace others, instead of changing some of them."""


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    # What replaces a section still does when a later change has touched it.
    merged = type(base)(base)
    for key, value in changes.items():
        old = merged.get(key)
        changed = isinstance(value, dict) and not isinstance(value, _Whole)
        both = isinstance(old, dict) and changed
        merged[key] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _apply(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Change a recipe; drop what it says only of what it had before."""
    merged = _merge(values, changes)
    for part in _other_networks(values, changes, merged):
        # Arguments belong to the network that they were written for.
        merged.pop(part, None)
        if part in changes:
            merged[part] = changes[part]
    for part in ("train", "validation"):
        folders, changed = _data(merged, part), _data(changes, part)
        if isinstance(changed, dict) and "hr" in changed and "lr" not in changed:
            # Twins belong to the pictures that they are twins of.
            folders.pop("lr", None)
        if isinstance(changed, dict) and isinstance(folders, dict):
            _drop_other_forms(folders, changed)
    if _data(merged, "train") != _data(values, "train"):
        for claim in {"description", "data_credits", "licence"} - changes.keys():
            merged.pop(claim, None)
    return merged


def _drop_other_forms(folders: dict[str, Any], changed: dict[str, Any]) -> None:
    """Leave the form in which a change names pairs, without what it was before."""
    given = {key for key, value in changed.items() if value is not None}
    named = [form for form in PAIR_FORMS if given & set(form)]
    if len(named) == 1:
        for key in {key for form in PAIR_FORMS for key in form} - set(named[0]) - given:
            folders.pop(key, None)


def _other_networks(
    values: dict[str, Any], changes: dict[str, Any], merged: dict[str, Any]
) -> list[str]:
    """Return the sections of networks that a change replaces by others."""
    found = []
    before, after = _networks(values), _networks(merged)
    # What `init` names brings a network of its own along.
    if before[0] != after[0] or (
        changes.get("init") and changes["init"] != values.get("init")
    ):
        found.append("generator")
    if before[1] != after[1]:
        found.append("discriminator")
    return found


def _networks(values: dict[str, Any]) -> tuple[str, str]:
    """Return generator and discriminator that a recipe is about; empty if unknown."""
    family = families.FAMILIES.get(str(values.get("family")))
    network = families.FAMILIES.get(str(values.get("network")), family)
    return (
        network.generator if network else "",
        family.discriminator if family else "",
    )


def _data(values: dict[str, Any], part: str) -> Any:
    data = values.get("data")
    return data.get(part) if isinstance(data, dict) else None
