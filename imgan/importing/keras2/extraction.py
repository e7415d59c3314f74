"""Take an HDF5 file apart, in a process that may die of it.

    python -m imgan.importing.keras2.extraction FILE FOLDER

The library of HDF5 is not made for damaged or hostile bytes: on some it reads outside
of its memory, on others it never ends. Whoever waits for this process loses nothing by
that. It writes `contents.json` into the folder, and the arrays as `arrays.npz`.

A file may point elsewhere, too: links into other files, data sets that are computed
from others, references, and shapes that are far larger than what is stored are noted
as faults before anything is read or allocated.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imgan.errors import first_line
from imgan.types import Array

MOST_NAMES = 100_000
"""Most groups, arrays, or names in a list, that are believed."""

CONTENTS, ARRAYS = "contents.json", "arrays.npz"

_CONFIG = "model_config"
_LISTS = ("layer_names", "weight_names")
_NOT_NEEDED = ("optimizer", "optimizer_weights", "_optimizer")
_MOST_DIMENSIONS = 6
_DEEPEST = 64
_PLENTY = 2 * 2**30
"""Bytes of memory beside four times those of the file."""


class _FaultError(Exception):
    """Something in the file is not what Keras writes."""


def extract(source: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what a file holds.

    Args:
        source: An HDF5 file.

    Returns:
        Contents: `config`, the text of the model's configuration or None; `groups`, by
        path, with their `members` and `lists` of names; `arrays`, where each lies in
        the second dictionary; and `faults`, by path. Or `error`, if it cannot be
        opened.
    """
    import h5py

    try:
        with h5py.File(source, "r") as file:
            walk = _Walk()
            walk.visit(file, "", 0)
            config = _text(file, _CONFIG)
    except (_FaultError, *_RAISED) as error:
        return {"error": first_line(error)}, {}
    places = {path: f"a{index}" for index, path in enumerate(walk.arrays)}
    contents = {
        "config": config,
        "groups": walk.groups,
        "arrays": places,
        "faults": walk.faults,
    }
    return contents, {places[path]: array for path, array in walk.arrays.items()}


_RAISED = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError)
"""What h5py raises where it meets nonsense."""


class _Walk:
    """Everything that plain links lead to."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.arrays: dict[str, Array] = {}
        self.faults: dict[str, str] = {}
        self._seen: set[int] = set()

    def visit(self, found: Any, path: str, depth: int) -> None:
        """Note a group or an array, and what is inside."""
        import h5py

        place = h5py.h5o.get_info(found.id).addr
        if depth > _DEEPEST or len(self._seen) > MOST_NAMES:
            raise _FaultError(f"{path or 'the file'} holds too much")
        if isinstance(found, h5py.Dataset):
            try:
                self.arrays[path] = _values(found)
            except (_FaultError, *_RAISED) as error:
                self.faults[path] = first_line(error)
            return
        if place in self._seen or not isinstance(found, h5py.Group):
            self.faults[path] = "it is in several places, or is no group"
            return
        self._seen.add(place)
        members = [name for name in found if path or name not in _NOT_NEEDED]
        self.groups[path] = {
            "members": members,
            "lists": {key: names for key in _LISTS if (names := _names(found, key))},
        }
        for name in members:
            self._follow(found, name, f"{path}/{name}" if path else name, depth)

    def _follow(self, group: Any, name: str, path: str, depth: int) -> None:
        import h5py

        # What a link is must not be asked in a way that follows it.
        kind = group.id.links.get_info(name.encode("utf-8", "replace")).type
        if kind != h5py.h5l.TYPE_HARD:
            self.faults[path] = "it is a link, which is not followed"
        else:
            self.visit(group[name], path, depth + 1)


def _values(dataset: Any) -> Array:
    """Return numbers: float32, or whole numbers as they are stored."""
    if dataset.is_virtual or dataset.external:
        raise _FaultError("it lies in another file, which is not followed")
    if dataset.dtype.kind not in "fiub":
        raise _FaultError(f"it holds {dataset.dtype} instead of numbers")
    if dataset.shape is None or len(dataset.shape) > _MOST_DIMENSIONS:
        raise _FaultError(f"it has no shape of an array: {dataset.shape}")
    # Keras does not compress: what is not stored would only cost memory.
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > stored:
        raise _FaultError(
            f"it claims the shape {dataset.shape} and stores {stored} bytes"
        )
    values = np.asarray(dataset[()])
    if values.dtype.kind != "f":
        return values
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise _FaultError("it holds values that are not finite")
    return values


def _names(group: Any, key: str) -> list[str]:
    """Return an attribute that is a list of names; empty if there is no such.

    Keras cuts long lists into `key0`, `key1` and so on.
    """
    if key in group.attrs:
        return list(_listed(group, key))
    names: list[str] = []
    for index in range(MOST_NAMES):
        if f"{key}{index}" not in group.attrs:
            break
        names += _listed(group, f"{key}{index}")
    return names


def _listed(group: Any, key: str) -> Iterator[str]:
    shape = group.attrs.get_id(key).shape
    if int(np.prod(shape or (1,))) > MOST_NAMES:
        raise _FaultError(f"attribute {key} has {shape} entries")
    for item in np.asarray(group.attrs[key]).ravel().tolist():
        if isinstance(item, bytes):
            item = item.decode("utf-8", "replace")
        if not isinstance(item, str):
            raise _FaultError(f"attribute {key} is not a list of names")
        yield item


def _text(file: Any, key: str) -> str | None:
    if key not in file.attrs:
        return None
    value = file.attrs[key]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    raise _FaultError(f"attribute {key} is not a text")


def _limit_memory(size: int) -> None:
    """Have the system refuse memory far beyond what a file of a size can need."""
    try:
        import resource
    except ImportError:
        # Not on Windows.
        return
    most = _PLENTY + 4 * size
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(source: Path, folder: Path) -> None:
    """Write what a file holds into a folder."""
    _limit_memory(source.stat().st_size)
    contents, arrays = extract(source)
    np.savez(folder / ARRAYS, **arrays)  # type: ignore[arg-type]
    (folder / CONTENTS).write_text(json.dumps(contents), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
