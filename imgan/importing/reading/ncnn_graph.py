"""What an ncnn model computes, as terms that can be compared with a known network.

Converters write one network in several ways: activations fused into convolutions or
beside them, a scaled sum in one layer or in two. Each blob becomes a term in which
these are the same, and equal terms get equal numbers. A known network is then built of
the same terms, and the first that the file lacks tells where they part.
"""

from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.reading.ncnn_param import Layer

Term = tuple[Any, ...]
"""What is computed, and the numbers of the terms that it is computed from."""

_LEAKY, _PLAIN_RELU = 2, 1
_ADD, _MULTIPLY = 0, 2
_SUM = 1
_NEAREST = 1
# Texts of converters have six digits.
_DIGITS = 5


class Graph:
    """The terms of a model."""

    def __init__(self, layers: list[Layer]) -> None:
        self.convolutions: list[Layer] = []
        self.slopes: list[Layer] = []
        self._numbers: dict[Term, int] = {}
        self._terms: list[Term] = []
        self._names: list[str] = []
        self._blobs: dict[str, int] = {}
        used: set[str] = set()
        for layer in layers:
            missing = [blob for blob in layer.inputs if blob not in self._blobs]
            if missing:
                raise _not_read(layer, f"it reads {missing[0]}, which nothing writes")
            used.update(layer.inputs)
            result = self._computed(layer)
            self._blobs.update(dict.fromkeys(layer.outputs, result))
        self._results = [blob for blob in self._blobs if blob not in used]

    def expect(self, term: Term, after: int, what: str) -> int:
        """Return the number of a term of a known network.

        Args:
            term: Which.
            after: The number of a term that it is computed from.
            what: The term in words.

        Raises:
            CheckpointError: If the model has no such term.
        """
        number = self._numbers.get(term)
        if number is None:
            raise CheckpointError(
                f"The ncnn model is no known network: after layer {self._names[after]} "
                f"expected {what}. Supported: Compact (SRVGGNet) and RRDBNet (ESRGAN)"
            )
        return number

    def input(self) -> int:
        """Return the number of the one input."""
        if ("input",) not in self._numbers:
            raise CheckpointError("The ncnn model has no Input layer")
        return self._numbers["input",]

    def finish(self, result: int) -> None:
        """Check that a term is what the model returns.

        Raises:
            CheckpointError: If it returns something else.
        """
        found = [self._blobs[blob] for blob in self._results]
        if found != [result]:
            names = ", ".join(self._names[number] for number in found)
            raise CheckpointError(
                f"The ncnn model returns the result of {names or 'no layer'}; expected "
                f"that of {self._names[result]}, as in the network it otherwise equals"
            )

    def has(self, term: Term) -> bool:
        """Return whether the model computes a term."""
        return term in self._numbers

    def count(self, kind: str) -> int:
        """Return how many terms of a kind the model computes."""
        return sum(term[0] == kind for term in self._terms)

    def _put(self, term: Term, name: str) -> int:
        if term not in self._numbers:
            self._numbers[term] = len(self._terms)
            self._terms.append(term)
            self._names.append(name)
        return self._numbers[term]

    def _computed(self, layer: Layer) -> int:
        inputs = [self._blobs[blob] for blob in layer.inputs]
        if layer.kind == "Input":
            return self._put(("input",), layer.name)
        if not inputs:
            raise _not_read(layer, "it has no input")
        first = inputs[0]
        match layer.kind:
            case "Split" | "Noop":
                return first
            case "Convolution":
                return self._convolution(layer, first)
            case "PReLU":
                self.slopes.append(layer)
                return self._put(("prelu", len(self.slopes) - 1, first), layer.name)
            case "ReLU":
                return self._put(leaky(layer.number(0), first), layer.name)
            case "BinaryOp":
                return self._binary(layer, inputs)
            case "Eltwise" if layer.whole(0) == _SUM:
                weights = layer.numbers.get(1) or (1.0,) * len(inputs)
                if len(weights) != len(inputs):
                    raise _not_read(layer, f"it weighs by {weights}")
                return self._sum(layer, list(zip(inputs, weights, strict=True)))
            case "Concat" if layer.whole(0) == 0:
                return self._put(("concat", tuple(inputs)), layer.name)
            case "PixelShuffle" if layer.whole(1) == 0:
                return self._put(("shuffle", layer.whole(0, 1), first), layer.name)
            case "Reorg" if layer.whole(1) == 0:
                return self._put(("unshuffle", layer.whole(0, 1), first), layer.name)
            case "Interp":
                return self._resized(layer, first)
        raise _not_read(layer, f"{layer.kind} is of neither network that is read")

    def _convolution(self, layer: Layer, first: int) -> int:
        width, height = layer.whole(1), layer.whole(11, layer.whole(1))
        dilation, stride = layer.whole(2, 1), layer.whole(3, 1)
        padding, bias = layer.whole(4), layer.whole(5)
        if layer.whole(8):
            raise _not_read(layer, "its weights are int8; give the model before that")
        if (width, height, dilation, stride, padding) != (3, 3, 1, 1, 1) or bias != 1:
            raise _not_read(
                layer,
                f"it is a {width}x{height} convolution, dilation {dilation}, stride "
                f"{stride}, padding {padding}, bias {bias}; expected 3x3, 1, 1, 1, 1",
            )
        self.convolutions.append(layer)
        number = self._put(("conv", len(self.convolutions) - 1, first), layer.name)
        match layer.whole(9):
            case 0:
                return number
            case _ if layer.whole(9) == _PLAIN_RELU:
                return self._put(leaky(0, number), layer.name)
            case _ if layer.whole(9) == _LEAKY:
                return self._put(leaky(layer.number(10), number), layer.name)
        raise _not_read(layer, f"it has activation {layer.whole(9)}; expected 0 to 2")

    def _binary(self, layer: Layer, inputs: list[int]) -> int:
        kind, with_number = layer.whole(0), layer.whole(1)
        if kind == _ADD and not with_number and len(inputs) == 2:
            return self._sum(layer, [(inputs[0], 1.0), (inputs[1], 1.0)])
        if kind == _MULTIPLY and with_number:
            return self._sum(layer, [(inputs[0], layer.number(2))])
        raise _not_read(layer, f"it is operation {kind}; expected a sum or a scale")

    def _sum(self, layer: Layer, weighted: list[tuple[int, float]]) -> int:
        parts = []
        for number, weight in weighted:
            inner = self._terms[number]
            if inner[0] == "sum" and len(inner[1]) == 1:
                ((number, scale),) = inner[1]
                weight *= scale
            parts.append((number, weight))
        return self._put(total(*parts), layer.name)

    def _resized(self, layer: Layer, first: int) -> int:
        kind, height, width = layer.whole(0), layer.number(1, 1), layer.number(2, 1)
        if kind == _NEAREST and height == width and height == int(height):
            return self._put(("nearest", int(height), first), layer.name)
        raise _not_read(
            layer,
            f"it resizes by {height:g}x{width:g} in way {kind}; expected 1, nearest, "
            "by a whole number. Some models are a larger one reduced: import that",
        )


def leaky(slope: float, number: int) -> Term:
    """Return the term of a ReLU with a slope below 0."""
    return ("leaky", round(slope, _DIGITS), number)


def total(*parts: tuple[int, float]) -> Term:
    """Return the term of a weighted sum."""
    return (
        "sum",
        tuple(sorted((number, round(weight, _DIGITS)) for number, weight in parts)),
    )


def _not_read(layer: Layer, reason: str) -> CheckpointError:
    return CheckpointError(
        f"The ncnn model has layer {layer.name} ({layer.kind}) that is not read: "
        f"{reason}. Supported: Compact (SRVGGNet) and RRDBNet (ESRGAN)"
    )
