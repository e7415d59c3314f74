"""Which low-resolution picture shows what a high-resolution one shows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from imgan.data.checking.fingerprints import detail_vector
from imgan.types import Array

_CANDIDATES = 8  # best ones that are remembered for each picture
_BLOCK = 512  # pictures compared at once


class Match(NamedTuple):
    """Two pictures, by their places in the two lists, and how alike they are."""

    hr: int
    lr: int
    likeness: float


def assign(
    hr_thumbs: Sequence[Array],
    lr_thumbs: Sequence[Array],
    own: Sequence[int | None],
    least: float,
) -> list[Match]:
    """Give each high-resolution picture at most one low-resolution one, best first.

    Args:
        hr_thumbs: Thumbnails, `(SIDE, SIDE)`.
        lr_thumbs: The same of the other side.
        own: For each high-resolution picture the place of its twin by name, which is
            compared whether or not it is among the best.
        least: Likeness, -1 to 1, below which others than twins are not taken.
    """
    if not hr_thumbs or not lr_thumbs:
        return []
    lr_vectors = np.stack([detail_vector(thumb) for thumb in lr_thumbs])
    rows: list[Match] = []
    for start in range(0, len(hr_thumbs), _BLOCK):
        block = [detail_vector(thumb) for thumb in hr_thumbs[start : start + _BLOCK]]
        likeness = np.stack(block) @ lr_vectors.T
        for offset, row in enumerate(likeness):
            rows.extend(_best(start + offset, row, own[start + offset], least))
    rows.sort(key=lambda match: -match.likeness)
    hr_free, lr_free = set(range(len(hr_thumbs))), set(range(len(lr_thumbs)))
    chosen = []
    for match in rows:
        if match.hr in hr_free and match.lr in lr_free:
            hr_free.remove(match.hr)
            lr_free.remove(match.lr)
            chosen.append(match)
    return chosen


def _best(hr: int, row: Array, own: int | None, least: float) -> list[Match]:
    count = min(_CANDIDATES, len(row))
    places = np.argpartition(row, -count)[-count:].tolist()
    found = {place for place in places if row[place] >= least}
    if own is not None:
        found.add(own)
    return [Match(hr, place, float(row[place])) for place in sorted(found)]
