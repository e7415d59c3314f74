"""Arrays of an HDF5 file, looked at without following it anywhere else.

A file may be hostile: links into other files, data sets that are computed from others,
references, and shapes that are far larger than what is stored are refused before
anything is read or allocated.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imgan.errors import CheckpointError
from imgan.types import Array

MOST_NAMES = 100_000
"""Most layers, or arrays of one layer, that are believed."""

_MOST_DIMENSIONS = 6


class Store:
    """The groups, attributes and arrays of an open HDF5 file.

    Args:
        file: An open `h5py.File`.
        path: Of the file that the user gave, for messages.
    """

    def __init__(self, file: Any, path: Path) -> None:
        self._file = file
        self._path = path

    def has(self, name: str) -> bool:
        """Whether there is a group or an array of that path, inside this file."""
        return self._find(name) is not None

    def text(self, name: str) -> str | None:
        """Return a text attribute of the file; None if it has no such."""
        if name not in self._file.attrs:
            return None
        value = self._attribute(self._file, name)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, str):
            return value
        raise self._bad(f"attribute {name} is not a text")

    def names(self, group: str, attribute: str) -> list[str] | None:
        """Return an attribute that is a list of names; None if there is no such.

        Keras cuts long lists into `attribute0`, `attribute1` and so on.
        """
        found = self._find(group)
        if found is None:
            return None
        if attribute in found.attrs:
            return list(self._listed(found, attribute))
        if f"{attribute}0" not in found.attrs:
            return None
        names: list[str] = []
        for index in range(MOST_NAMES):
            if f"{attribute}{index}" not in found.attrs:
                break
            names += self._listed(found, f"{attribute}{index}")
        return names

    def members(self, group: str) -> list[str]:
        """Return the names inside a group; empty if there is no such group."""
        found = self._find(group)
        if found is None or not hasattr(found, "keys"):
            return []
        return list(found.keys())

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array."""
        return tuple(self._dataset(name).shape)

    def array(self, name: str) -> Array:
        """Return an array of numbers: float32, or whole numbers as they are stored.

        Raises:
            CheckpointError: If it is not there, not numbers, or not in this file.
        """
        dataset = self._dataset(name)
        try:
            values = np.asarray(dataset[()])
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise self._bad(f"{name} cannot be read: {error}") from error
        if values.dtype.kind == "f":
            values = values.astype(np.float32)
            if not np.isfinite(values).all():
                raise self._bad(f"{name} holds values that are not finite")
        return values

    def _dataset(self, name: str) -> Any:
        import h5py

        found = self._find(name)
        if not isinstance(found, h5py.Dataset):
            raise self._bad(f"{name} is not there, or not an array")
        if found.is_virtual or found.external:
            raise self._bad(f"{name} lies in another file, which is not followed")
        if found.dtype.kind not in "fiub":
            raise self._bad(f"{name} holds {found.dtype} instead of numbers")
        if found.shape is None or len(found.shape) > _MOST_DIMENSIONS:
            raise self._bad(f"{name} has no shape of an array: {found.shape}")
        # Keras does not compress: what is not stored would only cost memory.
        if found.nbytes > found.id.get_storage_size():
            raise self._bad(
                f"{name} claims the shape {found.shape} and stores "
                f"{found.id.get_storage_size()} bytes"
            )
        return found

    def _find(self, name: str) -> Any:
        """Follow plain links alone."""
        import h5py

        found = self._file
        for part in filter(None, name.split("/")):
            # Whether a name is there must not be asked in a way that follows it.
            links = found.id.links if isinstance(found, h5py.Group) else None
            key = part.encode("utf-8", "replace")
            if links is None or not links.exists(key):
                return None
            if links.get_info(key).type != h5py.h5l.TYPE_HARD:
                raise self._bad(f"{name} is a link, which is not followed")
            found = found[part]
        return found

    def _attribute(self, holder: Any, name: str) -> Any:
        try:
            shape = holder.attrs.get_id(name).shape
            if int(np.prod(shape or (1,))) > MOST_NAMES:
                raise self._bad(f"attribute {name} has {shape} entries")
            return holder.attrs[name]
        except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise self._bad(f"attribute {name} cannot be read") from error

    def _listed(self, holder: Any, name: str) -> Iterator[str]:
        for item in np.asarray(self._attribute(holder, name)).ravel().tolist():
            if isinstance(item, bytes):
                item = item.decode("utf-8", "replace")
            if not isinstance(item, str):
                raise self._bad(f"attribute {name} is not a list of names")
            yield item

    def _bad(self, what: str) -> CheckpointError:
        return CheckpointError(
            f"{self._path} is damaged or was not written by Keras: {what}."
        )
