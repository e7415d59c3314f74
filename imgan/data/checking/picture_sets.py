"""What is checked: named sets of pictures, and how their files are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgan.data.checking.looks import Read
from imgan.data.checking.looks import read_pixels

Advance = Callable[[int, int], None]
"""Takes how many pictures are looked at, and of how many."""


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
        read: Decodes a file.
    """

    name: str
    hr: tuple[Path, ...]
    lr: tuple[Path, ...] | None = None
    scale: int = 1
    channels: int | None = None
    smallest: int = 0
    smallest_key: str = "data.hr_patch_size"
    image_size: int | None = None
    read: Read = read_pixels
