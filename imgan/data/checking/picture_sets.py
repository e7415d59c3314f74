"""What is checked: named sets of pictures, and how their files are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgan.data.checking.looks import Read
from imgan.data.checking.looks import read_pixels
from imgan.types import Array

Advance = Callable[[int, int], None]
"""Takes how many pictures are looked at, and of how many."""

Judge = Callable[[Array], str | None]
"""Takes pixels as read, and returns why they cannot be trained on, or None."""


def any_values(pixels: Array) -> str | None:
    """Judge that all values will do."""
    return None


def as_read(pixels: Array) -> Array:
    """Leave pixels as they are."""
    return pixels


@dataclass(frozen=True)
class PictureSet:
    """Pictures that are used together.

    Attributes:
        name: `train`, `validation`, or `pictures` where there is one set only.
        hr: Files of high resolution, or of the only resolution.
        lr: Files of low resolution; None where they are made from `hr`.
        scale: Ratio of high to low resolution.
        channels: What `data.channels` says; None: what most pictures have.
        smallest: Shorter side that a picture needs, pixels; 0: any.
        smallest_key: Recipe key that says so.
        image_size: Side that pictures must have; None: any size.
        converts: Whether training makes RGB of grey and grey of RGB as needed.
        read: Decodes a file.
        judge: Says what is wrong with the values of a file.
        convert: Makes what looks compare of what was read.
    """

    name: str
    hr: tuple[Path, ...]
    lr: tuple[Path, ...] | None = None
    scale: int = 1
    channels: int | None = None
    smallest: int = 0
    smallest_key: str = "data.hr_patch_size"
    image_size: int | None = None
    converts: bool = True
    read: Read = read_pixels
    judge: Judge = any_values
    convert: Callable[[Array], Array] = as_read
