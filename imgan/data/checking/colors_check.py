"""Findings about colours: low resolution that is tinted, brighter or darker."""

from collections.abc import Collection
from collections.abc import Iterator

import numpy as np

from imgan.data.checking.findings import Finding
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.survey import Pair
from imgan.data.pairs import file_name
from imgan.types import Array

# Levels of 255. Noise that is clipped moves the mean of dark pictures, so that one of
# 200 pairs degraded as in Real-ESRGAN reaches 12.5, while the median of any 8 of them
# stays below 3.4. A gain of 1.2 on one channel exceeds 13 in three of four pairs.
_TINT = 13.0  # between the channels of one pair
_COMMON = 4.0  # median of all pairs of a set, in any channel
_LEAST_PAIRS = 8  # for that median
_NAMES = {1: ("grey",), 3: ("red", "green", "blue")}


def check_colors(
    pictures: PictureSet, pairs: list[Pair], faulty: Collection[int]
) -> Iterator[Finding]:
    """Compare the mean colours of twins, one by one and all together.

    Args:
        pictures: The set.
        pairs: As `survey` returns them.
        faulty: Places of pairs that do not belong together, which are left out.
    """
    differences = {
        place: np.subtract(pair.lr.mean, pair.hr.mean)
        for place, pair in enumerate(pairs)
        if place not in faulty
        and pair.hr is not None
        and pair.lr is not None
        and not pair.values
        and pair.hr.channels == pair.lr.channels
        # Nobody says what floats mean where no recipe does.
        and max(pair.hr.bits, pair.lr.bits) <= 16
    }
    channels = max((len(row) for row in differences.values()), default=0)
    rows = {n: row for n, row in differences.items() if len(row) == channels}
    if not rows:
        return
    common = np.median(np.stack(list(rows.values())), axis=0)
    if len(rows) >= _LEAST_PAIRS and np.abs(common).max() > _COMMON:
        folders = (pictures.hr[0].parent, *(path.parent for path in pictures.lr or ()))
        message = (
            f"the low resolution of {len(rows)} pairs differs in mean colour, in the "
            f"median by {_describe(common)}"
        )
        yield Finding("colors", tuple(dict.fromkeys(folders)), message)
        return
    for place, row in rows.items():
        hr, lr = pairs[place].hr, pairs[place].lr
        if hr is not None and lr is not None and np.ptp(row) > _TINT:
            message = (
                f"{file_name(lr.path)} differs from {file_name(hr.path)} in mean "
                f"colour by {_describe(row)}"
            )
            yield Finding("colors", (hr.path, lr.path), message)


def _describe(row: Array) -> str:
    """Return `+22.1 red, +0.0 green, -0.3 blue levels of 255`."""
    names = _NAMES.get(len(row), [f"in band {n + 1}" for n in range(len(row))])
    parts = [f"{value:+.1f} {name}" for value, name in zip(row, names, strict=True)]
    return f"{', '.join(parts)} levels of 255"
