"""ncnn's pairs of `.param` and `.bin`, as Real-ESRGAN's tools and upscayl use them.

The text says what is computed, and the numbers follow in its order without names. Two
networks are read, Compact and RRDBNet; what the text computes must be one of them to
the last layer, and the numbers then get the names that PyTorch has for them.
"""

import math
import struct
from collections.abc import Iterator

from imgan.errors import CheckpointError
from imgan.importing.reading.ncnn_graph import Graph
from imgan.importing.reading.ncnn_graph import leaky
from imgan.importing.reading.ncnn_graph import total
from imgan.importing.reading.ncnn_param import MOST_BYTES
from imgan.importing.reading.ncnn_param import Layer
from imgan.importing.reading.ncnn_param import parse_param
from imgan.importing.reading.source import Source
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.tensors import describe_tensor
from imgan.importing.reading.tensors import packed_strides

LAYOUT = "ncnn model"

_FLOAT32, _SCALED_FLOAT32, _FLOAT16 = 0, 0x0002C056, 0x01306B47
_INT8 = 0x000D4B38
_BINARY_PARAM = struct.pack("<I", 7767517)
_TAG_BYTES = 4
_TAP = 9
"""Weights of a 3x3 convolution for a pair of channels."""

_SLOPE, _RESIDUAL = 0.2, 0.2
_DENSE = 5
_BLOCK_CONVOLUTIONS = 15
_OTHER_CONVOLUTIONS = 4
_MOST_UPS = 3
_LARGEST_SCALE = 8


def starts_like_weights(head: bytes) -> bool:
    """Return whether a file that starts so may be the `.bin` of a model."""
    tags = (_FLOAT32, _SCALED_FLOAT32, _FLOAT16, _INT8)
    return len(head) > _TAG_BYTES and int.from_bytes(head[:4], "little") in tags


def is_binary_param(head: bytes) -> bool:
    """Return whether a file that starts so is a `.param.bin`, a text made binary."""
    return head.startswith(_BINARY_PARAM)


def read_ncnn(param: Source, weights: Source) -> dict[str, LazyTensor]:
    """Return the tensors of a model by PyTorch's names, not read yet.

    Args:
        param: The `.param` file.
        weights: The `.bin` file.

    Raises:
        CheckpointError: If the model is neither network, its numbers are int8, or the
            two files do not belong together.
    """
    if param.size > MOST_BYTES:
        raise CheckpointError(f"The .param file has {param.size} bytes: not of a net")
    layers = parse_param(param.head(param.size).decode("utf-8", "replace"))
    kinds = {layer.kind for layer in layers}
    foreign = next((kind for kind in kinds if kind.startswith(("nn.", "pnnx."))), None)
    if foreign:
        raise CheckpointError(
            f"The .param file is one of pnnx ({foreign}); expected the .ncnn.param "
            "that pnnx writes beside it"
        )
    graph = Graph(layers)
    names = _compact(graph) if graph.slopes else _rrdb(graph)
    return dict(_tensors(layers, names, weights))


def _compact(graph: Graph) -> dict[str, str]:
    """Return PyTorch's names of a Compact network's layers."""
    names = {}
    value = start = graph.input()
    for index, layer in enumerate(graph.convolutions):
        value = graph.expect(("conv", index, value), value, "a convolution")
        names[layer.name] = f"body.{2 * index}"
        if index < len(graph.slopes):
            value = graph.expect(("prelu", index, value), value, "a PReLU")
            names[graph.slopes[index].name] = f"body.{2 * index + 1}"
    scales = (n for n in range(1, _LARGEST_SCALE) if graph.has(("shuffle", n, value)))
    scale = next(scales, _LARGEST_SCALE)
    value = graph.expect(("shuffle", scale, value), value, "a PixelShuffle")
    base = start
    if scale > 1:
        base = graph.expect(("nearest", scale, start), start, f"nearest x{scale}")
    what = "its sum with the enlarged input"
    graph.finish(graph.expect(total((value, 1), (base, 1)), value, what))
    return names


def _rrdb(graph: Graph) -> dict[str, str]:
    """Return PyTorch's names of an RRDBNet's layers."""
    ups = graph.count("nearest")
    blocks, rest = divmod(
        len(graph.convolutions) - _OTHER_CONVOLUTIONS - ups, _BLOCK_CONVOLUTIONS
    )
    if rest or blocks < 1 or ups > _MOST_UPS:
        raise CheckpointError(
            f"The ncnn model has {len(graph.convolutions)} convolutions and {ups} "
            "nearest enlargements, which no RRDBNet (ESRGAN) has, and no PReLU, which "
            "Compact (SRVGGNet) has. These two are supported"
        )
    walk = _Walk(graph)
    value = graph.input()
    for factor in (2, 4):
        if graph.has(("unshuffle", factor, value)):
            value = graph.expect(("unshuffle", factor, value), value, "")
            break
    first = value = walk.convolve(value)
    for _ in range(blocks):
        value = walk.block(value)
    value = walk.convolve(value)
    value = walk.add(value, first, 1.0)
    for _ in range(ups):
        value = graph.expect(("nearest", 2, value), value, "nearest x2")
        value = walk.activate(walk.convolve(value))
    value = walk.activate(walk.convolve(value))
    graph.finish(walk.convolve(value))
    names = _new_names(blocks) if ups == 2 else _old_names(blocks, ups)
    return {
        layer.name: name for layer, name in zip(graph.convolutions, names, strict=True)
    }


class _Walk:
    """Goes through an RRDBNet, one convolution after the other."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._next = 0

    def convolve(self, value: int) -> int:
        index, self._next = self._next, self._next + 1
        return self._graph.expect(("conv", index, value), value, "a convolution")

    def activate(self, value: int) -> int:
        what = f"a LeakyReLU of slope {_SLOPE}"
        return self._graph.expect(leaky(_SLOPE, value), value, what)

    def add(self, value: int, to: int, weight: float) -> int:
        what = f"a sum that weighs it by {weight:g}"
        return self._graph.expect(total((value, weight), (to, 1)), value, what)

    def block(self, value: int) -> int:
        inner = value
        for _ in range(3):
            dense, result = [inner], inner
            for index in range(_DENSE):
                result = self.convolve(self._joined(dense))
                if index < _DENSE - 1:
                    dense.append(self.activate(result))
            inner = self.add(result, inner, _RESIDUAL)
        return self.add(inner, value, _RESIDUAL)

    def _joined(self, values: list[int]) -> int:
        if len(values) == 1:
            return values[0]
        what = f"a concatenation of {len(values)}"
        return self._graph.expect(("concat", tuple(values)), values[-1], what)


def _new_names(blocks: int) -> list[str]:
    dense = [
        f"body.{block}.rdb{part}.conv{index}"
        for block in range(blocks)
        for part in (1, 2, 3)
        for index in range(1, _DENSE + 1)
    ]
    ends = ["conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    return ["conv_first", *dense, *ends]


def _old_names(blocks: int, ups: int) -> list[str]:
    """Return the names of the first ESRGAN, which has any number of enlargements."""
    dense = [
        f"model.1.sub.{block}.RDB{part}.conv{index}.0"
        for block in range(blocks)
        for part in (1, 2, 3)
        for index in range(1, _DENSE + 1)
    ]
    ends = [f"model.1.sub.{blocks}", *(f"model.{3 * n}" for n in range(1, ups + 1))]
    return ["model.0", *dense, *ends, f"model.{3 * ups + 2}", f"model.{3 * ups + 4}"]


def _tensors(
    layers: list[Layer], names: dict[str, str], weights: Source
) -> Iterator[tuple[str, LazyTensor]]:
    position = 0
    for layer in layers:
        name = names.get(layer.name, "")
        if layer.kind == "PReLU":
            count = layer.whole(0)
            yield f"{name}.weight", _floats(weights, position, (count,), name)
            position += 4 * count
        elif layer.kind == "Convolution":
            out, count = layer.whole(0), layer.whole(6)
            if out < 1 or count < 1 or count % (out * _TAP):
                raise CheckpointError(
                    f"Layer {layer.name} says {count} weights for {out} channels; "
                    f"expected a multiple of {_TAP} x {out}"
                )
            shape = (out, count // (out * _TAP), 3, 3)
            tensor, position = _tagged(weights, position, shape, layer.name)
            yield f"{name}.weight", tensor
            yield f"{name}.bias", _floats(weights, position, (out,), layer.name)
            position += 4 * out
    if position != weights.size:
        raise CheckpointError(
            f"The .bin file has {weights.size} bytes; the .param file beside it "
            f"describes {position}. They do not belong together, or one is damaged"
        )


def _tagged(
    weights: Source, position: int, shape: tuple[int, ...], name: str
) -> tuple[LazyTensor, int]:
    """Return weights that say their type first, and the position after them."""
    tag = int.from_bytes(weights.read(position, _TAG_BYTES, name), "little")
    position += _TAG_BYTES
    if tag in (_FLOAT32, _SCALED_FLOAT32):
        tensor = _floats(weights, position, shape, name)
        return tensor, position + 4 * tensor.elements
    if tag == _FLOAT16:
        tensor = _floats(weights, position, shape, name, "float16")
        return tensor, position + (2 * tensor.elements + 3) // 4 * 4
    kind = "int8" if tag == _INT8 else f"of unknown type 0x{tag:08X}"
    raise CheckpointError(
        f"The weights of layer {name} are {kind}; supported: float32 and float16. "
        "Import the model as it was before it was quantized"
    )


def _floats(
    weights: Source,
    position: int,
    shape: tuple[int, ...],
    name: str,
    dtype: str = "float32",
) -> LazyTensor:
    count = math.prod(shape)
    size = count * (4 if dtype == "float32" else 2)
    if position + size > weights.size:
        raise CheckpointError(
            f"The .bin file is truncated: it ends at byte {weights.size}, in layer "
            f"{name} that goes to {position + size}. Download or copy it again."
        )
    storage = Storage(name, dtype, count, lambda: weights.read(position, size, name))
    return describe_tensor(storage, 0, shape, packed_strides(shape))
