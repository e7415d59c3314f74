"""How well pictures of one side explain those of the other: learnt, then scored.

Both sides are taken apart into bands of spatial frequencies. In each, canonical
correlation (Hotelling, 1936) finds what they have in common, and a matched filter
weighs it by how certain it is.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from imgan.data.checking.sketches import COEFFICIENTS
from imgan.data.checking.sketches import spectra
from imgan.types import Array

_EDGES = (0.5, 2.5, 5.0, 9.0, 14.0, 20.0, 28.0, 40.0)  # of bands of frequencies
_VARIATES = 8  # most canonical ones of a band
_FOLDS = 3  # a pair is judged by what the other folds taught
_SHRINKAGE = 0.02
_MOST_CORRELATION = 0.98
_NORMAL_MEDIAN = 0.6745  # of absolute values, in standard deviations


class Scores(NamedTuple):
    """How well pictures fit together.

    Attributes:
        fits: `(firsts, seconds)` float32, in standard deviations of pictures that do
            not belong together, of which the mean is 0.
        first_strength: `(firsts,)`, how much each says, the median being 1.
        second_strength: `(seconds,)`, the same of the other side.
    """

    fits: Array
    first_strength: Array
    second_strength: Array


class _Moments(NamedTuple):
    """Sums of products of features over some pairs."""

    firsts: Array
    seconds: Array
    both: Array
    rows: int


class _Filter(NamedTuple):
    """What turns features of each side into canonical variates, in columns."""

    first: Array
    second: Array


def score(
    firsts: Sequence[Array], seconds: Sequence[Array], pairs: Sequence[tuple[int, int]]
) -> Scores:
    """Compare every picture of one side with every one of the other.

    Args:
        firsts: Sketches of one side.
        seconds: Sketches of the other side.
        pairs: Places of those that belong together by name. Some may be wrong.
    """
    one, other = spectra(firsts, 1), spectra(seconds, 2)
    places = np.random.default_rng(0).permutation(len(pairs))
    known = [np.asarray(pairs)[places[fold::_FOLDS]] for fold in range(_FOLDS)]
    fold_of = np.zeros(len(firsts), np.int64)  # what is in no pair is judged by any
    for fold, rows in enumerate(known):
        fold_of[rows[:, 0]] = fold
    bands = [_filter_band(one[:, y, x], other[:, y, x], known) for y, x in _bands()]
    fits = np.zeros((len(firsts), len(seconds)), np.float32)
    first_strength, second_strength = np.zeros(len(firsts)), np.zeros(len(seconds))
    for fold in range(_FOLDS):
        mine = np.flatnonzero(fold_of == fold)
        u, first_strength[mine] = _filtered(one[mine], [b[fold].first for b in bands])
        v, strength = _filtered(other, [b[fold].second for b in bands])
        second_strength += strength
        fits[mine] = _product(u, v, cv2.GEMM_2_T)
    return Scores(
        _standardised(fits, pairs),
        first_strength / max(float(np.median(first_strength)), 1e-6),
        second_strength / max(float(np.median(second_strength)), 1e-6),
    )


def _bands() -> Iterator[tuple[Array, Array]]:
    """Yield rows and columns of the coefficients of each band, coarse to fine."""
    radius = np.hypot(*np.mgrid[:COEFFICIENTS, :COEFFICIENTS])
    for low, high in zip(_EDGES, _EDGES[1:], strict=False):
        rows, columns = np.nonzero((radius >= low) & (radius < high))
        yield rows, columns


def _filtered(values: Array, filters: Sequence[Array]) -> tuple[Array, Array]:
    """Return variates of all bands as unit vectors, and how long they were."""
    parts = []
    for (y, x), weights in zip(_bands(), filters, strict=True):
        rows = _product(values[:, y, x].reshape(-1, values.shape[3]), weights)
        parts.append(rows.reshape(len(values), -1))
    joined = np.concatenate(parts, axis=1)
    length = np.linalg.norm(joined, axis=1)
    return joined / np.maximum(length, 1e-6)[:, np.newaxis], length


def _product(one: Array, other: Array, flags: int = 0) -> Array:
    """Multiply by one thread: those of NumPy wait long for each other if others work.

    Args:
        one: Of two axes.
        other: Of two axes.
        flags: Which of them is transposed.
    """
    if not one.size:
        return np.zeros((0, other.shape[0 if flags & cv2.GEMM_2_T else 1]), np.float32)
    one, other = (side.astype(np.float32, copy=False) for side in (one, other))
    nothing = np.empty(0, np.float32)
    return np.asarray(cv2.gemm(one, other, 1.0, nothing, 0.0, flags=flags))


def _filter_band(one: Array, other: Array, known: Sequence[Array]) -> list[_Filter]:
    """Return the filter for each fold, learnt from the others.

    Args:
        one: `(firsts, coefficients, features)`.
        other: `(seconds, coefficients, features)`.
        known: Pairs of places of each fold, `(pairs, 2)`.
    """
    one_spread, other_spread = (
        side.std(axis=(0, 1)) + 1e-3 * side.std() + 1e-6 for side in (one, other)
    )
    moments, values = [], []
    for rows in known:
        a = (one[rows[:, 0]] / one_spread).reshape(-1, one.shape[2])
        b = (other[rows[:, 1]] / other_spread).reshape(-1, other.shape[2])
        moments.append(
            _Moments(
                _product(a, a, cv2.GEMM_1_T),
                _product(b, b, cv2.GEMM_1_T),
                _product(a, b, cv2.GEMM_1_T),
                len(a),
            )
        )
        values.append((a, b))
    filters = []
    products = squares_a = squares_b = np.float32(0)
    for fold, (a, b) in enumerate(values):
        learnt = _canonical(moments[:fold] + moments[fold + 1 :])
        filters.append(learnt)
        u, v = _product(a, learnt.first), _product(b, learnt.second)
        products = products + (u * v).sum(axis=0)
        squares_a = squares_a + (u * u).sum(axis=0)
        squares_b = squares_b + (v * v).sum(axis=0)
    spread_a, spread_b = (np.sqrt(side) + 1e-6 for side in (squares_a, squares_b))
    correlation = np.clip(products / (spread_a * spread_b), 0, _MOST_CORRELATION)
    # The logarithm of the odds that a pair belongs together grows by this times u v.
    weight = np.sqrt(correlation / (1 - correlation**2))
    count = np.sqrt(sum(moment.rows for moment in moments))
    return [
        _Filter(
            learnt.first / one_spread[:, np.newaxis] * (weight * count / spread_a),
            learnt.second / other_spread[:, np.newaxis] * (weight * count / spread_b),
        )
        for learnt in filters
    ]


def _canonical(moments: Sequence[_Moments]) -> _Filter:
    """Return the canonical variates that correlate most."""
    count = sum(moment.rows for moment in moments)
    firsts = np.sum([moment.firsts for moment in moments], axis=0) / count
    seconds = np.sum([moment.seconds for moment in moments], axis=0) / count
    both = np.sum([moment.both for moment in moments], axis=0) / count
    shrinkage = _SHRINKAGE + (len(firsts) + len(seconds)) / count
    whiten_first = _inverse_root(firsts, shrinkage)
    whiten_second = _inverse_root(seconds, shrinkage)
    left, _, right = np.linalg.svd(whiten_first @ both @ whiten_second)
    most = min(_VARIATES, len(firsts), len(seconds))
    return _Filter(whiten_first @ left[:, :most], whiten_second @ right[:most].T)


def _inverse_root(covariance: Array, shrinkage: float) -> Array:
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    floor = shrinkage * max(float(values.mean()), 1e-12)
    return np.asarray(
        vectors / np.sqrt(np.maximum(values, 0) + floor) @ vectors.T, np.float32
    )


def _standardised(fits: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """Take off what a picture has in common with all others, and scale by the rest."""
    foreign = fits.copy()
    foreign[tuple(np.array(pairs).T)] = np.nan
    rows = np.nanmedian(foreign, axis=1, keepdims=True)
    columns = np.nanmedian(foreign, axis=0, keepdims=True)
    level = np.nanmedian(foreign) - rows - columns
    centre = np.nanmedian(foreign + level)
    spread = np.nanmedian(np.abs(foreign + level - centre)) / _NORMAL_MEDIAN
    return np.asarray((fits + level - centre) / max(spread, 1e-6), np.float32)
