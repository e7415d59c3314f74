"""Folders of high- and low-resolution pictures that belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.errors import DataError
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.types import Array

_MOST_NAMES = 10


@dataclass(frozen=True)
class PairPaths:
    """A high-resolution file, and its low-resolution twin if there is one."""

    hr: Path
    lr: Path | None = None


def list_pairs(
    hr_folder: Path, lr_folder: Path | None, scale: int
) -> tuple[PairPaths, ...]:
    """List the pictures of a folder in the order of their names, with their twins.

    A twin has the same name without suffix, or that name followed by `x{scale}` or
    `_x{scale}`.

    Raises:
        DataError: If a folder is missing or empty, or pictures of either folder have
            no partner.
    """
    hr_paths = list_pictures(hr_folder)
    if lr_folder is None:
        return tuple(PairPaths(path) for path in hr_paths)
    free: dict[str, Path] = {}
    unused: list[Path] = []
    for path in list_pictures(lr_folder):
        if free.setdefault(path.stem, path) is not path:
            unused.append(path)
    pairs = []
    for path in hr_paths:
        names = (path.stem, f"{path.stem}x{scale}", f"{path.stem}_x{scale}")
        name = next((name for name in names if name in free), "")
        pairs.append(PairPaths(path, free.pop(name, None)))
    unused.extend(free.values())
    alone = [pair.hr for pair in pairs if pair.lr is None]
    if alone or unused:
        faults = [
            f"in {folder}, {len(paths)} without a partner: {_names(paths)}"
            for paths, folder in ((alone, hr_folder), (unused, lr_folder))
            if paths
        ]
        raise DataError(
            f"Pictures do not pair up at scale {scale}: {'; '.join(faults)}. Partners "
            f"have the same name, or the smaller one's ends in x{scale}."
        )
    return tuple(pairs)


def list_pictures(folder: Path) -> list[Path]:
    """List the pictures of one folder, without its subfolders, by name.

    Raises:
        DataError: If it is no folder or holds none.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder.absolute()} is not a folder. Give a folder of pictures."
        )
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )
    if not paths:
        raise DataError(
            f"{folder.absolute()} holds no pictures. Expected files that end in "
            f"{', '.join(sorted(PICTURE_SUFFIXES))}."
        )
    return paths


def as_rgb8(pixels: Array) -> Array:
    """Return 8-bit RGB, `(height, width, 3)`: grey is replicated, deeper is rounded.

    Args:
        pixels: `(height, width)` or `(height, width, 3)`, uint8, uint16 or float32 in
            `[0, 1]`.
    """
    if pixels.dtype != np.uint8:
        peak = 65535.0 if pixels.dtype == np.uint16 else 1.0
        levels = np.clip(pixels / peak, 0.0, 1.0) * 255.0
        pixels = np.floor(levels + 0.5).astype(np.uint8)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], 3, axis=2)
    return pixels


def _names(paths: Sequence[Path]) -> str:
    shown = [path.name for path in paths[:_MOST_NAMES]]
    more = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
