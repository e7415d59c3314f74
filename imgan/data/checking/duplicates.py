"""Pictures that are there twice, also compressed again or resized."""

from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from imgan.data.checking.findings import Finding
from imgan.data.checking.fingerprints import detail_spread
from imgan.data.checking.fingerprints import detail_vector
from imgan.data.checking.looks import Look
from imgan.types import Array

_MOST_BITS = 10  # of 64 that may differ in hashes of one picture
_LEAST_LIKENESS = 0.97
# Levels that cells may differ by after brightness and contrast are matched, and what is
# added for each level of the spread of details: a size that was rounded shifts them.
_MEAN_DIFFERENCE = (1.5, 0.06)
_LARGEST_DIFFERENCE = (8.0, 0.6)
_ASPECT = 0.03  # share by which the ratio of the sides may differ


def find_duplicates(looks: Sequence[Look]) -> Iterator[Finding]:
    """Report each picture of a set that is also there under an earlier name.

    Args:
        looks: The set, in the order of names.
    """
    first = first_twins(looks, looks, earlier_only=True)
    for place, twin in first.items():
        yield _finding("duplicate", looks[place], looks[twin], "")


def find_leaks(train: Sequence[Look], validation: Sequence[Look]) -> Iterator[Finding]:
    """Report each picture of the validation that is also trained on."""
    for place, twin in first_twins(validation, train).items():
        yield _finding("leak", validation[place], train[twin], " of the training")


def _finding(kind: str, look: Look, twin: Look, where: str) -> Finding:
    exact = look.digest == twin.digest
    how = "equals" if exact else "shows the same as"
    return Finding(kind, (look.path, twin.path), f"{how} {twin.path}{where}")


def first_twins(
    looks: Sequence[Look], others: Sequence[Look], *, earlier_only: bool = False
) -> dict[int, int]:
    """Return for places in `looks` the first place of the same picture in `others`.

    Pictures of one colour have none.

    Args:
        looks: What is looked for.
        others: Among what.
        earlier_only: Only at earlier places, where both are one list.
    """
    by_digest: dict[bytes, int] = {}
    for place, other in enumerate(others):
        by_digest.setdefault(other.digest, place)
    hashes = np.array([other.hashed for other in others], np.uint64)
    found = {}
    for place, look in enumerate(looks):
        if look.near_empty:
            continue
        limit = place if earlier_only else len(others)
        exact = by_digest.get(look.digest, limit)
        if exact < limit:
            found[place] = exact
            continue
        for near in _near(look, hashes[:limit]):
            if same_picture(look, others[near]):
                found[place] = near
                break
    return found


def _near(look: Look, hashes: Array) -> list[int]:
    distance = np.bitwise_count(hashes ^ np.uint64(look.hashed))
    near: list[int] = np.flatnonzero(distance <= _MOST_BITS).tolist()
    return near


def same_picture(one: Look, other: Look) -> bool:
    """Return whether thumbnails differ by no more than compression explains."""
    if other.near_empty or abs(np.log(_aspect(one) / _aspect(other))) > _ASPECT:
        return False
    likeness = float(detail_vector(one.thumb) @ detail_vector(other.thumb))
    if likeness < _LEAST_LIKENESS:
        return False
    first, second = (look.thumb - look.thumb.mean() for look in (one, other))
    gain = float((first * second).sum() / max((first * first).sum(), 1e-6))
    if not 0.5 < gain < 2.0:
        return False
    difference = np.abs(second - gain * first)
    spread = detail_spread(one.thumb)
    usual, largest = (
        base + share * spread for base, share in (_MEAN_DIFFERENCE, _LARGEST_DIFFERENCE)
    )
    # A single cell that differs much is a thing that moved between two frames.
    return bool(difference.mean() < usual and difference.max() < largest)


def _aspect(look: Look) -> float:
    return look.size.width / look.size.height
