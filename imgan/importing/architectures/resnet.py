"""The residual generator of CycleGAN and pix2pixHD, as their authors' code saves it."""

import re
from typing import TYPE_CHECKING
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.architectures.normalization import normalization
from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import numbers_of
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.parts import BatchNorm
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Tensors
from imgan.importing.parts import TransposedConv
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan

if TYPE_CHECKING:
    from imgan.networks.translation import Normalization

_HEAD = 4
"""Members before the first halving: padding, 7x7, normalisation, activation."""

_STEP = 3
"""Members of a halving or a doubling: convolution, normalisation, activation."""

_CYCLEGAN_HALVINGS = 2
_DROPOUT = 0.5
_MOST_HALVINGS = 8
_BLOCK = r"model\.(\d+)\.conv_block\."


def _detect(tensors: Tensors) -> bool:
    # A local enhancer holds most of such a generator, and more.
    alone = not any(name.startswith("model1_1.") for name in tensors)
    blocks = any(re.match(_BLOCK, name) for name in tensors)
    return alone and blocks and "model.1.weight" in tensors


def _plan(tensors: Tensors) -> Plan:
    first, num_blocks = _blocks(tensors)
    num_downs = (first - _HEAD) // _STEP
    filters, channels, *_ = shape_of(tensors, "model.1.weight")
    last = f"model.{first + num_blocks + _STEP * num_downs + 1}"
    made, *_ = shape_of(tensors, f"{last}.weight")
    kind, ignored = normalization(tensors, "model.1", ["model.2"])
    second = _second(tensors, first)
    place = _Places(kind, bias="model.1.bias" in tensors)
    place.conv("first", 1)
    for step in range(num_downs):
        place.conv(f"down_{step + 1}", _HEAD + _STEP * step)
        up = first + num_blocks + _STEP * step
        place.conv(f"up_{num_downs - 1 - step}", up, transposed=True)
    for block in range(num_blocks):
        inside = f"{first + block}.conv_block"
        place.conv(f"block_{block:02d}_a", 1, inside=inside)
        place.conv(f"block_{block:02d}_b", second, inside=inside)
    place.parts["outputs"] = Conv(last)
    arguments: dict[str, Any] = {
        "input_channels": channels,
        "output_channels": made,
        "num_filters": filters,
        "num_residual_blocks": num_blocks,
        "num_downsamplings": num_downs,
        "normalization": kind,
        # One further member between the convolutions can only be this.
        "dropout": _DROPOUT if second == 6 else 0.0,
    }
    family = "cyclegan" if num_downs == _CYCLEGAN_HALVINGS else "pix2pixhd"
    return Plan(family, arguments, place.parts, ignored)


def _blocks(tensors: Tensors) -> tuple[int, int]:
    """Return the number of the first residual block, and how many there are."""
    first = numbers_of(tensors, _BLOCK)[0]
    num_blocks = count(tensors, _BLOCK, first)
    if first < _HEAD or (first - _HEAD) % _STEP:
        raise CheckpointError(
            "Residual blocks must follow a 7x7 convolution and halvings, from member "
            f"4, 7, 10, 13 and so on. Received: member {first}"
        )
    if first > _HEAD + _STEP * _MOST_HALVINGS:
        raise CheckpointError(
            f"There may be at most {_MOST_HALVINGS} halvings. Received: "
            f"{(first - _HEAD) // _STEP}"
        )
    return first, num_blocks


def _second(tensors: Tensors, first: int) -> int:
    """Return the member of a residual block that is its second convolution."""
    block = f"model.{first}.conv_block"
    for member in (5, 6):
        weight = tensors.get(f"{block}.{member}.weight")
        if weight is not None and weight.ndim == 4:
            return member
    raise CheckpointError(
        f"Residual blocks must have mirrored borders, which makes their second "
        f"convolution {block}.5 or {block}.6. Received: neither"
    )


class _Places:
    """Where the weights of convolutions and of what normalises them lie.

    Args:
        normalization: What follows convolutions.
        bias: Whether convolutions have one: with instance normalisation in CycleGAN,
            always in pix2pixHD.
    """

    def __init__(self, normalization: "Normalization", *, bias: bool) -> None:
        self.parts: dict[str, Part] = {}
        self._bias = bias
        self._normalized = normalization == "batch"

    def conv(
        self, layer: str, member: int, *, inside: str = "", transposed: bool = False
    ) -> None:
        """Add a convolution that is a member of the whole, or of a block."""
        sequence = f"model.{inside}." if inside else "model."
        name = f"{sequence}{member}"
        kind = TransposedConv if transposed else Conv
        # Our convolutions have none before a batch normalisation.
        self.parts[layer] = kind(name, bias=self._bias and not self._normalized)
        if self._normalized:
            norm = BatchNorm(f"{sequence}{member + 1}", name if self._bias else "")
            self.parts[f"{layer}_norm"] = norm


RESNET = Architecture("residual generator of CycleGAN", _detect, _plan)
