"""numpy's arrays inside a pickle, read without numpy's own unpickling."""

import math
from typing import Any

from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.tensors import describe_tensor
from imgan.importing.reading.tensors import packed_strides

_NAMES = {code: name for name, code in DTYPES.items() if name != "bfloat16"}


class Type:
    """A `numpy.dtype`, of which the state says the byte order."""

    def __init__(self, code: object, *_: object) -> None:
        # The text of anything else may have no end: a list that holds itself twice.
        text = code if isinstance(code, str) else type(code).__name__
        self.name = _NAMES.get(text.lstrip("<>=|"), f"numpy's {text[:20]}")
        self.byteorder = "<"

    def set_state(self, state: object) -> None:
        """Take the byte order, the second number of the state."""
        if isinstance(state, tuple) and len(state) > 1 and state[1] == ">":
            self.byteorder = ">"


class Values:
    """A `numpy.ndarray`, which is empty until its state comes."""

    def __init__(self) -> None:
        self.tensor: LazyTensor | None = None

    def set_state(self, state: object) -> None:
        """Take `(version, shape, dtype, is_fortran, bytes)`."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("an array without a state")
        _, shape, kind, fortran, data = state
        if not isinstance(kind, Type) or not isinstance(shape, tuple):
            raise ValueError("an array without a type")
        if isinstance(data, bytes | bytearray) and kind.name in DTYPES:
            self.tensor = _tensor(shape, kind, bool(fortran), data)


def _tensor(
    shape: tuple[Any, ...], kind: Type, fortran: bool, data: bytes | bytearray
) -> LazyTensor:
    size = int(DTYPES[kind.name][1:])
    if len(data) != math.prod(shape) * size:
        raise ValueError("an array of another size")
    storage = Storage("", kind.name, len(data) // size, lambda: data, kind.byteorder)
    return describe_tensor(storage, 0, shape, packed_strides(shape, fortran))
