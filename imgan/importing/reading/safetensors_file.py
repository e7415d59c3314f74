"""safetensors: a header of names, types and places, and the numbers behind it."""

import math

from imgan.errors import CheckpointError
from imgan.importing.reading.source import AGAIN
from imgan.importing.reading.source import Source
from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import MOST_BYTES
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.tensors import describe_tensor
from imgan.importing.reading.tensors import packed_strides

LAYOUT = "safetensors"
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000

_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def is_safetensors(head: bytes) -> bool:
    """Return whether a file starts with the length of a header and the header."""
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    return head[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{" and (
        2 <= length <= _LONGEST_HEADER
    )


def read_safetensors(source: Source) -> dict[str, LazyTensor]:
    """Return the tensors of a file by name.

    Raises:
        CheckpointError: If it is truncated or damaged.
    """
    from safetensors import SafetensorError
    from safetensors import deserialize

    if source.size > MOST_BYTES:
        raise CheckpointError(
            f"The file has {source.size} bytes; networks of up to {MOST_BYTES} are read"
        )
    data = bytes(source.read(0, source.size, "the tensors"))
    try:
        # As bytes, since numpy has no type for bfloat16.
        entries = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise CheckpointError(
            f"The safetensors file is truncated or damaged ({error}). {AGAIN}"
        ) from error
    return {name: _tensor(name, entry) for name, entry in entries}


def _tensor(name: str, entry: dict[str, object]) -> LazyTensor:
    shape, data = entry["shape"], entry["data"]
    if not isinstance(shape, list) or not isinstance(data, bytes | bytearray):
        raise CheckpointError(f"The tensor {name} is not of a known form")
    dtype = _TYPES.get(str(entry["dtype"]), str(entry["dtype"]))
    elements = math.prod(shape)
    if dtype in DTYPES:
        elements = len(data) // int(DTYPES[dtype][1:])
    storage = Storage(name, dtype, elements, lambda: data)
    return describe_tensor(storage, 0, tuple(shape), packed_strides(tuple(shape)))
