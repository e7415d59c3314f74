"""What pydantic finds in a recipe, in the words of its keys."""

import types
from collections.abc import Sequence
from typing import Any
from typing import Union
from typing import get_args
from typing import get_origin

from pydantic import BaseModel

from imgan.config.recipe import Recipe
from imgan.errors import did_you_mean

# Pydantic's types of errors.
_NO_RANGE = ("tuple_type", "too_short", "too_long")
_NO_TEXT = ("path_type", "string_type")
_NO_SECTION = ("model_type", "model_attributes_type", "dict_type")


def explain(item: Any, schema: type[Recipe]) -> str:
    """Turn one pydantic finding into key, expectation, received, nearest key.

    Args:
        item: One of `ValidationError.errors()`.
        schema: What did not hold.
    """
    # A position in a list is no key.
    location = [part for part in item["loc"] if isinstance(part, str)]
    ranged = len(location) < len(item["loc"]) and item["type"] == "missing"
    key = ".".join(location) or "recipe"
    if item["type"] == "extra_forbidden":
        known = _known_keys(schema, location[:-1])
        return f"unknown key {key!r}.{did_you_mean(location[-1], known)} " + (
            f"Known here: {', '.join(known)}"
        )
    if ranged or item["type"] in _NO_RANGE:
        return f"{key}: {_range(schema, location)}. Received: {item['input']!r}"
    if item["type"] == "missing":
        return f"{key} is required"
    message: str = item["msg"].removeprefix("Value error, ")
    if item["type"] in _NO_SECTION and location:
        message = _section(_annotation(schema, location))
    if not location:
        return message
    if item["type"] == "value_error" and _is_section(schema, location):
        # What a section says of itself names the key and what was received.
        return message if message.startswith(f"{key}.") else f"{key}.{message}"
    told = f"{key}: {message}. Received: {item['input']!r}"
    if item["type"] in _NO_TEXT and isinstance(item["input"], int | float):
        told += f". Quote a name that looks like a number: --set '{key}=\"2024\"'"
    return told


def _range(schema: type[Recipe], location: Sequence[str]) -> str:
    annotation = _annotation(schema, location)
    if get_origin(annotation) is not tuple or Ellipsis in get_args(annotation):
        return "must be a list"
    default = _annotation(schema, location[:-1]).model_fields[location[-1]].default
    low, high = default if isinstance(default, tuple) else (0, 255)
    return f"must be a lowest and a highest value, such as [{low:.4g}, {high:.4g}]"


def _section(annotation: Any) -> str:
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "must hold keys and values"
    fields = annotation.model_fields
    required = [name for name, field in fields.items() if field.is_required()]
    if required:
        return f"must be a section, with {', '.join(required)}"
    return "must be a section ({} takes all defaults)"


def _known_keys(schema: type[Recipe], location: Sequence[str]) -> list[str]:
    return list(_annotation(schema, location).model_fields)


def _is_section(schema: type[Recipe], location: Sequence[str]) -> bool:
    found = _annotation(schema, location)
    return isinstance(found, type) and issubclass(found, BaseModel)


def _annotation(schema: type[Recipe], location: Sequence[str]) -> Any:
    """Return the type of what stands at a key."""
    found: Any = schema
    for part in location:
        found = found.model_fields[part].annotation
        if get_origin(found) in (Union, types.UnionType):
            found = next(a for a in get_args(found) if a is not type(None))
    return found
