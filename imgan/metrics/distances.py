"""Euclidean distances of pictures and of features, in chunks of bounded memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imgan.types import Array

# A chunk of pictures of 64x64x3 is 25 MB in float64, its distances to another 2 MB.
_CHUNK = 256

# Few enough that rows of distances to a large set stay small beside the set.
_ROWS = 512


def mean_pairwise_distance(images: Array) -> float:
    """Return the mean Euclidean distance over all pairs of different pictures.

    Small where a generator repeats itself; compare with the same of real pictures.

    Args:
        images: `(samples, height, width, channels)`, uint8, or float in `[0, 1]`; at
            least two samples.

    Returns:
        Distance per picture, with pixels in `[0, 1]`.
    """
    if len(images) < 2:
        raise ValueError(f"images must hold at least 2. Received: {len(images)}")
    total = 0.0
    for first, left in _chunks(images):
        # The distances among a chunk hold each pair twice.
        total += float(_within(left).sum()) / 2
        for _, right in _chunks(images, first + len(left)):
            total += float(np.sqrt(squared_distances(left, right)).sum())
    return total / (len(images) * (len(images) - 1) / 2)


def nearest_distances(images: Array, references: Array) -> NDArray[np.float64]:
    """Return the Euclidean distance of each picture to its nearest reference.

    Samples that lie nearer to the training pictures than unseen real ones are copies.

    Args:
        images: `(samples, height, width, channels)`, uint8, or float in `[0, 1]`.
        references: `(others, height, width, channels)`, at least one.

    Returns:
        `(samples,)` float64, distance per picture with pixels in `[0, 1]`.
    """
    if len(references) == 0 or images.shape[1:] != references.shape[1:]:
        raise ValueError(
            "references must be pictures of the size of images. "
            f"Received shapes: {images.shape} and {references.shape}"
        )
    nearest = np.full(len(images), np.inf)
    for _, right in _chunks(references):
        for first, left in _chunks(images):
            part = slice(first, first + len(left))
            closest = squared_distances(left, right).min(axis=1)
            nearest[part] = np.minimum(nearest[part], closest)
    return np.sqrt(nearest)


def squared_distances(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return `(rows of left, rows of right)` squared Euclidean distances.

    By one matrix product, so exact to about 1e-15 of the squared lengths of the rows.
    """
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)
    distances: NDArray[np.float64] = squares - 2.0 * (left @ right.T)
    return np.maximum(distances, 0.0, out=distances)


def distance_rows(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield squared distances of some rows of `left` to all of `right`, and which."""
    for first in range(0, len(left), _ROWS):
        part = slice(first, min(first + _ROWS, len(left)))
        yield part, squared_distances(left[part], right)


def check_features(
    real_features: Array, fake_features: Array, least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two sets of features as float64, or say what is wrong with them.

    Args:
        real_features: `(samples, features)`.
        fake_features: `(other samples, features)`.
        least: Fewest samples that the caller can use.
    """
    real = np.asarray(real_features, np.float64)
    fake = np.asarray(fake_features, np.float64)
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(
            "Features must be (samples, features) with as many features in both sets. "
            f"Received shapes: {real.shape} and {fake.shape}"
        )
    if min(len(real), len(fake)) < least:
        raise ValueError(
            f"Each set must hold at least {least} samples. "
            f"Received: {len(real)} and {len(fake)}"
        )
    if not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise ValueError("Features must be finite. Received NaN or infinity.")
    return real, fake


def as_unit_float(images: Array) -> Array:
    """Return pictures as floats in `[0, 1]`: uint8 divided by 255, floats as they are.

    Raises:
        TypeError: If the pictures are neither uint8 nor floats.
    """
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    if images.dtype.kind != "f":
        raise TypeError(
            f"images must be uint8, or float in [0, 1]. Received: {images.dtype.name}"
        )
    return images


def _chunks(images: Array, start: int = 0) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield pictures as rows of float64 in `[0, 1]`, and the index of the first."""
    for first in range(start, len(images), _CHUNK):
        part = as_unit_float(images[first : first + _CHUNK])
        yield first, part.reshape(len(part), -1).astype(np.float64)


def _within(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    distances = np.sqrt(squared_distances(rows, rows))
    np.fill_diagonal(distances, 0.0)
    return distances
