"""One layer of the new model, before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from imgan.errors import CheckpointError


@dataclass(frozen=True)
class Part:
    """A layer of `imgan.layers.named` and what it is given.

    Args:
        kind: Name of its class.
        config: Its arguments, as plain JSON.
        roles: Arrays of the old layer that are its weights, in its order.
    """

    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()


def unsupported(what: str, instead: str = "") -> CheckpointError:
    """Return the error for something that a file asks for and that is not known."""
    return CheckpointError(
        f"{what} is not known here.{' ' if instead else ''}{instead}"
    )
