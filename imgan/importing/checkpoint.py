"""Read the named tensors of a network from a checkpoint of another project.

What a file is, its content says and not its suffix. Nothing in it is run.
"""

import io
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from imgan.errors import CheckpointError
from imgan.importing.reading import ncnn
from imgan.importing.reading import safetensors_file
from imgan.importing.reading import torch_legacy
from imgan.importing.reading import torch_zip
from imgan.importing.reading.foreign import SUPPORTED
from imgan.importing.reading.foreign import describe_folder
from imgan.importing.reading.foreign import describe_foreign
from imgan.importing.reading.foreign import describe_zip
from imgan.importing.reading.foreign import is_pickle
from imgan.importing.reading.ncnn_param import is_param
from imgan.importing.reading.pickles import MOST_PICKLE_BYTES
from imgan.importing.reading.pickles import no_persistent
from imgan.importing.reading.pickles import read_pickle
from imgan.importing.reading.source import AGAIN
from imgan.importing.reading.source import Source
from imgan.importing.reading.tensors import read_tensors
from imgan.importing.reading.zip_directory import is_zip
from imgan.importing.reading.zip_directory import read_directory
from imgan.importing.unwrapping import unwrap
from imgan.types import Array

_HEAD_BYTES = 512
_LONGEST_MESSAGE = 1000


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
        key: Dotted path of the network in a file that holds several, or the beginning
            of the names that belong to it.

    Raises:
        CheckpointError: If the file cannot be read, is damaged, is of another kind, or
            holds no network or several.
    """
    try:
        with ExitStack() as files:
            source = _opened(path, files)
            layout, saved = _saved(source, path, files)
            found = unwrap(saved, key)
            tensors = read_tensors(found.tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {_one_line(str(error))}") from error
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error
    return Checkpoint(path, layout, tensors, found.container, found.prefix)


def _one_line(message: str) -> str:
    """Return a message in which names from a file cannot play tricks on a terminal."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in message)
    cut = len(printable) > _LONGEST_MESSAGE
    return printable[:_LONGEST_MESSAGE] + (" ..." if cut else "")


def _opened(path: Path, files: ExitStack) -> Source:
    if path.is_dir():
        raise CheckpointError(f"This is {describe_folder(path)}. {SUPPORTED}")
    if path.exists() and not path.is_file():
        raise CheckpointError("This is a device or a pipe; expected a file")
    file = files.enter_context(path.open("rb"))
    return Source(file, path.stat().st_size)


def _saved(source: Source, path: Path, files: ExitStack) -> tuple[str, object]:
    """Return the layout of a file and what it holds, its tensors not read yet."""
    head = source.head(_HEAD_BYTES)
    if not head:
        raise CheckpointError(f"The file is empty. {AGAIN}")
    if is_zip(head):
        entries = read_directory(source)
        root = torch_zip.archive_root(entries)
        if root is None:
            raise CheckpointError(f"This is {describe_zip(entries)}. {SUPPORTED}")
        return torch_zip.LAYOUT, torch_zip.read_torch_zip(source, entries, root)
    if torch_legacy.is_torch_legacy(head):
        return torch_legacy.LAYOUT, torch_legacy.read_torch_legacy(source)
    if safetensors_file.is_safetensors(head):
        return safetensors_file.LAYOUT, safetensors_file.read_safetensors(source)
    if is_param(head):
        weights = _opened(_partner(path, ".bin"), files)
        return ncnn.LAYOUT, ncnn.read_ncnn(source, weights)
    if path.suffix == ".bin" and ncnn.starts_like_weights(head):
        param = _opened(_partner(path, ".param"), files)
        return ncnn.LAYOUT, ncnn.read_ncnn(param, source)
    if ncnn.is_binary_param(head):
        raise CheckpointError(
            "This is an ncnn .param.bin; expected the .param text that it was made from"
        )
    if is_pickle(head):
        # What it would run is a better reason than what it is.
        read_pickle(io.BytesIO(source.head(MOST_PICKLE_BYTES)), no_persistent)
    kind = describe_foreign(head, source.tail(8), path)
    raise CheckpointError(f"This is {kind}. {SUPPORTED}")


def _partner(path: Path, suffix: str) -> Path:
    """Return the other file of an ncnn model."""
    partner = path.with_suffix(suffix)
    if not partner.is_file():
        raise CheckpointError(
            f"This is one file of an ncnn model; expected the other one beside it, "
            f"{partner.name}"
        )
    return partner
