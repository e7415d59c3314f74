"""Folders of high- and low-resolution pictures that belong together."""

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imgan.data.pixels import readable_size
from imgan.data.pixels import to_uint8
from imgan.errors import DataError
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.types import Array
from imgan.types import Size

_MOST_NAMES = 10
_MOST_SIZES = 3  # wrong ones that a message shows
_SCALES = range(1, 17)  # that all pairs of a set may have instead of the expected one


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
    pairs, hr_alone, lr_alone = match_names(hr_paths, list_pictures(lr_folder), [scale])
    if hr_alone or lr_alone:
        faults = [
            f"in {folder}, {len(paths)} without a partner: {_names(paths)}"
            for paths, folder in ((hr_alone, hr_folder), (lr_alone, lr_folder))
            if paths
        ]
        raise DataError(
            f"Pictures do not pair up at scale {scale}: {'; '.join(faults)}. Partners "
            f"have the same name, or the smaller one's ends in x{scale}."
        )
    return tuple(PairPaths(hr, lr) for hr, lr in pairs)


class NameMatch(NamedTuple):
    """Pictures of two folders, by name.

    Attributes:
        pairs: High- and low-resolution files of one name.
        hr_alone: High-resolution files without a twin.
        lr_alone: Low-resolution files that nobody claims.
    """

    pairs: list[tuple[Path, Path]]
    hr_alone: list[Path]
    lr_alone: list[Path]


def match_names(
    hr_paths: Sequence[Path], lr_paths: Sequence[Path], scales: Iterable[int]
) -> NameMatch:
    """Pair files of the same stem, or whose low-resolution stem ends in x{scale}.

    Args:
        hr_paths: High-resolution files.
        lr_paths: Low-resolution files.
        scales: Ratios that may stand in a name, as `x4` or `_x4`.
    """
    endings = ["", *(f"{gap}x{scale}" for scale in scales for gap in ("", "_"))]
    free: dict[str, Path] = {}
    unused = []
    for path in lr_paths:
        if free.setdefault(path.stem, path) is not path:
            unused.append(path)
    pairs, alone = [], []
    for path in hr_paths:
        names = (path.stem + ending for ending in endings)
        name = next((name for name in names if name in free), None)
        if name is None:
            alone.append(path)
        else:
            pairs.append((path, free.pop(name)))
    return NameMatch(pairs, alone, sorted([*unused, *free.values()]))


def file_name(path: Path) -> str:
    """Return a file with its folder, `LR/p015.png`: both of a pair have one name."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def explain_sizes(sizes: Sequence[tuple[Size, Size]], scale: int) -> str | None:
    """Return what is wrong with the sizes of a whole set; None: nothing common to all.

    Args:
        sizes: High and low resolution of every pair.
        scale: The ratio that they should have.
    """
    if not sizes:
        return None
    if all(min(low) > min(high) and max(low) > max(high) for high, low in sizes):
        return (
            "low and high resolution seem swapped: data.train.hr or data.validation.hr "
            "holds the smaller picture of every pair. Exchange hr and lr"
        )
    for other in _SCALES:
        if all(low == reduced_size(high, other) for high, low in sizes):
            if other == scale:
                return None
            return (
                f"all {len(sizes)} pairs are of scale {other}, the recipe says "
                f"{scale}: --set scale={other} and an init of that scale if any"
            )
    return None


def reduced_size(size: Size, scale: int) -> Size:
    """Return the low-resolution size; what is left at the edges is cut off."""
    return Size(size.height // scale, size.width // scale)


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
    pixels = to_uint8(pixels)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], 3, axis=2)
    return pixels


def check_sizes(listed: Sequence[PairPaths], scale: int) -> None:
    """Compare all given pairs by their headers alone, so that no run begins in vain.

    Raises:
        DataError: If sizes are not in the ratio `scale`.
        ImageReadError: If a file that has a twin is no picture.
    """
    pairs = [(pair.hr, pair.lr) for pair in listed if pair.lr is not None]
    sizes = [(readable_size(hr), readable_size(lr)) for hr, lr in pairs]
    common = explain_sizes(sizes, scale)
    if common is not None:
        raise DataError(f"{pairs[0][0].parent}: {common}.")
    wrong = [
        f"{file_name(path)} is {low}, not {reduced_size(high, scale)}"
        for (_, path), (high, low) in zip(pairs, sizes, strict=True)
        if low != reduced_size(high, scale)
    ]
    if wrong:
        more = len(wrong) - _MOST_SIZES
        raise DataError(
            f"{len(wrong)} of {len(pairs)} low-resolution pictures in "
            f"{pairs[0][1].parent} are not 1/{scale} of the high resolution: "
            f"{', '.join(wrong[:_MOST_SIZES])}{f' and {more} more' * (more > 0)}. "
            "Remove these pairs, or make the pictures again."
        )


def _names(paths: Sequence[Path]) -> str:
    shown = [path.name for path in paths[:_MOST_NAMES]]
    more = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
