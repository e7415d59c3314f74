"""The two containers in which Keras saves models: HDF5, and a ZIP archive."""

import json
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any
from typing import NamedTuple
from zipfile import BadZipFile
from zipfile import ZipFile

from imgan.errors import CheckpointError
from imgan.errors import first_line
from imgan.importing.keras2.store import Store
from imgan.importing.keras2.store import read_store

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"

_DAMAGE = (
    BadZipFile,
    OSError,
    EOFError,
    RuntimeError,
    # Of names that are no text, among others.
    ValueError,
    struct.error,
    zlib.error,
)
"""What reading an archive raises where it meets nonsense."""

MOST_BYTES = 4 * 2**30
"""Largest file that is read: a thousand million parameters."""
MOST_CONFIG = 64 * 2**20
"""Largest configuration: far above that of any network."""


class ModelFile(NamedTuple):
    """What a file of a model holds.

    `layout` is "HDF5" or "Keras archive"; in the first each layer's arrays have names
    in order, in the second they are numbered.
    """

    path: Path
    layout: str
    config: dict[str, Any]
    store: Store


def is_keras_file(path: Path) -> bool:
    """Whether a file is one that Keras saves: HDF5, or an archive with `config.json`.

    Looks at the content, not at the name; False where nothing can be read.
    """
    try:
        with Path(path).open("rb") as file:
            start = file.read(len(_HDF5))
        if start == _HDF5:
            return True
        if not start.startswith(_ZIP):
            return False
        with ZipFile(path) as archive:
            return _CONFIG in archive.namelist()
    except _DAMAGE:
        return False


def open_model(path: Path) -> ModelFile:
    """Read a model's file; nothing is built of it.

    Raises:
        CheckpointError: If it is neither container, damaged, too large, or holds no
            configuration.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(len(_HDF5))
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from error
    if size > MOST_BYTES:
        raise CheckpointError(f"{path} has {size} bytes; expected at most {MOST_BYTES}")
    if start == _HDF5:
        store = read_store(path, path)
        return ModelFile(path, "HDF5", _config_of(store, path), store)
    if not start.startswith(_ZIP):
        raise CheckpointError(
            f"{path} is neither HDF5 nor an archive of Keras; expected a model saved "
            "by model.save('model.h5') or model.save('model.keras')."
        )
    config, weights = _unzip(path)
    with tempfile.TemporaryDirectory(prefix="imgan-") as folder:
        inside = Path(folder) / _WEIGHTS
        inside.write_bytes(weights)
        return ModelFile(path, "Keras archive", config, read_store(inside, path))


def _config_of(store: Store, path: Path) -> dict[str, Any]:
    text = store.config
    if text is None:
        raise CheckpointError(
            f"{path} holds weights alone, without the network they belong to. Save the "
            "whole model where it was made: model.load_weights(...), then "
            "model.save('model.h5')."
        )
    return _parsed(text, path)


def _parsed(text: str | bytes, path: Path) -> dict[str, Any]:
    if len(text) > MOST_CONFIG:
        raise CheckpointError(
            f"{path} has a configuration of {len(text)} bytes; expected at most "
            f"{MOST_CONFIG}."
        )
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is damaged: its configuration is not JSON."
        ) from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} is damaged: its configuration is no dictionary.")
    return config


def _unzip(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the configuration and the weights' file of an archive."""
    try:
        with ZipFile(path) as archive:
            config = _parsed(_member(archive, _CONFIG, MOST_CONFIG, path), path)
            weights = _member(archive, _WEIGHTS, MOST_BYTES, path)
    except _DAMAGE as error:
        raise CheckpointError(f"{path} is damaged: {first_line(error)}.") from error
    return config, weights


def _member(archive: ZipFile, name: str, most: int, path: Path) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise CheckpointError(
            f"{path} is not a model saved by Keras: it holds no {name}."
        ) from error
    # Keras stores; what grows a hundredfold was made to fill memory.
    if info.file_size > min(most, 2**20 + 100 * info.compress_size):
        raise CheckpointError(
            f"{path} is damaged or hostile: {name} would have {info.file_size} bytes "
            f"and is stored in {info.compress_size}."
        )
    with archive.open(info) as file:
        return file.read()
