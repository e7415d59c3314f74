"""What pictures and pairs are read from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Half = Literal["whole", "left", "right"]


@dataclass(frozen=True)
class PictureFile:
    """A picture: a file, or one half of it."""

    path: Path
    half: Half = "whole"


@dataclass(frozen=True)
class TranslationFiles:
    """What one pair is read from.

    Attributes:
        name: Of the pair; no other of the set has the same.
        source: Pictures that are stacked as the source, in their order; empty where it
            is made of the target.
        target: The truth.
    """

    name: str
    source: tuple[PictureFile, ...]
    target: PictureFile


def shown(names: Sequence[str], most: int, separator: str = ", ") -> str:
    """Return the first names of a message, and how many more there are."""
    more = len(names) - most
    return separator.join(names[:most]) + (f" and {more} more" if more > 0 else "")
