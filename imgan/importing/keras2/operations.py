"""What functions of TensorFlow, called on the results of layers, become.

Keras 2 records `tf.nn.depth_to_space(x, 2)` as a layer of its own, by the name of the
function. Sizes are known numbers here, so `tf.shape` and what is computed from it are.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.importing.keras2.activations import activation_parts
from imgan.importing.keras2.lambdas import enlarge
from imgan.importing.keras2.parts import Part
from imgan.importing.keras2.parts import unsupported

BEYOND = 3e38
"""Far beyond any value, and finite in every dtype with the range of float32."""


class Applied(NamedTuple):
    """Layers that are called on results one after the other."""

    parts: list[Part]
    inputs: list[Any]


def is_tensor(value: Any) -> bool:
    """Whether a value is the symbolic result of a layer."""
    return hasattr(value, "shape") and not isinstance(value, np.ndarray)


def operation(
    function: str, arguments: Sequence[Any], options: Mapping[str, Any], name: str
) -> Any:
    """Return what a function of TensorFlow makes.

    Args:
        function: Its name without `tf.`.
        arguments: Results of layers with known sides, or constants.
        options: Arguments by name.
        name: Of the layer, for messages.

    Returns:
        `Applied`, or numbers where none but numbers were given.

    Raises:
        CheckpointError: If the function, or how it is called, is not known.
    """
    function = function.removeprefix("compat.v1.").removeprefix("tf.")
    maker = _FUNCTIONS.get(function) or _FUNCTIONS.get(function.rpartition(".")[2])
    if maker is None:
        raise unsupported(
            f"Layer {name!r}: the function tf.{function}",
            f"Known: {', '.join(sorted(_FUNCTIONS))}. If it is another name for one of "
            f"the operations that --lambda knows, say so by --lambda {name}=....",
        )
    given = {key: value for key, value in options.items() if value is not None}
    given.pop("name", None)
    read = _Options(given)
    try:
        made = maker(list(arguments), read)
        if unread := read.unread():
            raise ValueError(f"{unread} has a meaning that is not known")
        return made
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise unsupported(
            f"Layer {name!r}: the function tf.{function} called with "
            f"{_described(arguments[1:], given)}"
        ) from error


# They change nothing in what is read here.
_WITHOUT_EFFECT = {"antialias", "dtype_hint", "out_type"}


class _Options(dict[str, Any]):
    """Arguments by name that note which of them were asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._asked = set(_WITHOUT_EFFECT)

    def __getitem__(self, name: str) -> Any:
        self._asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        return super().get(name, default)

    def unread(self) -> list[str]:
        """Return what nothing has asked for, but for switches that are off."""
        return [
            name
            for name, value in self.items()
            if name not in self._asked and value is not False
        ]


def _described(arguments: Sequence[Any], options: Mapping[str, Any]) -> str:
    words = [_word(value) for value in arguments]
    words += [f"{key}={_word(value)}" for key, value in options.items()]
    return ", ".join(words) or "nothing more"


def _word(value: Any) -> str:
    return "a result" if is_tensor(value) else str(value)[:60]


def _two(arguments: list[Any], options: Mapping[str, Any]) -> tuple[Any, Any]:
    given = [*(arguments[0] if len(arguments) == 1 and _several(arguments) else ())]
    given = given or list(arguments)
    return (given[0], given[1] if len(given) > 1 else options["y"])


def _several(arguments: list[Any]) -> bool:
    first = arguments[0]
    return isinstance(first, list) and len(first) == 2 and any(map(is_tensor, first))


def _binary(
    kind: str | None,
    numbers: Callable[[Any, Any], Any],
    right: Callable[[Any], tuple[Any, Any]] | None,
    left: Callable[[Any], tuple[Any, Any]] | None,
) -> Callable[[list[Any], Mapping[str, Any]], Any]:
    """Return how a function of two values is read.

    Args:
        kind: Layer for two results; None: there is none.
        numbers: The function itself, for numbers.
        right: Scale and offset that it is with a constant on its right.
        left: The same on its left.
    """

    def make(arguments: list[Any], options: Mapping[str, Any]) -> Any:
        x, y = _two(arguments, options)
        if is_tensor(x) and is_tensor(y):
            if kind is None or tuple(x.shape[1:3]) != tuple(y.shape[1:3]):
                raise ValueError("results of two sizes")
            return Applied([Part(kind)], [x, y])
        if is_tensor(x) or is_tensor(y):
            change, constant = (right, y) if is_tensor(x) else (left, x)
            if change is None:
                raise ValueError("a constant")
            scale, offset = change(_vector(constant))
            config = {"scale": _listed(scale), "offset": _listed(offset)}
            return Applied([Part("Rescaling", config)], [x if is_tensor(x) else y])
        return numbers(x, y)

    return make


def _vector(value: Any) -> Any:
    """Return a constant as a number, or as an array over channels."""
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all() or array.size != max(array.shape[-1:], default=1):
        raise ValueError("a constant with a size of its own")
    return float(array.reshape(())) if array.size == 1 else array.reshape(-1)


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [float(item) for item in value]
    return float(value)


def _single(arguments: list[Any]) -> Any:
    if len(arguments) < 1 or not is_tensor(arguments[0]):
        raise ValueError("no result of a layer")
    return arguments[0]


def _activation(name: str) -> Callable[[list[Any], Mapping[str, Any]], Any]:
    def make(arguments: list[Any], options: Mapping[str, Any]) -> Any:
        if len(arguments) > 1:
            raise ValueError("an activation of another form")
        return Applied(activation_parts(name, modern=False), [_single(arguments)])

    return make


def _elu(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    alpha = float(_option(arguments, options, "alpha", 1.0))
    return Applied([Part("ELU", {"alpha": alpha})], [_single(arguments)])


def _leaky_relu(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    usual = options.get("negative_slope", 0.2)
    slope = float(_option(arguments, options, "alpha", usual))
    part = Part("LeakyReLU", {"negative_slope": slope})
    return Applied([part], [_single(arguments)])


def _option(
    arguments: list[Any], options: Mapping[str, Any], name: str, default: Any
) -> Any:
    if name in options:
        return options[name]
    return arguments[1] if len(arguments) > 1 else default


def _block(kind: str) -> Callable[[list[Any], Mapping[str, Any]], Any]:
    def make(arguments: list[Any], options: Mapping[str, Any]) -> Any:
        if options.get("data_format", "NHWC") not in ("NHWC", "channels_last"):
            raise ValueError("channels first")
        size = int(_option(arguments, options, "block_size", None))
        return Applied([Part(kind, {"block_size": size})], [_single(arguments)])

    return make


def _clip(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    low = options.get("clip_value_min", options.get("x_min", arguments[1:2]))
    high = options.get("clip_value_max", options.get("x_max", arguments[2:3]))
    low, high = (
        value[0] if isinstance(value, list) else value for value in (low, high)
    )
    part = Part("Clip", {"low": float(low), "high": float(high)})
    return Applied([part], [_single(arguments)])


def _bound(key: str) -> Callable[[list[Any], Mapping[str, Any]], Any]:
    def make(arguments: list[Any], options: Mapping[str, Any]) -> Any:
        x, y = _two(arguments, options)
        if is_tensor(x) and is_tensor(y):
            return Applied([Part("Maximum" if key == "low" else "Minimum")], [x, y])
        result, bound = (x, y) if is_tensor(x) else (y, x)
        config = {"low": -BEYOND, "high": BEYOND, key: float(bound)}
        return Applied([Part("Clip", config)], [_single([result])])

    return make


def _pad(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    pads = _option(arguments, options, "paddings", options.get("pad_width"))
    rows, columns = ([int(side) for side in pad] for pad in pads[1:3])
    if len(pads) != 4 or any(map(any, (pads[0], pads[3]))):
        raise ValueError("more than rows and columns")
    mode = str(options.get("mode", "CONSTANT")).upper()
    kinds = {"REFLECT": "ReflectionPadding2D", "CONSTANT": "ZeroPadding2D"}
    if options.get("constant_values", 0) and mode == "CONSTANT":
        raise ValueError("not with zeros")
    part = Part(kinds[mode], {"padding": [rows, columns]})
    return Applied([part], [_single(arguments)])


def _concat(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    listed = isinstance(arguments[0], list)
    results = [*(arguments[0] if listed else arguments), *options.get("values", [])]
    axis = _option(arguments if listed else [], options, "axis", -1)
    if axis not in (-1, 3) or not all(map(is_tensor, results)):
        raise ValueError("not of channels")
    return Applied([Part("Concatenate", {"axis": -1})], results)


def _resize(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    images = _single(arguments)
    size = [int(side) for side in _option(arguments, options, "size", None)]
    if options.get("preserve_aspect_ratio") or options.get("align_corners"):
        raise ValueError("keeps another geometry")
    ratios = {
        new / old for new, old in zip(size, tuple(images.shape)[1:3], strict=True)
    }
    ratio = ratios.pop()
    if ratios or ratio != int(ratio):
        raise ValueError("not a whole multiple")
    method = str(options.get("method", options.get("interpolation", "bilinear")))
    return Applied(enlarge(int(ratio), method.lower()), [images])


def _shape(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    return [None, *_single(arguments).shape[1:]]


def _getitem(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    spec = _option(arguments, options, "slice_spec", None)
    if not is_tensor(arguments[0]):
        chosen = _slice(spec) if isinstance(spec, dict) else int(spec)
        return arguments[0][chosen]
    cuts = [_slice(item) for item in _without_ellipsis(spec)]
    if len(cuts) > 4 or any(cut.step not in (None, 1) for cut in cuts):
        raise ValueError("not a crop")
    whole = slice(None, None, None)
    batch, rows, columns, channels = (*cuts, *[whole] * (4 - len(cuts)))
    if any((cut.start or 0, cut.stop) != (0, None) for cut in (batch, channels)):
        raise ValueError("not of rows and columns")
    shape = tuple(arguments[0].shape)
    cropping = []
    for cut, side in ((rows, shape[1]), (columns, shape[2])):
        start, stop, _ = cut.indices(side)
        # From the start on it would be a size of its own, not a crop.
        if cut.stop is not None and cut.stop > 0:
            raise ValueError("up to a fixed size")
        cropping.append([start, side - stop])
    part = Part("Cropping2D", {"cropping": cropping})
    return Applied([part], [arguments[0]])


def _without_ellipsis(spec: Sequence[Any]) -> list[Any]:
    """Return the cuts of all four axes, where three dots stand for some of them."""
    dots = [index for index, item in enumerate(spec) if _is_ellipsis(item)]
    if not dots:
        return list(spec)
    whole: list[Any] = [{}] * (5 - len(spec))
    return [*spec[: dots[0]], *whole, *spec[dots[0] + 1 :]]


def _is_ellipsis(item: Any) -> bool:
    return isinstance(item, dict) and item.get("class_name") == "__ellipsis__"


def _slice(item: Any) -> slice:
    if not isinstance(item, dict) or not set(item) <= {"start", "stop", "step"}:
        raise ValueError("an index that is no slice")
    return slice(item.get("start"), item.get("stop"), item.get("step"))


def _same(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    dtype = str(_option(arguments, options, "dtype", "float32"))
    if is_tensor(arguments[0]) and "float32" not in dtype:
        raise ValueError("another dtype")
    return Applied([], [arguments[0]]) if is_tensor(arguments[0]) else arguments[0]


def _negative(arguments: list[Any], options: Mapping[str, Any]) -> Any:
    part = Part("Rescaling", {"scale": -1.0, "offset": 0.0})
    return Applied([part], [_single(arguments)])


_DIVIDE = _binary(None, lambda x, y: x / y, lambda c: (1 / c, 0.0), None)
_ADD = _binary("Add", lambda x, y: x + y, lambda c: (1.0, c), lambda c: (1.0, c))
_SUBTRACT = _binary(
    "Subtract", lambda x, y: x - y, lambda c: (1.0, -c), lambda c: (-1.0, c)
)
_MULTIPLY = _binary(
    "Multiply", lambda x, y: x * y, lambda c: (c, 0.0), lambda c: (c, 0.0)
)

_FUNCTIONS: dict[str, Callable[[list[Any], Mapping[str, Any]], Any]] = {
    "depth_to_space": _block("DepthToSpace"),
    "space_to_depth": _block("SpaceToDepth"),
    "pad": _pad,
    "concat": _concat,
    "image.resize": _resize,
    "clip_by_value": _clip,
    "add": _ADD,
    "multiply": _MULTIPLY,
    "subtract": _SUBTRACT,
    "truediv": _DIVIDE,
    "divide": _DIVIDE,
    "floordiv": _binary(None, lambda x, y: x // y, None, None),
    "maximum": _bound("low"),
    "minimum": _bound("high"),
    "negative": _negative,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "shape": _shape,
    "getitem": _getitem,
    "cast": _same,
    "identity": _same,
    "convert_to_tensor": _same,
    **{
        name: _activation(name)
        for name in (
            "relu",
            "relu6",
            "selu",
            "silu",
            "swish",
            "tanh",
            "sigmoid",
            "softplus",
            "softsign",
        )
    },
}
