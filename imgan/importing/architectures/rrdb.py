"""RRDBNet of ESRGAN, Real-ESRGAN, BSRGAN and most community models, in three spellings.

All hold the same network; the first two differ in names only, the first release of
ESRGAN numbers the members of nested `nn.Sequential`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from imgan.errors import CheckpointError
from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import has
from imgan.importing.architectures.shapes import numbers_of
from imgan.importing.architectures.shapes import one_of
from imgan.importing.architectures.shapes import same_channels
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Tensors
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan


@dataclass(frozen=True)
class _Spelling:
    """What the convolutions of one checkpoint are called.

    Attributes:
        num_blocks: Blocks.
        num_ups: Doublings.
        first, trunk, wide, last: Names.
        dense: Name of convolution `k` of dense block `j` of block `i`.
        up: Name of the convolution after doubling `n`. All but `i` and `n` count from
            1.
    """

    num_blocks: int
    num_ups: int
    first: str
    trunk: str
    wide: str
    last: str
    dense: Callable[[int, int, int], str]
    up: Callable[[int], str]

    @classmethod
    def new(cls, tensors: Tensors) -> Self:
        """Names of BasicSR and Real-ESRGAN."""
        return cls(
            num_blocks=count(tensors, r"body\.(\d+)\."),
            num_ups=count(tensors, r"conv_up(\d+)\.", start=1),
            first="conv_first",
            trunk="conv_body",
            wide="conv_hr",
            last="conv_last",
            dense=lambda i, j, k: f"body.{i}.rdb{j}.conv{k}",
            up=lambda n: f"conv_up{n + 1}",
        )

    @classmethod
    def middle(cls, tensors: Tensors) -> Self:
        """Names of ESRGAN's second release, BSRGAN and RealSR."""
        return cls(
            num_blocks=count(tensors, r"RRDB_trunk\.(\d+)\."),
            num_ups=count(tensors, r"upconv(\d+)\.", start=1),
            first="conv_first",
            trunk="trunk_conv",
            wide="HRconv",
            last="conv_last",
            dense=lambda i, j, k: f"RRDB_trunk.{i}.RDB{j}.conv{k}",
            up=lambda n: f"upconv{n + 1}",
        )

    @classmethod
    def old(cls, tensors: Tensors) -> Self:
        """Numbers of ESRGAN's first release."""
        num_blocks = max(count(tensors, r"model\.1\.sub\.(\d+)\.") - 1, 0)
        # Each doubling has three members: enlargement, convolution and activation.
        num_ups = max((numbers_of(tensors, r"model\.(\d+)\.")[-1] - 4) // 3, 0)
        return cls(
            num_blocks=num_blocks,
            num_ups=num_ups,
            first="model.0",
            trunk=f"model.1.sub.{num_blocks}",
            wide=f"model.{3 * num_ups + 2}",
            last=f"model.{3 * num_ups + 4}",
            dense=lambda i, j, k: f"model.1.sub.{i}.RDB{j}.conv{k}.0",
            up=lambda n: f"model.{3 * n + 3}",
        )

    def parts(self, unshuffle: int) -> dict[str, Part]:
        """Return where each layer's weights lie."""
        parts: dict[str, Part] = {
            "first": Conv(self.first, unshuffle=unshuffle),
            "trunk": Conv(self.trunk),
            "wide": Conv(self.wide),
            "last": Conv(self.last),
        }
        for index in range(self.num_ups):
            parts[f"up_{index}"] = Conv(self.up(index))
        for block in range(self.num_blocks):
            for dense in (1, 2, 3):
                for index in (1, 2, 3, 4, 5):
                    layer = f"block_{block:02d}_dense_{dense}_conv_{index}"
                    parts[layer] = Conv(self.dense(block, dense, index))
        return parts


def _plan(tensors: Tensors, spelling: _Spelling) -> Plan:
    if any(".conv1x1." in name for name in tensors):
        raise CheckpointError(
            "It is ESRGAN+, whose dense blocks have further 1x1 convolutions; RRDBNet "
            "without them can be imported"
        )
    filters, seen, *_ = shape_of(tensors, f"{spelling.first}.weight")
    made, *_ = shape_of(tensors, f"{spelling.last}.weight")
    growth, *_ = shape_of(tensors, f"{spelling.dense(0, 1, 1)}.weight")
    # A fast network sees squares of 2 or 4 pixels a side as channels.
    unshuffle = next((n for n in (2, 4) if seen == made * n * n), 1)
    enlarged = 2 ** one_of(spelling.num_ups, (0, 1, 2, 3), "The number of doublings")
    scale, rest = divmod(enlarged, unshuffle)
    if rest:
        raise CheckpointError(
            f"A network that enlarges {enlarged} times must see squares of a side that "
            f"divides this. Received: {seen} channels for {made}"
        )
    arguments = {
        "scale": one_of(scale, (1, 2, 4, 8), "The scale"),
        "num_filters": filters,
        "num_blocks": spelling.num_blocks,
        "growth": growth,
        "unshuffle": unshuffle,
        "channels": same_channels(seen // unshuffle**2, made),
    }
    return Plan("rrdb", arguments, spelling.parts(unshuffle))


RRDB_NEW = Architecture(
    "RRDBNet",
    lambda tensors: has(tensors, "conv_first.weight", "body.0.rdb1.conv1.weight"),
    lambda tensors: _plan(tensors, _Spelling.new(tensors)),
)

RRDB_MIDDLE = Architecture(
    "RRDBNet",
    lambda tensors: has(tensors, "conv_first.weight", "RRDB_trunk.0.RDB1.conv1.weight"),
    lambda tensors: _plan(tensors, _Spelling.middle(tensors)),
)

RRDB_OLD = Architecture(
    "RRDBNet",
    lambda tensors: has(tensors, "model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"),
    lambda tensors: _plan(tensors, _Spelling.old(tensors)),
)
