"""Tensors that are described but not read yet, and the reading of those wanted.

A training checkpoint holds several networks and the state of optimizers. Only what the
chosen network needs is read from the file.
"""

import math
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from imgan.errors import CheckpointError
from imgan.types import Array

MOST_BYTES = 4 << 30
"""What the tensors of one network may take in memory."""

MOST_ELEMENTS = 1 << 40
_MOST_AXES = 16
# How far views may repeat what a storage holds: tied weights do, attacks do more.
_MOST_REPEATS = 8
_FREE_ELEMENTS = 1 << 20

DTYPES: dict[str, str] = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    # numpy knows none: read as integers, and widened.
    "bfloat16": "u2",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "bool": "b1",
}
"""PyTorch's names of the types that are read, and numpy's of the bytes."""

UNTYPED = "bytes"
"""A storage without a type: its tensors bring theirs."""


@dataclass(frozen=True, eq=False)
class Storage:
    """A block of numbers in the file, which one or several tensors look into."""

    key: str
    """The same for parts of one block; empty: this block has no other parts."""
    dtype: str
    """A name of `DTYPES`, `UNTYPED`, or one that is not supported."""
    elements: int
    read: Callable[[], bytes | bytearray]
    """Returns its bytes."""
    byteorder: str = "<"


@dataclass(frozen=True, eq=False)
class LazyTensor:
    """A tensor as the file describes it."""

    storage: Storage
    dtype: str
    offset: int
    """In elements, as the strides."""
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def describe_tensor(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    dtype: str | None = None,
) -> LazyTensor:
    """Return a tensor whose every number lies inside its storage.

    Args:
        storage: A `Storage`, as everything here from a file that may be damaged.
        offset: Of the first element.
        shape: Lengths of the axes.
        strides: Of the axes, in elements.
        dtype: Of the tensor, if its storage has none.

    Raises:
        CheckpointError: If it is not of this form, or reaches out of its storage.
    """
    if not isinstance(storage, Storage):
        raise _bad(f"its storage is {type(storage).__name__}")
    lengths, steps = _numbers(shape, "shape"), _numbers(strides, "strides")
    first = _numbers((offset,), "offset")[0]
    if len(lengths) != len(steps) or len(lengths) > _MOST_AXES:
        raise _bad(f"its shape is {lengths} and its strides are {steps}")
    elements = math.prod(lengths)
    dtype = dtype or storage.dtype
    available = storage.elements
    if storage.dtype == UNTYPED and dtype in DTYPES:
        available //= np.dtype(DTYPES[dtype]).itemsize
    if elements:
        last = first + sum((n - 1) * s for n, s in zip(lengths, steps, strict=True))
        if last >= available:
            raise _bad(
                f"shape {lengths}, strides {steps} and offset {first} reach element "
                f"{last} of a storage of {available}"
            )
    if elements > max(available, _FREE_ELEMENTS):
        raise _bad(f"shape {lengths} repeats a storage of {available} elements")
    return LazyTensor(storage, dtype, first, lengths, steps)


def packed_strides(shape: tuple[int, ...], fortran: bool = False) -> tuple[int, ...]:
    """Return the strides, in elements, of a tensor without gaps.

    Args:
        shape: Lengths of the axes.
        fortran: Whether the first axis is the one of neighbours, instead of the last.
    """
    steps, step = list[int](), 1
    for length in shape if fortran else shape[::-1]:
        steps.append(step)
        step *= max(length, 1)
    return tuple(steps if fortran else steps[::-1])


def read_tensors(tensors: dict[str, LazyTensor]) -> dict[str, Array]:
    """Read tensors: floating point numbers as float32, whole numbers as they are.

    Args:
        tensors: By name.

    Returns:
        C-contiguous arrays that own their memory, by the same names.

    Raises:
        CheckpointError: If a type is not supported, if they are too large in all, or
            if their storages are not all in the file.
    """
    for name, tensor in tensors.items():
        if tensor.dtype not in DTYPES:
            raise CheckpointError(
                f"The tensor {name} is of type {tensor.dtype}. Supported: "
                f"{', '.join(DTYPES)}. Save it again in one of these"
            )
    _refuse_repeats(tensors.values())
    uses = Counter(id(tensor.storage) for tensor in tensors.values())
    shared: dict[int, bytes | bytearray] = {}
    arrays = {}
    for name, tensor in tensors.items():
        identity = id(tensor.storage)
        data = shared.get(identity)
        if data is None:
            data = tensor.storage.read()
            if uses[identity] > 1:
                shared[identity] = data
        arrays[name] = _array(tensor, data, owned=uses[identity] == 1)
    return arrays


def _refuse_repeats(tensors: Iterable[LazyTensor]) -> None:
    stored_by: dict[object, int] = {}
    for storage in (tensor.storage for tensor in tensors):
        # Parts of one storage, which old files have, are stored once.
        place = storage.key or id(storage)
        stored_by[place] = max(stored_by.get(place, 0), storage.elements)
    stored = sum(stored_by.values())
    elements = sum(tensor.elements for tensor in tensors)
    if elements > _MOST_REPEATS * stored + _FREE_ELEMENTS:
        raise _bad(f"{elements} elements in all look into {stored} stored ones")
    needed = sum(
        tensor.elements * max(4, np.dtype(DTYPES[tensor.dtype]).itemsize)
        for tensor in tensors
    )
    if needed > MOST_BYTES:
        raise CheckpointError(
            f"The tensors take {needed / 2**30:.1f} GiB in memory; networks of up to "
            f"{MOST_BYTES >> 30} GiB are read"
        )


def _array(tensor: LazyTensor, data: bytes | bytearray, owned: bool) -> Array:
    stored = np.dtype(tensor.storage.byteorder + DTYPES[tensor.dtype])
    view: Array = np.ndarray(
        tensor.shape,
        stored,
        data,
        tensor.offset * stored.itemsize,
        tuple(step * stored.itemsize for step in tensor.strides),
    )
    if tensor.dtype == "bfloat16":
        # The upper half of a float32.
        widened: Array = (view.astype(np.uint32, order="C") << 16).view(np.float32)
        return widened
    if tensor.dtype == "bool":
        # Any other byte would be a bool that is neither.
        return np.array(view.view(np.uint8) != 0, order="C")
    wanted = np.float32 if stored.kind == "f" else stored.newbyteorder("=")
    whole = tensor.elements * stored.itemsize == len(data)
    copied = not (owned and whole and isinstance(data, bytearray))
    if copied:
        return np.array(view, wanted, order="C")
    return np.ascontiguousarray(view, wanted).reshape(tensor.shape)


def _numbers(values: object, what: str) -> tuple[int, ...]:
    if isinstance(values, tuple | list) and all(
        type(value) is int and 0 <= value < MOST_ELEMENTS for value in values
    ):
        return tuple(values)
    kind = type(values).__name__
    raise _bad(f"its {what} should be small whole numbers, and is a {kind} of others")


def _bad(reason: str) -> CheckpointError:
    return CheckpointError(f"A tensor in the file is not possible: {reason}")
