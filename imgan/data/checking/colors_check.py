"""Findings about colours: low resolution that is tinted, brighter or darker."""

from collections.abc import Collection
from collections.abc import Iterator

import numpy as np

from imgan.data.checking.findings import Finding
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.survey import Pair
from imgan.data.pairs import file_name
from imgan.types import Array

# Levels of 255 of cells of thumbnails, in the median. Noise that is clipped makes dark
# colours brighter and bright ones darker, so only cells between these levels count.
_DARKEST, _BRIGHTEST = 40, 215
_LEAST_SHARE = 0.1  # of cells that have to count
# One of 200 pairs degraded as in Real-ESRGAN exceeds this, and nine of ten pairs with
# a gain of 1.2 on one channel.
_TINT = 10.0  # between the channels of one pair
_COMMON = 4.0  # median of all pairs of a set, in any channel
_LEAST_PAIRS = 5  # for that median
_NAMES = {1: ("grey",), 3: ("red", "green", "blue")}


def check_colors(
    pictures: PictureSet, pairs: list[Pair], faulty: Collection[int]
) -> Iterator[Finding]:
    """Compare the colours of twins, one by one and all together.

    Args:
        pictures: The set.
        pairs: As `survey` returns them.
        faulty: Places of pairs that do not belong together, which are left out.
    """
    differences = {
        place: _difference(pair.hr.colors, pair.lr.colors)
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
    # A channel that cannot be told, as it is dark everywhere, is not a number.
    rows = {
        place: row
        for place, row in differences.items()
        if len(row) == channels and np.isfinite(row).any()
    }
    common = _median(list(rows.values()))
    if (np.abs(common) > _COMMON).any():
        folders = (pictures.hr[0].parent, *(path.parent for path in pictures.lr or ()))
        message = (
            f"the low resolution of {len(rows)} pairs differs in colour, in the median "
            f"by {_describe(common)}"
        )
        yield Finding("colors", tuple(dict.fromkeys(folders)), message)
        return
    for place, row in rows.items():
        hr, lr = pairs[place].hr, pairs[place].lr
        if hr is not None and lr is not None and _spread(row) > _TINT:
            message = (
                f"{file_name(lr.path)} differs from {file_name(hr.path)} in colour "
                f"by {_describe(row)}"
            )
            yield Finding("colors", (hr.path, lr.path), message)


def _difference(hr: Array, lr: Array) -> Array:
    """Return for each channel how much brighter the second is; NaN: no telling."""
    usable = (hr > _DARKEST) & (hr < _BRIGHTEST)
    least = _LEAST_SHARE * usable[..., 0].size
    brighter = lr.astype(np.float32) - hr
    return np.array(
        [
            np.median(brighter[..., band][usable[..., band]])
            if usable[..., band].sum() >= least
            else np.nan
            for band in range(hr.shape[2])
        ]
    )


def _median(rows: list[Array]) -> Array:
    """Return medians over the pairs; NaN for channels that few pairs tell."""
    columns = np.stack(rows, axis=1) if rows else np.empty((0, 0))
    known = [column[np.isfinite(column)] for column in columns]
    return np.array([np.median(k) if len(k) >= _LEAST_PAIRS else np.nan for k in known])


def _spread(row: Array) -> float:
    known = row[np.isfinite(row)]
    return float(np.ptp(known)) if known.size else 0.0


def _describe(row: Array) -> str:
    """Return `+22.1 red, +0.0 green, -0.3 blue levels of 255`."""
    names = _NAMES.get(len(row), [f"in band {n + 1}" for n in range(len(row))])
    parts = [
        f"{value:+.1f} {name}"
        for value, name in zip(row, names, strict=True)
        if np.isfinite(value)
    ]
    return f"{', '.join(parts)} levels of 255"
