"""What was recognised in a checkpoint, and how architectures say that it is known."""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from imgan.importing.parts import Part
from imgan.importing.parts import Tensors


@dataclass(frozen=True)
class Plan:
    """A checkpoint as one of imgan's networks.

    Attributes:
        family: Of `imgan.families`, whose generator it is.
        arguments: Of the generator's constructor.
        parts: Where the weights of each layer lie, by the layer's name.
        ignored: Regular expressions of whole keys that mean nothing at inference.
        assumptions: Sentences about what the file does not say.
    """

    family: str
    arguments: Mapping[str, Any]
    parts: Mapping[str, Part]
    ignored: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Architecture:
    """One kind of network and one way to name its tensors.

    Attributes:
        name: As the field calls it.
        detect: Whether a checkpoint holds one, by the names of its tensors and their
            number of axes. Must not fail, whatever the tensors are.
        plan: What it is, from names and shapes. Where these are not those of any
            network of the kind, raises `CheckpointError`, or makes a plan whose
            mismatches are then named.
    """

    name: str
    detect: Callable[[Tensors], bool]
    plan: Callable[[Tensors], Plan]
