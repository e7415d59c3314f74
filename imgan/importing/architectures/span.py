"""SPAN, with the branches it was trained with, or with the convolutions they make."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imgan.errors import CheckpointError
from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import has
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.architectures.shapes import square_root
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Shape
from imgan.importing.parts import Tensors
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan
from imgan.types import Array

_EXPANSION = 2
_COLOURS = 3


@dataclass(frozen=True)
class Branches:
    """1x1, 3x3 and 1x1 in a row beside a 1x1, to the one 3x3 that they equal.

    The file holds that 3x3 too, but it may be older than the branches: the authors'
    code makes it anew whenever the network is used.

    Attributes:
        name: In the checkpoint, without `.sk`.
    """

    name: str

    def shapes(self, own: Sequence[Shape]) -> dict[str, Shape]:
        """Return the shapes of the four convolutions."""
        height, width, channels, filters = own[0]
        wide_in, wide_out = _EXPANSION * channels, _EXPANSION * filters
        kernels = {
            "sk": (filters, channels, 1, 1),
            "conv.0": (wide_in, channels, 1, 1),
            "conv.1": (wide_out, wide_in, height, width),
            "conv.2": (filters, wide_out, 1, 1),
        }
        found: dict[str, Shape] = {}
        for key, shape in kernels.items():
            found[f"{self.name}.{key}.weight"] = shape
            found[f"{self.name}.{key}.bias"] = shape[:1]
        return found

    def weights(self, tensors: Tensors, own: Sequence[Shape]) -> list[Array]:
        """Return kernel and bias of the one convolution, summed up in float64."""

        def kernel(key: str) -> Array:
            name = f"{self.name}.{key}.weight"
            return tensors[name].transpose(2, 3, 1, 0).astype(np.float64)

        def bias(key: str) -> Array:
            return tensors[f"{self.name}.{key}.bias"].astype(np.float64)

        enter, leave = kernel("conv.0")[0, 0], kernel("conv.2")[0, 0]
        merged = enter @ kernel("conv.1") @ leave
        # Zeros are padded before the first 1x1, whose bias is therefore seen by every
        # place of the 3x3, at the border too.
        middle = bias("conv.0") @ kernel("conv.1").sum((0, 1)) + bias("conv.1")
        total = middle @ leave + bias("conv.2") + bias("sk")
        rows, columns = (side // 2 for side in merged.shape[:2])
        merged[rows, columns] += kernel("sk")[0, 0]
        return [merged.astype(np.float32), total.astype(np.float32)]


def _detect(tensors: Tensors) -> bool:
    convolutions = ("conv_1.eval_conv.weight", "conv_1.sk.weight")
    return any(name in tensors for name in convolutions) and has(
        tensors, "conv_cat.weight", "upsampler.0.weight"
    )


def _plan(tensors: Tensors) -> Plan:
    trained = "conv_1.sk.weight" in tensors
    num_blocks = count(tensors, r"block_(\d+)\.", start=1)
    if num_blocks < 1:
        raise CheckpointError("SPAN must have blocks named block_1, block_2 and so on")
    first = "conv_1.sk.weight" if trained else "conv_1.eval_conv.weight"
    filters, channels, *_ = shape_of(tensors, first)
    made, *_ = shape_of(tensors, "upsampler.0.weight")
    scale = square_root(made // channels, "The ratio of last to first channels")
    rescale = "no_norm" not in tensors
    if rescale and channels != _COLOURS:
        raise CheckpointError(
            f"SPAN that subtracts the mean colour must take 3 channels. Received: "
            f"{channels}"
        )
    arguments = {
        "scale": scale,
        "num_filters": filters,
        "num_blocks": num_blocks,
        "channels": channels,
        "rescale": rescale,
        "fused": True,
    }
    parts = _parts(num_blocks, scale, trained)
    ignored = ("no_norm", *([r".*\.eval_conv\.(weight|bias)"] if trained else []))
    return Plan("span", arguments, parts, ignored)


def _parts(num_blocks: int, scale: int, trained: bool) -> Mapping[str, Part]:
    def conv(name: str) -> Part:
        return Branches(name) if trained else Conv(f"{name}.eval_conv")

    parts: dict[str, Part] = {"first": conv("conv_1"), "trunk": conv("conv_2")}
    for block in range(num_blocks):
        for index in (1, 2, 3):
            name = f"block_{block + 1}.c{index}_r"
            parts[f"block_{block}_conv_{index}"] = conv(name)
    parts["mix"] = Conv("conv_cat")
    parts["last"] = Conv("upsampler.0", shuffle=scale)
    return parts


SPAN = Architecture("SPAN", _detect, _plan)
