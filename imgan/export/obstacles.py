"""Which networks cannot go where, and why."""

import re
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass

from imgan.errors import UsageError
from imgan.export.tensors import PortableNetwork

NAMES = {"litert": "LiteRT", "onnx": "ONNX"}
"""What the formats are called in sentences."""

_MOST_BYTES = 2**31 - 1
_BYTES_PER_WEIGHT = 4

# How LiteRT's converter names what it does not know.
_UNKNOWN = (
    re.compile(r"(?:TF Select|Flex|Custom) ops: ([^\n]+)"),
    re.compile(r"'tf\.(\w+)' op is neither"),
    re.compile(r"not yet supported for op: '(\w+)'"),
)


@dataclass(frozen=True)
class Obstacle:
    """Why some networks cannot go to some places."""

    formats: tuple[str, ...]
    """litert, onnx or both."""
    precisions: tuple[str, ...]
    """Empty: any."""
    stops: Callable[[PortableNetwork], bool]
    reason: str
    """What is in the way, and what to do."""


OBSTACLES = (
    Obstacle(
        formats=("litert", "onnx"),
        precisions=(),
        stops=lambda portable: portable.card.inference_mode.dropout,
        reason="it drops activations at inference too (noise_seed), by random numbers "
        "that only TensorFlow draws. Use --format saved_model",
    ),
    Obstacle(
        formats=("litert", "onnx"),
        precisions=(),
        stops=lambda portable: (
            portable.card.network.parameters * _BYTES_PER_WEIGHT > _MOST_BYTES
        ),
        reason="its weights are more than the 2.1 GB that such a file holds. Train a "
        "smaller network",
    ),
    Obstacle(
        formats=("litert",),
        precisions=(),
        stops=lambda portable: bool(
            portable.card.network.config.get("resize_convolution")
        ),
        reason="it enlarges by repeating pixels (resize_convolution), after which "
        "LiteRT's converter does not know the channels any more. Use --format onnx, or "
        "train with generator.resize_convolution=false",
    ),
    # Measured on CycleGAN's generator of 9 blocks: off by 0.27 on average in a range of
    # 2, where the same network with stored statistics is off by 0.02.
    Obstacle(
        formats=("litert",),
        precisions=("int8",),
        stops=lambda portable: _normalization(portable) in ("instance", "batch"),
        reason="it normalises pictures by their own statistics, which eight bits "
        "cannot hold: results would be off by an eighth of their range. Use "
        "--precision float16",
    ),
)


def check_obstacles(
    portable: PortableNetwork, file_format: str, precision: str
) -> None:
    """Refuse a network that cannot go somewhere.

    Raises:
        UsageError: Says which network, and why.
    """
    for obstacle in OBSTACLES:
        fits = file_format in obstacle.formats and (
            not obstacle.precisions or precision in obstacle.precisions
        )
        if fits and obstacle.stops(portable):
            where = " ".join([NAMES[file_format], *obstacle.precisions])
            raise refusal(portable, where, obstacle.reason)


def refusal(portable: PortableNetwork, where: str, reason: str) -> UsageError:
    """Return the error for a network that cannot go somewhere."""
    card = portable.card
    kind = card.network.path.rpartition(":")[2]
    return UsageError(f"Model {card.name!r} ({kind}) cannot go to {where}: {reason}")


def lacks(operations: Iterable[str]) -> str:
    """Return the reason for operations that a format does not have."""
    return f"it has operations that there are not: {', '.join(sorted(operations))}"


def conversion_fault(message: str) -> str:
    """Return the reason in what LiteRT's converter says, which may be pages long."""
    found = {
        name.strip()
        for pattern in _UNKNOWN
        for listed in pattern.findall(message)
        for name in listed.split(",")
    }
    if found:
        return lacks(found)
    return (message.strip() or "no reason given").splitlines()[0]


def _normalization(portable: PortableNetwork) -> str:
    stated: str = portable.card.inference_mode.normalization
    return str(getattr(portable.network, "inference_normalization", stated))
