"""Which files may belong together because their names are nearly the same."""

import difflib
from collections.abc import Sequence
from pathlib import Path

_NEAR = 0.75  # of difflib's ratio, 0 to 1
_MOST_COMPARED = 200_000  # pairs of names


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
