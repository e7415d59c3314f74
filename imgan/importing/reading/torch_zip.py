"""PyTorch's zip archives (`torch.save` since 1.6): a pickle, and a file per storage."""

import io
from collections.abc import Callable

import numpy as np

from imgan.errors import CheckpointError
from imgan.importing.reading.known import storage_type
from imgan.importing.reading.pickles import MOST_PICKLE_BYTES
from imgan.importing.reading.pickles import read_pickle
from imgan.importing.reading.source import Source
from imgan.importing.reading.tensors import DTYPES
from imgan.importing.reading.tensors import UNTYPED
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.zip_directory import Entry
from imgan.importing.reading.zip_directory import read_entry

LAYOUT = "PyTorch zip archive"
_PICKLE = "data.pkl"


def archive_root(entries: dict[str, Entry]) -> str | None:
    """Return the folder with the pickle inside an archive, or None if it is none."""
    roots = [
        name.removesuffix(_PICKLE)
        for name in entries
        if name.rpartition("/")[2] == _PICKLE and name.count("/") <= 1
    ]
    return roots[0] if len(roots) == 1 else None


def read_torch_zip(source: Source, entries: dict[str, Entry], root: str) -> object:
    """Return what was saved, its tensors not read yet.

    Args:
        source: The file.
        entries: Its directory.
        root: The folder in it, as `archive_root` returns it.

    Raises:
        CheckpointError: If it is a TorchScript archive, damaged, or not of tensors.
    """
    if f"{root}constants.pkl" in entries or any(
        name.startswith(f"{root}code/") for name in entries
    ):
        raise CheckpointError(
            "The file is a TorchScript archive: a program with weights. Expected the "
            "weights alone. Where PyTorch is installed: "
            "torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)"
        )
    byteorder = _byteorder(source, entries, root)
    storages: dict[str, Storage] = {}

    def persistent(identity: object) -> object:
        match identity:
            case ("storage", kind, str(key), str(), int(elements), *_):
                name, dtype = f"{root}data/{key}", storage_type(kind)
                if key not in storages:
                    read = _reader(source, entries, name, dtype, elements)
                    storages[key] = Storage(key, dtype, elements, read, byteorder)
                return storages[key]
        raise CheckpointError("A storage in the file is not of a known form")

    pickle = entries[root + _PICKLE]
    if pickle.size > MOST_PICKLE_BYTES:
        raise CheckpointError(
            f"The pickle in the archive has {pickle.size} bytes; that of a network "
            f"has up to {MOST_PICKLE_BYTES}"
        )
    return read_pickle(io.BytesIO(read_entry(source, pickle)), persistent)


def _reader(
    source: Source, entries: dict[str, Entry], name: str, dtype: str, elements: int
) -> Callable[[], bytearray]:
    entry = entries.get(name)
    if entry is None:
        raise CheckpointError(f"The archive lacks {name}, which its pickle refers to")
    size = 1 if dtype == UNTYPED else np.dtype(DTYPES.get(dtype, "u1")).itemsize
    known = dtype in DTYPES or dtype == UNTYPED
    if elements < 0 or (known and entry.size != elements * size):
        raise CheckpointError(
            f"{name} in the archive has {entry.size} bytes; expected {elements} "
            f"numbers of type {dtype}"
        )
    return lambda: read_entry(source, entry)


def _byteorder(source: Source, entries: dict[str, Entry], root: str) -> str:
    entry = entries.get(f"{root}byteorder")
    if entry is None or entry.size > 16:
        # Files from before PyTorch 2.1 do not say, and little is what machines are.
        return "<"
    said = bytes(read_entry(source, entry))
    if said not in (b"little", b"big"):
        raise CheckpointError(
            f"The byte order in the archive must be little or big. Received: {said!r}"
        )
    return "<" if said == b"little" else ">"
