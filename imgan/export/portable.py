"""A network as one file that other programs run, with its card beside it."""

import importlib.util
import os
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgan.bundles.card import Card
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.io.temporaries import commit_temporary
from imgan.io.temporaries import discard_temporary
from imgan.io.temporaries import open_temporary
from imgan.io.temporaries import write_error

SUFFIXES = {"litert": ".tflite", "onnx": ".onnx"}
"""How files end, by what `--format` calls them."""


@dataclass(frozen=True)
class PortableExport:
    """An export as written."""

    path: Path
    """Of the model; its card lies beside it, as `card_beside` says."""
    lines: tuple[str, ...]
    """What the user should know: the tensors, how near it is to the bundle."""


def require_packages(names: Sequence[str], purpose: str, extra: str) -> None:
    """Raise MissingExtraError if one of the packages is not installed."""
    if any(importlib.util.find_spec(name) is None for name in names):
        raise MissingExtraError(purpose, extra)


def check_precision(precision: str, known: Mapping[str, str], name: str) -> None:
    """Refuse a precision that a format does not have.

    Args:
        precision: What is asked for.
        known: Every precision, with where to go for it if the format lacks it, or "".
        name: Of the format.

    Raises:
        UsageError: Says what there is, and where the other one is.
    """
    if known.get(precision) == "":
        return
    offered = ", ".join(key for key, elsewhere in known.items() if not elsewhere)
    advice = known.get(precision)
    raise UsageError(
        f"--precision must be one of {offered} for {name}. Received: {precision}"
        + (f". {advice}" if advice else "")
    )


def choose_file(output: Path, file_format: str, card: Card) -> Path:
    """Return the file that an output means.

    Args:
        output: A file by its suffix, or a folder, in which the file is named after the
            card.
        file_format: litert or onnx.
        card: Of the network.

    Raises:
        UsageError: If it ends like the other format.
    """
    suffix = SUFFIXES[file_format]
    given = output.suffix.lower()
    if given == suffix and not output.is_dir():
        return output
    if given in SUFFIXES.values() and not output.is_dir():
        raise UsageError(
            f"A file of --format {file_format} must end in {suffix}. Received: {output}"
        )
    # A name from a card is foreign, and may look like a path.
    name = card.name.replace("/", "_").replace("\\", "_")
    return output / f"{name}{suffix}"


def card_beside(path: Path) -> Path:
    """Return where the card of an exported file lies: `x4.card.json` for `x4.onnx`."""
    return path.with_name(f"{path.stem}.card.json")


def write_portable(path: Path, content: bytes, card: Card) -> None:
    """Write a model and its card, each whole or not at all; what was there is replaced.

    Raises:
        OutputError: If a file cannot be written.
    """
    text = card.model_dump_json(indent=2) + "\n"
    # The card first: a card without its model misleads nobody.
    contents = {card_beside(path): text.encode("utf-8"), path: content}
    temporaries: dict[Path, Path] = {}
    try:
        for final, data in contents.items():
            descriptor, temporaries[final] = open_temporary(final)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        for final, temporary in temporaries.items():
            commit_temporary(temporary, final)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        for temporary in temporaries.values():
            discard_temporary(temporary)
