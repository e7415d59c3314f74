"""SRResNet with batch normalisation, SRGAN's generator, as several authors save it.

All hold the network of the paper. They differ in how they name its tensors, and in what
surrounds it, which the file does not say: what pictures are given to it, and the range
of those that it makes. imgan's makes pictures in `[-1, 1]`; where the file's makes them
in `[0, 1]`, its last convolution is stretched.
"""

import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from imgan.importing.architectures.normalization import COUNTERS
from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import has
from imgan.importing.architectures.shapes import one_of
from imgan.importing.architectures.shapes import same_channels
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.parts import BatchNorm
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Slopes
from imgan.importing.parts import Tensors
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan

_NAME = "SRResNet of SRGAN"


@dataclass(frozen=True)
class _Spelling:
    """What the layers of one checkpoint are called, with `{}` for their number.

    Attributes:
        first: Convolution and PReLU of the beginning.
        block: Two convolutions, each with its normalisation, and the PReLU between.
        trunk: Convolution after the blocks, and what ends the trunk.
        up: Convolution and PReLU of a doubling.
        last: Convolution of the end.
        start: Number of the first block.
        bias: Whether convolutions that are normalised have one.
        stretched: Whether the last convolution makes pictures in `[0, 1]`.
        arguments: Of the network, beside what the tensors say.
        ignored: Patterns of tensors that mean nothing, beside the usual ones.
        assumption: About what the file does not say.
    """

    first: tuple[str, str]
    block: tuple[str, str, str, str, str]
    trunk: tuple[str, str]
    up: tuple[str, str]
    last: str
    start: int = 0
    bias: bool = True
    stretched: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    assumption: str = ""

    def plan(self, tensors: Tensors) -> Plan:
        """Return what the checkpoint is."""
        filters, channels, *_ = shape_of(tensors, f"{self.first[0]}.weight")
        num_blocks = _numbered(tensors, self.block[0], self.start)
        num_ups = _numbered(tensors, self.up[0])
        made, *_ = shape_of(tensors, f"{self.last}.weight")
        normalized = f"{self.trunk[1]}.running_mean" in tensors
        arguments = {
            "scale": one_of(2**num_ups, (2, 4, 8), "The scale"),
            "num_filters": filters,
            "num_blocks": num_blocks,
            "channels": same_channels(channels, made),
            "normalized_trunk": normalized,
            **self.arguments,
        }
        parts: dict[str, Part] = {}
        self._add_ends(parts, tensors, normalized)
        for index in range(num_blocks):
            self._add_block(parts, tensors, index)
        for index in range(num_ups):
            layer, slopes = (name.format(index) for name in self.up)
            parts[f"up_{index}"] = Conv(layer, shuffle=2)
            parts[f"up_{index}_prelu"] = _slopes(tensors, slopes)
        ignored = (*COUNTERS, *self.ignored)
        return Plan("srgan", arguments, parts, ignored, (self.assumption,))

    def _add_ends(
        self, parts: dict[str, Part], tensors: Tensors, normalized: bool
    ) -> None:
        parts["first"] = Conv(self.first[0])
        parts["first_prelu"] = _slopes(tensors, self.first[1])
        layer, end = self.trunk
        parts["trunk"] = Conv(layer, bias=self.bias)
        if normalized:
            parts["trunk_norm"] = BatchNorm(end)
        else:
            parts["trunk_prelu"] = _slopes(tensors, end)
        # From [0, 1] to [-1, 1].
        gain, offset = (2.0, -1.0) if self.stretched else (1.0, 0.0)
        parts["last"] = Conv(self.last, gain=gain, offset=offset)

    def _add_block(self, parts: dict[str, Part], tensors: Tensors, index: int) -> None:
        names = [name.format(index + self.start) for name in self.block]
        layer_1, norm_1, slopes, layer_2, norm_2 = names
        block = f"block_{index:02d}"
        parts[f"{block}_conv_1"] = Conv(layer_1, bias=self.bias)
        parts[f"{block}_norm_1"] = BatchNorm(norm_1)
        parts[f"{block}_prelu"] = _slopes(tensors, slopes)
        parts[f"{block}_conv_2"] = Conv(layer_2, bias=self.bias)
        parts[f"{block}_norm_2"] = BatchNorm(norm_2)


def _numbered(tensors: Tensors, name: str, start: int = 0) -> int:
    """Return how many convolutions of that name there are."""
    pattern = re.escape(name).replace(r"\{\}", r"(\d+)") + r"\."
    return count(tensors, pattern, start)


def _slopes(tensors: Tensors, name: str) -> Slopes:
    """Return a PReLU that has one slope if the checkpoint's has."""
    slopes = tensors.get(f"{name}.weight")
    return Slopes(name, shared=slopes is not None and slopes.shape == (1,))


# === leftthomas/SRGAN ===


def _leftthomas(tensors: Tensors) -> _Spelling:
    """Blocks are counted through: beginning, residual blocks, trunk, enlargement."""
    after = 2 + _numbered(tensors, "block{}.conv1", 2)
    end = f"block{after + 1}"
    return _Spelling(
        first=("block1.0", "block1.1"),
        block=_members("block{}", "conv1", "bn1", "prelu", "conv2", "bn2"),
        trunk=(f"block{after}.0", f"block{after}.1"),
        up=(f"{end}.{{}}.conv", f"{end}.{{}}.prelu"),
        last=f"{end}.{_numbered(tensors, f'{end}.{{}}.conv')}",
        start=2,
        # Its (tanh + 1) / 2 is what a picture in [-1, 1] is in [0, 1].
        arguments={"output_activation": "tanh"},
        assumption="The file does not say that a tanh ends the network: it is taken "
        "that one does, as in leftthomas/SRGAN.",
    )


# === Lornatang/SRGAN-PyTorch ===


def _lornatang(outer: str) -> _Spelling:
    """Versions of 2022, with `conv_block1`, and of 2023, with `conv1`."""
    return _Spelling(
        first=(f"{outer}1.0", f"{outer}1.1"),
        block=_members("trunk.{}.rcb", "0", "1", "2", "3", "4"),
        trunk=(f"{outer}2.0", f"{outer}2.1"),
        up=("upsampling.{}.upsample_block.0", "upsampling.{}.upsample_block.2"),
        last=f"{outer}3",
        bias=False,
        stretched=True,
        assumption="The file does not say the range of its pictures: it is taken to be "
        "from 0 to 1, clipped, as in Lornatang/SRGAN-PyTorch.",
    )


# === aladdinpersson/Machine-Learning-Collection ===


def _aladdinpersson() -> _Spelling:
    return _Spelling(
        first=("initial.cnn", "initial.act"),
        block=(
            *("residuals.{}.block1.cnn", "residuals.{}.block1.bn"),
            "residuals.{}.block1.act",
            *("residuals.{}.block2.cnn", "residuals.{}.block2.bn"),
        ),
        trunk=("convblock.cnn", "convblock.bn"),
        up=("upsamples.{}.conv", "upsamples.{}.act"),
        last="final",
        bias=False,
        arguments={"output_activation": "tanh"},
        # Made with the others, and passed by.
        ignored=(r"(convblock|residuals\.\d+\.block2)\.act\.weight",),
        assumption="The file does not say that a tanh ends the network: it is taken "
        "that one does, as in aladdinpersson/Machine-Learning-Collection.",
    )


# === sgrvinod/a-PyTorch-Tutorial-to-Super-Resolution ===


def _sgrvinod(prefix: str) -> _Spelling:
    """With `net.` before all names it is the generator, else the network alone."""
    inner = prefix + "residual_blocks.{}.conv_block"
    up = prefix + "subpixel_convolutional_blocks.{}"
    outer = prefix + "conv_block"
    return _Spelling(
        first=(f"{outer}1.conv_block.0", f"{outer}1.conv_block.1"),
        block=(
            *(f"{inner}1.conv_block.0", f"{inner}1.conv_block.1"),
            f"{inner}1.conv_block.2",
            *(f"{inner}2.conv_block.0", f"{inner}2.conv_block.1"),
        ),
        trunk=(f"{outer}2.conv_block.0", f"{outer}2.conv_block.1"),
        up=(f"{up}.conv", f"{up}.prelu"),
        last=f"{outer}3.conv_block.0",
        arguments={"output_activation": "tanh", "standardized": True},
        assumption="The file does not say what surrounds the network: it is taken to "
        "see the colours of ImageNet and to end in a tanh, as in sgrvinod's tutorial.",
    )


def _members(prefix: str, *names: str) -> tuple[str, str, str, str, str]:
    layer_1, norm_1, slopes, layer_2, norm_2 = (f"{prefix}.{name}" for name in names)
    return layer_1, norm_1, slopes, layer_2, norm_2


def _architecture(
    spelling: Callable[[Tensors], _Spelling], *names: str
) -> Architecture:
    weights = [f"{name}.weight" for name in names]
    return Architecture(
        _NAME,
        lambda tensors: has(tensors, *weights),
        lambda tensors: spelling(tensors).plan(tensors),
    )


SRGAN = (
    _architecture(_leftthomas, "block1.0", "block2.conv1", "block2.bn1"),
    _architecture(lambda _: _lornatang("conv_block"), "conv_block1.0", "trunk.0.rcb.0"),
    _architecture(lambda _: _lornatang("conv"), "conv1.0", "trunk.0.rcb.0"),
    _architecture(lambda _: _aladdinpersson(), "initial.cnn", "residuals.0.block1.cnn"),
    _architecture(
        lambda _: _sgrvinod(""),
        "conv_block1.conv_block.0",
        "residual_blocks.0.conv_block1.conv_block.0",
    ),
    _architecture(
        lambda _: _sgrvinod("net."),
        "net.conv_block1.conv_block.0",
        "net.residual_blocks.0.conv_block1.conv_block.0",
    ),
)
"""One architecture for each way to name its tensors."""
