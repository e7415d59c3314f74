"""A small classifier of labelled pictures, which judges generated ones.

It is trained on the real pictures, in seconds for small ones, and says of a generated
picture which label it shows. Its inner features serve as a feature space for pictures
that look like nothing ImageNet knows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from imgan.metrics.distances import as_unit_float
from imgan.types import Array

COVERED = 0.04
"""A class counts as covered if at least this share of the samples shows it."""

_FEATURES = "features"

_BATCH = 64

# Of a large set, a few looks are enough.
_MOST_STEPS = 2000

# Pixels by which training pictures are moved, as a share of their side.
_SHIFT = 1 / 16


class Classifier:
    """A trained network with the share of held-out pictures that it recognises.

    Attributes:
        num_classes: Labels are from 0 up to this.
        accuracy_held_out: Share of the pictures it was not trained on whose label it
            says; NaN if none were left to hold out.
    """

    def __init__(self, network: Any, num_classes: int, image_shape: Any) -> None:
        self.num_classes = num_classes
        self.accuracy_held_out = math.nan
        self._network = network
        self._shape = tuple(image_shape)
        inner = network.get_layer(_FEATURES).output
        self._outputs = keras.Model(network.input, [inner, network.output])

    def predict(self, images: Array) -> NDArray[np.int64]:
        """Return the most probable label of each picture, `(samples,)`."""
        labels: NDArray[np.int64] = self.probabilities(images).argmax(axis=1)
        return labels

    def probabilities(self, images: Array) -> NDArray[np.float32]:
        """Return `(samples, num_classes)` float32; each row sums to 1."""
        return self._run(images)[1]

    def features(self, images: Array) -> NDArray[np.float32]:
        """Return `(samples, 128)` float32, what the last layer judges by."""
        return self._run(images)[0]

    def _run(self, images: Array) -> list[Any]:
        if images.shape[1:] != self._shape:
            raise ValueError(
                f"images must have shape (samples, *{self._shape}), those of training. "
                f"Received: {images.shape}"
            )
        parts = [
            self._outputs.predict_on_batch(as_unit_float(images[first : first + 256]))
            for first in range(0, len(images), 256)
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def train_classifier(
    images: Array,
    labels: Array,
    num_classes: int,
    seed: int = 0,
    *,
    epochs: int = 20,
    held_out: float = 0.2,
) -> Classifier:
    """Train a classifier on labelled pictures.

    The same arguments give the same classifier on one kind of CPU; no global random
    generator is used. Pictures are moved by up to a sixteenth of their side while it
    trains, never mirrored: letters would turn into others.

    Args:
        images: `(samples, size, size, channels)`, uint8, or float in `[0, 1]`.
        labels: `(samples,)` whole numbers in `[0, num_classes)`.
        num_classes: How many labels there are; at least 2.
        seed: Of the weights, the order and the pictures held out.
        epochs: How often each picture is seen; fewer where that takes over 2,000 steps
            of 64 pictures.
        held_out: Share of each class that is left out and recognised afterwards.
    """
    labels = _check(images, labels, num_classes)
    random = np.random.default_rng(seed)
    kept, tested = _split(labels, held_out, random)
    network = _build(images.shape[1:], num_classes, seed)
    steps = math.ceil(len(kept) / _BATCH)
    epochs = min(epochs, math.ceil(_MOST_STEPS / steps))
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, epochs * steps, alpha=0.02)
    network.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss="sparse_categorical_crossentropy",
        jit_compile=False,
    )
    for _ in range(epochs):
        order = random.permutation(kept)
        for first in range(0, len(order), _BATCH):
            batch = np.sort(order[first : first + _BATCH])
            moved = _move(as_unit_float(images[batch]), random)
            network.train_on_batch(moved, labels[batch])
    classifier = Classifier(network, num_classes, images.shape[1:])
    if len(tested):
        found = classifier.predict(images[tested])
        classifier.accuracy_held_out = float(np.mean(found == labels[tested]))
    return classifier


@dataclass(frozen=True)
class ClassifierScores:
    """What a classifier says of generated pictures."""

    label_accuracy: float | None
    """Share recognised as the label they were made for; None without labels."""
    coverage: tuple[float, ...]
    """Share of the pictures recognised as each class; sums to 1."""
    covered: int
    """Classes with a share of at least `COVERED`."""
    inception_score: float
    """`exp` of the mean information on the class, from 1 to the number of classes."""


def classifier_scores(
    classifier: Classifier, images: Array, labels: Array | Sequence[int] | None = None
) -> ClassifierScores:
    """Return what a classifier says of generated pictures.

    The last score is that of [Salimans et al., 2016](https://arxiv.org/abs/1606.03498),
    section 4, with this classifier in place of Inception: high if each picture is
    clearly of one class and the classes are equally frequent.

    Args:
        classifier: Trained on real pictures.
        images: `(samples, size, size, channels)`, uint8, or float in `[0, 1]`.
        labels: `(samples,)`, what the pictures were made to show.
    """
    probabilities = classifier.probabilities(images).astype(np.float64)
    found = probabilities.argmax(axis=1)
    counts = np.bincount(found, minlength=classifier.num_classes)
    coverage = counts / len(found)
    accuracy = None if labels is None else float(np.mean(found == np.asarray(labels)))
    return ClassifierScores(
        label_accuracy=accuracy,
        coverage=tuple(float(share) for share in coverage),
        covered=int((coverage >= COVERED).sum()),
        inception_score=_inception_score(probabilities),
    )


def _inception_score(probabilities: NDArray[np.float64]) -> float:
    tiny = np.finfo(np.float64).tiny
    logs = np.log(np.maximum(probabilities, tiny))
    mean = np.log(np.maximum(probabilities.mean(axis=0), tiny))
    return math.exp(float((probabilities * (logs - mean)).sum(axis=1).mean()))


def _check(images: Array, labels: Array, num_classes: int) -> NDArray[np.int64]:
    labels = np.asarray(labels)
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            "images must be (samples, size, size, channels) and labels (samples,). "
            f"Received shapes: {images.shape} and {labels.shape}"
        )
    if num_classes < 2 or labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            "labels must be from 0 up to num_classes, which is at least 2. Received: "
            f"{labels.min()} to {labels.max()} with num_classes={num_classes}"
        )
    return labels.astype(np.int64)


def _split(
    labels: NDArray[np.int64], held_out: float, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return indices to train on and to test with, the same share of every class."""
    kept, tested = [], []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        # A class of one picture is trained on, and of two one is tested.
        cut = min(len(members) - 1, max(1, round(held_out * len(members))))
        tested.append(members[:cut])
        kept.append(members[cut:])
    return np.concatenate(kept), np.concatenate(tested)


def _build(shape: tuple[int, ...], num_classes: int, seed: int) -> Any:
    """Return convolutions that halve the side down to 4 or less, and two layers."""
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))

    def weights() -> Any:
        return keras.initializers.HeNormal(seed=next(seeds))

    inputs = keras.Input(shape, dtype="float32")
    x, filters = inputs, 32
    for _ in range(max(1, math.ceil(math.log2(max(shape[:2]) / 4)))):
        x = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=weights(),
            dtype="float32",
        )(x)
        x = keras.layers.MaxPooling2D(padding="same", dtype="float32")(x)
        filters = min(2 * filters, 128)
    x = keras.layers.Flatten(dtype="float32")(x)
    x = keras.layers.Dropout(0.3, seed=next(seeds), dtype="float32")(x)
    x = keras.layers.Dense(
        128,
        activation="relu",
        kernel_initializer=weights(),
        dtype="float32",
        name=_FEATURES,
    )(x)
    x = keras.layers.Dropout(0.3, seed=next(seeds), dtype="float32")(x)
    outputs = keras.layers.Dense(
        num_classes, activation="softmax", kernel_initializer=weights(), dtype="float32"
    )(x)
    return keras.Model(inputs, outputs)


def _move(images: Array, random: np.random.Generator) -> Array:
    """Return each picture moved by whole pixels, its edges repeated."""
    most = round(_SHIFT * max(images.shape[1:3]))
    border = (most, most)
    padded = np.pad(images, ((0, 0), border, border, (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    shifts = random.integers(0, 2 * most + 1, (len(images), 2))
    return np.stack(
        [
            picture[top : top + height, left : left + width]
            for picture, (top, left) in zip(padded, shifts, strict=True)
        ]
    )
