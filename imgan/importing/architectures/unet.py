"""The U-Net generator of pix2pix, as its authors' PyTorch code saves it."""

from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.architectures.normalization import normalization
from imgan.importing.architectures.shapes import has
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.parts import BatchNorm
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Tensors
from imgan.importing.parts import TransposedConv
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan

_OUTERMOST = "model.model"
_WIDENINGS = 3
_DROPOUT = 0.5
_MOST_LEVELS = 12


def _detect(tensors: Tensors) -> bool:
    outermost = has(tensors, f"{_OUTERMOST}.0.weight", f"{_OUTERMOST}.3.weight")
    return outermost and f"{_OUTERMOST}.1.model.1.weight" in tensors


def _plan(tensors: Tensors) -> Plan:
    levels = _levels(tensors)
    if not 2 <= len(levels) <= _MOST_LEVELS:
        raise CheckpointError(
            f"A U-Net must have 2 to {_MOST_LEVELS} levels. Received: {len(levels)}"
        )
    filters, channels, *_ = shape_of(tensors, f"{_OUTERMOST}.0.weight")
    made = shape_of(tensors, f"{_OUTERMOST}.3.weight")[1]
    widths = [filters]
    widths += [shape_of(tensors, f"{name}.1.weight")[0] for name in levels[1:]]
    inner = f"{levels[-1]}.3"
    kind, ignored = normalization(tensors, inner, [f"{levels[-1]}.4"])
    usual = filters * 2 ** min(len(levels) - 1, _WIDENINGS)
    arguments: dict[str, Any] = {
        "input_channels": channels,
        "output_channels": made,
        "num_filters": filters,
        "max_filters": None if max(widths) == usual else max(widths),
        "num_levels": len(levels),
        "normalization": kind,
        "dropout": _DROPOUT,
    }
    parts = _parts(levels, widths, bias=kind == "instance", normalized=kind == "batch")
    assumption = (
        "The file does not say whether activations are dropped: it is taken that half "
        "are in three levels in training, as in pix2pix; none at inference."
    )
    return Plan("pix2pix", arguments, parts, ignored, (assumption,))


def _levels(tensors: Tensors) -> list[str]:
    """Return the name of each level's sequence, from the outermost in."""
    levels = [_OUTERMOST]
    # The outermost has the next level as its member 1, the others as their member 3.
    inner = f"{_OUTERMOST}.1.model"
    while f"{inner}.1.weight" in tensors:
        levels.append(inner)
        inner = f"{inner}.3.model"
    return levels


def _parts(
    levels: list[str], widths: list[int], *, bias: bool, normalized: bool
) -> dict[str, Part]:
    """Return where the weights of all levels lie.

    A level is activation, convolution and normalisation, the next level, and then
    activation, transposed convolution and normalisation. The outermost lacks the first
    activation and all normalisation; the innermost has nothing inside, and is
    normalised at its end only.

    The authors put a level's input before what became of it, imgan puts it behind.
    """
    parts: dict[str, Part] = {
        "down_0": Conv(f"{levels[0]}.0", bias=bias),
        "outputs": TransposedConv(f"{levels[0]}.3", skip=widths[0]),
    }
    innermost = len(levels) - 1
    for level, name in enumerate(levels[1:], 1):
        bottom = level == innermost
        up, norm = (3, 4) if bottom else (5, 6)
        skip = 0 if bottom else widths[level]
        parts[f"down_{level}"] = Conv(f"{name}.1", bias=bias)
        parts[f"up_{level}"] = TransposedConv(f"{name}.{up}", bias=bias, skip=skip)
        if normalized:
            parts[f"up_{level}_norm"] = BatchNorm(f"{name}.{norm}")
            if not bottom:
                parts[f"down_{level}_norm"] = BatchNorm(f"{name}.2")
    return parts


UNET = Architecture("U-Net generator of pix2pix", _detect, _plan)
