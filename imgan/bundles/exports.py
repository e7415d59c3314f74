"""Where a SavedModel and its card lie. Imports no framework."""

from pathlib import Path

SAVED_MODEL = "saved_model.pb"
EXTRA = "assets.extra"
"""Folder of a SavedModel for files that TensorFlow leaves alone; the card is there."""


SERVING = "serving_default"
"""Signature of pixels or latents in, pixels out."""
FLOAT = "float"
"""The same in the value ranges of the network."""
ENCODED = "image_bytes"
"""Signature of encoded pictures."""
NETWORK = "network"
"""Signature of the bare network, for programs that pad and tile themselves."""
SEED = "seed"
"""Signature of a generator of noise that is given a number instead."""
CARD = "card"
"""Signature that answers with the card, which no server hands out otherwise."""


def find_export(folder: Path) -> Path | None:
    """Return the SavedModel that a path means, or None if it is no export.

    Args:
        folder: A SavedModel, or a folder of numbered ones, of which the last is taken.
    """
    if is_export(folder):
        return folder
    versions = [path.parent for path in folder.glob(f"*/{SAVED_MODEL}")]
    numbered = [path for path in versions if path.name.isdecimal()]
    return max(numbered, key=lambda path: int(path.name), default=None)


def is_export(folder: Path) -> bool:
    """Return whether a folder is a SavedModel."""
    return (folder / SAVED_MODEL).is_file()


def next_version(output: Path) -> int:
    """Return the number after the last version in a folder of them."""
    names = [path.name for path in output.iterdir() if path.name.isdecimal()]
    return max(map(int, names), default=0) + 1
