"""numpy's arrays inside a pickle, read without numpy's own unpickling."""

import math
from typing import Any

from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.tensors import describe_tensor

_NAMES = {code: name for name, code in DTYPES.items() if name != "bfloat16"}


class Type:
    """A `numpy.dtype`, of which the state says the byte order."""

    def __init__(self, code: object, *_: object) -> None:
        self.name = _NAMES.get(str(code).lstrip("<>=|"), f"numpy's {str(code)[:20]}")
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
    steps, step = [], 1
    for length in shape if fortran else shape[::-1]:
        steps.append(step)
        step *= max(length, 1)
    return describe_tensor(storage, 0, shape, tuple(steps if fortran else steps[::-1]))
