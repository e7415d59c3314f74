"""Read the named tensors of a network from a checkpoint of another project.

What a file is, its content says and not its suffix. Nothing in it is run.
"""

from dataclasses import dataclass
from pathlib import Path

from imgan.errors import CheckpointError
from imgan.importing.reading import torch_legacy
from imgan.importing.reading import torch_zip
from imgan.importing.reading.source import Source
from imgan.importing.reading.tensors import read_tensors
from imgan.importing.reading.zip_directory import is_zip
from imgan.importing.reading.zip_directory import read_directory
from imgan.importing.unwrapping import unwrap
from imgan.types import Array


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of one network."""

    path: Path
    layout: str
    """Of the file, "PyTorch zip archive"."""
    tensors: dict[str, Array]
    """By name; C-contiguous, floating point numbers as float32, others as they were."""
    container: str = ""
    """Where in the file they lay, "params_ema"; empty at the top."""
    prefix: str = ""
    """What was cut off every name, "module."."""


def read_checkpoint(path: Path, key: str | None = None) -> Checkpoint:
    """Read the tensors of a network from a file.

    Args:
        path: A file of PyTorch (`.pth`, `.pt`, `.ckpt`, `.bin`), of safetensors, or one
            of ncnn's two, the other one beside it.
        key: Dotted path of the network in a file that holds several.

    Raises:
        CheckpointError: If the file cannot be read, is damaged, is of another kind, or
            holds no network or several.
    """
    try:
        with path.open("rb") as file:
            source = Source(file, path.stat().st_size)
            layout, saved = _saved(source)
            found = unwrap(saved, key)
            tensors = read_tensors(found.tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from error
    return Checkpoint(path, layout, tensors, found.container, found.prefix)


def _saved(source: Source) -> tuple[str, object]:
    """Return the layout of a file and what it holds, its tensors not read yet."""
    head = source.head(512)
    if is_zip(head):
        entries = read_directory(source)
        root = torch_zip.archive_root(entries)
        if root is not None:
            saved = torch_zip.read_torch_zip(source, entries, root)
            return torch_zip.LAYOUT, saved
    if torch_legacy.is_torch_legacy(head):
        return torch_legacy.LAYOUT, torch_legacy.read_torch_legacy(source)
    raise CheckpointError("The file is of no kind that is known")
