"""Which files belong together by their names."""

import difflib
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_NEAR = 0.75  # of difflib's ratio, 0 to 1
_MOST_COMPARED = 200_000  # pairs of names


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


def near_names(
    hr_paths: Sequence[Path], lr_paths: Sequence[Path]
) -> list[tuple[Path, Path]]:
    """Pair files whose names are most alike, the likest first, each file once."""
    if len(hr_paths) * len(lr_paths) > _MOST_COMPARED:
        return []
    scored = sorted(
        (
            (_alike(hr.stem.lower(), lr.stem.lower()), hr, lr)
            for hr in hr_paths
            for lr in lr_paths
        ),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    taken: set[Path] = set()
    found = []
    for ratio, hr, lr in scored:
        if ratio >= _NEAR and not {hr, lr} & taken:
            taken |= {hr, lr}
            found.append((hr, lr))
    return found


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
