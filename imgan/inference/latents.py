"""Latents as a function of (seed, label, index): the same whatever else is drawn."""

import numpy as np
from scipy import special

from imgan.bundles.card import LatentSpec
from imgan.types import Array


def draw_latents(
    spec: LatentSpec,
    indices: range,
    *,
    seed: int,
    label: int | None,
    truncation: float | None = None,
) -> Array:
    """Return `(indices, dim)` float32 latents.

    Args:
        spec: Their length and distribution.
        indices: Which pictures they are for.
        seed: 0 or more.
        label: Which label, or None where there are no labels.
        truncation: Largest absolute value. Every number keeps its rank in the
            distribution, so that a picture changes smoothly with the truncation.
    """
    code = 0 if label is None else label + 1
    uniform = np.stack([_uniform(spec.dim, seed, code, index) for index in indices])
    if spec.distribution == "uniform":
        bound = 1.0 if truncation is None else min(truncation, 1.0)
        values = (2.0 * uniform - 1.0) * bound
    elif truncation is None:
        values = special.ndtri(uniform)
    else:
        outside = special.ndtr(-truncation)
        values = special.ndtri(outside + uniform * (1.0 - 2.0 * outside))
        values = np.clip(values, -truncation, truncation)
    return values.astype(np.float32)


def latents_between(spec: LatentSpec, start: Array, end: Array, frames: int) -> Array:
    """Return `(frames, dim)` float32 latents on the way from one to another.

    On the great circle for normal latents, whose lengths are nearly all the same, so
    that the ones between are as likely as the ends; straight for uniform ones.

    Args:
        spec: Their distribution.
        start: `(dim,)`; not among the result.
        end: `(dim,)`; not among the result.
        frames: How many, at equal distances.
    """
    first, last = start.astype(np.float64), end.astype(np.float64)
    share = np.linspace(0.0, 1.0, frames + 2)[1:-1, np.newaxis]
    before, after = 1.0 - share, share
    lengths = np.linalg.norm(first) * np.linalg.norm(last)
    if spec.distribution == "normal" and lengths > 0:
        angle = np.arccos(np.clip(first @ last / lengths, -1.0, 1.0))
        # Beside 0 and 180 degrees there is no one great circle to go along.
        if np.sin(angle) > 1e-6:
            before = np.sin(before * angle) / np.sin(angle)
            after = np.sin(after * angle) / np.sin(angle)
    return (before * first + after * last).astype(np.float32)


def _uniform(dim: int, seed: int, code: int, index: int) -> Array:
    """Return `(dim,)` float64 in `(0, 1)`, never at the ends.

    Numpy promises that raw bits stay the same in later releases; that of its
    distributions it does not.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(code, index))
    bits = np.random.PCG64(sequence).random_raw(dim)
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
