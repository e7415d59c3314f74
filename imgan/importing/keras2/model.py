"""A file that Keras saved, read into a functional model of known layers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zipfile import ZipFile

from imgan.errors import CheckpointError

_HDF5 = b"\x89HDF\r\n\x1a\n"


def is_keras_file(path: Path) -> bool:
    """Whether a file is one that Keras saves: HDF5, or an archive with `config.json`.

    Looks at the content, not at the name; False where nothing can be read.
    """
    try:
        with Path(path).open("rb") as file:
            start = file.read(len(_HDF5))
        if start == _HDF5:
            return True
        if not start.startswith(b"PK\x03\x04"):
            return False
        with ZipFile(path) as archive:
            return "config.json" in archive.namelist()
    except (OSError, BadZipFile, ValueError):
        return False


def read_keras_model(path: Path, lambdas: Mapping[str, str] | None = None) -> Any:
    """Return a functional model in its inference form.

    Args:
        path: `.h5` or `.keras` of Keras 2, or `.keras` of Keras 3.
        lambdas: What each `Lambda` layer that cannot be known does, by its name, for
            instance `{"lambda_3": "depth_to_space:2"}`.

    Raises:
        CheckpointError: If the file is damaged, holds no configuration, or holds
            layers that are not known.
    """
    raise CheckpointError(f"{path}: files of Keras are not read yet")
