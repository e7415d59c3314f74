"""PyTorch's files from before 1.6: five pickles, then the storages one by one."""

import struct
from collections.abc import Callable

import numpy as np

from imgan.errors import CheckpointError
from imgan.importing.reading.known import Global
from imgan.importing.reading.known import storage_type
from imgan.importing.reading.pickles import MOST_PICKLE_BYTES
from imgan.importing.reading.pickles import no_persistent
from imgan.importing.reading.pickles import read_pickle
from imgan.importing.reading.source import AGAIN
from imgan.importing.reading.source import Source
from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import UNTYPED
from imgan.importing.reading.tensors import Storage

LAYOUT = "PyTorch legacy file"
_MAGIC = 0x1950A86A20F9469CFC6C
_MAGIC_BYTES = _MAGIC.to_bytes(10, "little")
_PROTOCOL = 1001
_COUNT_BYTES = 8


def is_torch_legacy(head: bytes) -> bool:
    """Return whether a file that starts so was written by the old `torch.save`."""
    return _MAGIC_BYTES in head[:32] or head.startswith(b"L%dL" % _MAGIC)


def read_torch_legacy(source: Source) -> object:
    """Return what was saved, its tensors not read yet.

    Raises:
        CheckpointError: If it is truncated, damaged, or not of tensors.
    """
    window = source.window(0, 2 * MOST_PICKLE_BYTES)
    magic, protocol, system = (read_pickle(window, no_persistent) for _ in range(3))
    if magic != _MAGIC or protocol != _PROTOCOL or not isinstance(system, dict):
        raise CheckpointError(
            f"Expected PyTorch's file protocol {_PROTOCOL}. Received: {protocol!r:.40}"
        )
    order = "<" if system.get("little_endian", True) else ">"
    blocks = _Blocks(source, order)
    saved = read_pickle(window, blocks.persistent)
    keys = read_pickle(window, no_persistent)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise CheckpointError("The file has no list of its storages")
    blocks.locate(keys, window.tell())
    return saved


class _Blocks:
    """The storages behind the pickles."""

    def __init__(self, source: Source, byteorder: str) -> None:
        self._source = source
        self._byteorder = byteorder
        self._roots: dict[str, tuple[str, int]] = {}
        self._starts: dict[str, int] = {}
        self._storages: dict[tuple[str, str], Storage] = {}

    def persistent(self, identity: object) -> object:
        """Return the storage, or the class, that a persistent id stands for."""
        match identity:
            case ("module", Global() as kind, *_):
                return kind
            case ("storage", kind, str(key), str(), int(elements), *view):
                return self._storage(key, storage_type(kind), elements, view)
        raise CheckpointError("A storage in the file is not of a known form")

    def locate(self, keys: list[str], position: int) -> None:
        """Find where each storage lies, from the first one's position."""
        for key in keys:
            if key not in self._roots:
                raise CheckpointError(
                    f"The file holds a storage that nothing refers to, {key[:40]!r}"
                )
            dtype, elements = self._roots[key]
            count = self._source.read(position, _COUNT_BYTES, f"storage {key[:40]}")
            stored = struct.unpack(self._byteorder + "q", count)[0]
            if stored != elements:
                raise CheckpointError(
                    f"Storage {key[:40]} has {stored} elements, and the pickle says "
                    f"{elements}. {AGAIN}"
                )
            self._starts[key] = position + _COUNT_BYTES
            position = self._starts[key] + elements * _itemsize(dtype)
            if position > self._source.size:
                raise CheckpointError(
                    f"The file is truncated: it ends at byte {self._source.size}, in "
                    f"numbers that go on to {position}. {AGAIN}"
                )

    def _storage(
        self, key: str, dtype: str, elements: int, view: list[object]
    ) -> Storage:
        if elements < 0 or self._roots.setdefault(key, (dtype, elements)) != (
            dtype,
            elements,
        ):
            raise CheckpointError(f"Storage {key[:40]} is described in two ways")
        match view:
            case [] | [None]:
                name, offset, length = "", 0, elements
            case [(str(name), int(offset), int(length))]:
                pass
            case _:
                raise CheckpointError("A view in the file is not of a known form")
        if offset < 0 or length < 0 or offset + length > elements:
            raise CheckpointError(f"A view in the file reaches out of storage {key}")
        if (key, name) not in self._storages:
            read = self._reader(key, offset, length, _itemsize(dtype))
            self._storages[key, name] = Storage(
                key, dtype, length, read, self._byteorder
            )
        return self._storages[key, name]

    def _reader(
        self, key: str, offset: int, length: int, size: int
    ) -> Callable[[], bytearray]:
        def read() -> bytearray:
            if key not in self._starts:
                raise CheckpointError(f"The file lacks storage {key[:40]}. {AGAIN}")
            start = self._starts[key] + offset * size
            return self._source.read(start, length * size, f"storage {key[:40]}")

        return read


def _itemsize(dtype: str) -> int:
    if dtype == UNTYPED:
        return 1
    if dtype not in DTYPES:
        # Without its size, nothing behind it could be found.
        raise CheckpointError(
            f"The file holds a storage of type {dtype}. Supported: {', '.join(DTYPES)}"
        )
    return np.dtype(DTYPES[dtype]).itemsize
