"""The text in an ncnn `.param` file: layers in the order in which they compute."""

import math
from dataclasses import dataclass

from imgan.errors import CheckpointError
from imgan.importing.reading.source import AGAIN

MAGIC = 7767517
"""The first line."""
MOST_BYTES = 2 << 20

_ARRAYS = -23300
_MOST_LAYERS = 20_000


@dataclass(frozen=True)
class Layer:
    """A line: what it computes, from which blobs to which."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: dict[int, tuple[float, ...]]
    """Parameters by their index, of one number or several."""

    def number(self, index: int, default: float = 0) -> float:
        """Return a parameter of one number."""
        return self.numbers.get(index, (default,))[0]

    def whole(self, index: int, default: int = 0) -> int:
        """Return a parameter of one whole number."""
        return int(self.number(index, default))


def is_param(head: bytes) -> bool:
    """Return whether a file that starts so is the text of an ncnn model."""
    return head.split(b"\n", 1)[0].strip() == b"%d" % MAGIC


def parse_param(text: str) -> list[Layer]:
    """Return the layers of a model.

    Raises:
        CheckpointError: If a line is not of the form that ncnn reads.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _MOST_LAYERS:
        raise CheckpointError(f"The .param file has {len(lines)} lines: not of a net")
    try:
        count = int(lines[1].split()[0])
        layers = [_layer(line.split()) for line in lines[2:]]
    except (IndexError, ValueError) as error:
        raise CheckpointError(
            "The .param file is damaged: expected lines such as "
            f"'Convolution NAME 1 1 FROM TO 0=64 1=3 ...'. {AGAIN}"
        ) from error
    if count != len(layers):
        raise CheckpointError(
            f"The .param file is truncated or damaged: it says {count} layers and "
            f"holds {len(layers)}. {AGAIN}"
        )
    return layers


def _layer(line: list[str]) -> Layer:
    kind, name, inputs, outputs = line[0], line[1], int(line[2]), int(line[3])
    if inputs < 0 or outputs < 0:
        raise ValueError("fewer than no blobs")
    blobs, numbers = line[4 : 4 + inputs + outputs], line[4 + inputs + outputs :]
    if len(blobs) != inputs + outputs:
        raise ValueError("blobs are missing")
    return Layer(
        kind,
        name,
        tuple(blobs[:inputs]),
        tuple(blobs[inputs:]),
        dict(map(_parameter, numbers)),
    )


def _parameter(text: str) -> tuple[int, tuple[float, ...]]:
    index, _, value = text.partition("=")
    if int(index) > _ARRAYS:
        # Texts, which newer versions write, are of no layer that is read.
        return int(index), (0.0 if value.startswith('"') else _finite(value),)
    # An array says its length first.
    length, *values = value.split(",")
    if not values or int(length) != len(values):
        raise ValueError("an array of another length")
    return _ARRAYS - int(index), tuple(map(_finite, values))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is none")
    return number
