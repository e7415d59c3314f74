"""Groups and arrays that were taken out of an HDF5 file."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import imgan
from imgan.errors import CheckpointError
from imgan.importing.keras2.extraction import ARRAYS
from imgan.importing.keras2.extraction import CONTENTS
from imgan.types import Array

_PATIENCE = 20.0
"""Seconds after which a file that hardly holds anything is given up."""

_SLOWEST = 10e6
"""Bytes in a second, in what a disk reads."""


class Store:
    """The groups, the configuration and the arrays of an HDF5 file.

    Args:
        contents: As `extraction.extract` returns them.
        arrays: Likewise.
        path: Of the file that the user gave, for messages.
    """

    def __init__(
        self, contents: dict[str, Any], arrays: dict[str, Array], path: Path
    ) -> None:
        self.config: str | None = contents["config"]
        """The text of the model's configuration; None: there is none."""
        self._groups: dict[str, Any] = contents["groups"]
        self._places: dict[str, str] = contents["arrays"]
        self._faults: dict[str, str] = contents["faults"]
        self._arrays = arrays
        self._path = path

    def has(self, name: str) -> bool:
        """Whether there is a group or an array of that path, inside this file."""
        name = self._path_of(name)
        return name in self._groups or name in self._places

    def names(self, group: str, attribute: str) -> list[str] | None:
        """Return an attribute that is a list of names; None if there is no such."""
        found = self._groups.get(self._path_of(group), {})
        lists: dict[str, list[str]] = found.get("lists", {})
        return lists.get(attribute)

    def members(self, group: str) -> list[str]:
        """Return the names inside a group; empty if there is no such group."""
        return list(self._groups.get(self._path_of(group), {}).get("members", []))

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array."""
        return self.array(name).shape

    def array(self, name: str) -> Array:
        """Return an array of numbers: float32, or whole numbers as they are stored.

        Raises:
            CheckpointError: If it is not there, not numbers, or not in this file.
        """
        name = self._path_of(name)
        if name not in self._places:
            raise self._bad(f"{name} is not there, or not an array")
        return self._arrays[self._places[name]]

    def _path_of(self, name: str) -> str:
        """Return a path as it was noted, if there is no fault on the way to it."""
        path = ""
        for part in filter(None, name.split("/")):
            path = f"{path}/{part}" if path else part
            if path in self._faults:
                raise self._bad(f"{path}: {self._faults[path]}")
        return path

    def _bad(self, what: str) -> CheckpointError:
        return CheckpointError(
            f"{self._path} is damaged or was not written by Keras: {what}."
        )


def read_store(source: Path, path: Path) -> Store:
    """Return what an HDF5 file holds, read by a process of its own.

    Args:
        source: The file.
        path: What the user gave, for messages.

    Raises:
        CheckpointError: If it cannot be opened, or the library fails on it.
    """
    with tempfile.TemporaryDirectory(prefix="imgan-") as folder:
        _extract(source, Path(folder), path)
        try:
            text = (Path(folder) / CONTENTS).read_text(encoding="utf-8")
            contents = json.loads(text)
            with np.load(Path(folder) / ARRAYS, allow_pickle=False) as file:
                arrays = dict(file)
        except (OSError, ValueError) as error:
            raise _lost(path) from error
    if "error" in contents:
        raise CheckpointError(f"{path} is damaged: {contents['error']}.")
    return Store(contents, arrays, path)


def _extract(source: Path, folder: Path, path: Path) -> None:
    program = "imgan.importing.keras2.extraction"
    # -P: beside a file that was downloaded there may be an h5py.py.
    options = ["-P", "-m", program]
    try:
        # Its libraries are where ours are, and need no threads.
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(_library_folders()),
            "OPENBLAS_NUM_THREADS": "1",
        }
        subprocess.run(
            [sys.executable, *options, str(source.resolve()), str(folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE + source.stat().st_size / _SLOWEST,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _lost(path) from error


def _library_folders() -> list[str]:
    """Return where Python looks for modules, but for the current folder.

    That one comes first where imgan was started by `python -m`. It stays if imgan
    itself lies in it: who runs a checkout trusts it.
    """
    here, ours = Path.cwd().resolve(), Path(imgan.__file__).resolve().parent.parent
    return [
        folder
        for folder in filter(None, sys.path)
        if here == ours or Path(folder).resolve() != here
    ]


def _lost(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} is damaged: the library of HDF5 fails on it. Download or copy it again"
    )
