"""Score generated pictures by what they have in common with real ones.

No generated picture has a truth. A set of them is asked instead: are labels
recognised, is every class drawn, do pictures differ as real ones do, are they copies of
the training pictures, and do features of real and generated pictures spread alike?
"""

import statistics
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imgan.metrics.classifier import Classifier
from imgan.metrics.classifier import ClassifierScores
from imgan.metrics.classifier import classifier_scores
from imgan.metrics.classifier import train_classifier
from imgan.metrics.distances import mean_pairwise_distance
from imgan.metrics.distances import nearest_distances
from imgan.metrics.features import NOTE as INCEPTION_NOTE
from imgan.metrics.frechet import frechet_distance
from imgan.metrics.kernel import kernel_distance
from imgan.metrics.kernel import usual_subset_size
from imgan.metrics.manifold import precision_recall
from imgan.types import Array

CLASSIFIER_NOTE = (
    "Distances are taken in the features of a classifier trained on these real "
    "pictures: they compare only among models scored on the same pictures with the "
    "same count and seed. Give --features for Inception features."
)

NO_FEATURES_NOTE = (
    "fid, kid, precision and recall were not taken: they need --features, or real "
    "pictures with labels."
)

# The least that a nearest-neighbour estimate with three neighbours needs.
_LEAST = 4


Generate = Callable[[int | None, int], Array]
"""`(label or None, count)` to `(count, size, size, channels)` uint8 pictures."""


class FeatureSpace(Protocol):
    """Something that turns pictures into features, `InceptionFeatures` for one."""

    name: str

    def extract(self, images: Array) -> NDArray[np.float32]:
        """Return `(samples, features)`."""


@dataclass(frozen=True)
class RealImages:
    """Real pictures, those of the training and others.

    Attributes:
        train: `(samples, size, size, channels)` uint8, what was trained on.
        held_out: The same of pictures that were not.
        train_labels: `(samples,)` whole numbers, or None.
        held_out_labels: Labels of the pictures held out, or None.
        label_names: Names of the labels, in the order of their numbers.
    """

    train: Array
    held_out: Array
    train_labels: Array | None = None
    held_out_labels: Array | None = None
    label_names: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether a classifier can be trained on them."""
        return self.train_labels is not None and len(self.label_names) > 1


@dataclass(frozen=True)
class GenerationScores:
    """Scores of one set of samples; None where something they need is missing."""

    label_accuracy: float | None = None
    """Share of the samples recognised as the label they were made for."""
    classifier_accuracy: float | None = None
    """Share of held-out real pictures that the judge recognises: a bound on it."""
    covered_classes: int | None = None
    """Classes that at least 4 % of the samples show."""
    inception_score: float | None = None
    """That of the judge, from 1 to the number of classes."""
    pairwise_ratio: float | None = None
    """Mean distance between samples, in parts of that between real pictures; for a
    conditional generator within each label, averaged over the labels."""
    nearest_ratio: float | None = None
    """Median distance of samples to the nearest training picture, in parts of that of
    held-out real pictures. Far below 1: copies."""
    fid: float | None = None
    kid: float | None = None
    kid_error: float | None = None
    precision: float | None = None
    recall: float | None = None


@dataclass(frozen=True)
class GenerationReport:
    """Scores with what they depend on."""

    count: int
    seed: int
    features: str | None
    """Name of the feature space of `fid`, `kid`, `precision` and `recall`."""
    note: str
    scores: GenerationScores
    coverage: dict[str, float]
    """Share of the samples that show each class; empty without labels."""


def evaluate_generation(
    generate: Generate,
    real: RealImages,
    *,
    conditional: bool,
    features: FeatureSpace | None = None,
    count: int = 2000,
    seed: int = 0,
) -> GenerationReport:
    """Draw samples and score them against real pictures.

    Args:
        generate: Draws pictures of the size of the real ones. It is called once with
            label None, or once for every label if `conditional`.
        real: Real pictures; their labels have the numbers that `generate` takes.
        conditional: Whether `generate` takes labels; the real pictures need labels,
            then.
        features: Where `fid`, `kid`, `precision` and `recall` are taken, on at most
            `count` training pictures. None: in the features of the judging classifier
            if the real pictures have labels; not at all otherwise.
        count: How many samples are drawn, evenly over the labels.
        seed: Of the classifier and of every choice among pictures.
    """
    if conditional and real.train_labels is None:
        raise ValueError("A conditional generator is scored on labelled pictures.")
    if count < _LEAST * max(1, len(real.label_names)):
        raise ValueError(
            f"count must be at least {_LEAST} for each label. Received: {count}"
        )
    fakes, labels = _draw(generate, len(real.label_names) if conditional else 0, count)
    judge = _train_judge(real, seed) if real.labelled else None
    judged = classifier_scores(judge, fakes, labels) if judge else None
    space = features or (_ClassifierFeatures(judge) if judge else None)
    random = np.random.default_rng(seed)
    scores = GenerationScores(
        **_judgement(judge, judged),
        pairwise_ratio=_pairwise_ratio(fakes, labels, real, random, count),
        nearest_ratio=_nearest_ratio(fakes, real),
        **(_distances(space, fakes, real.train, random, count) if space else {}),
    )
    return GenerationReport(
        count=count,
        seed=seed,
        features=space.name if space else None,
        note=_note(features, judge),
        scores=scores,
        coverage=_coverage(judged, real.label_names),
    )


class _ClassifierFeatures:
    name = "classifier"

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def extract(self, images: Array) -> NDArray[np.float32]:
        return self._classifier.features(images)


def _draw(
    generate: Generate, num_labels: int, count: int
) -> tuple[Array, NDArray[np.int64] | None]:
    if not num_labels:
        return generate(None, count), None
    # The first labels get one more where the count is no multiple.
    shares = [len(range(label, count, num_labels)) for label in range(num_labels)]
    fakes = [generate(label, share) for label, share in enumerate(shares)]
    return np.concatenate(fakes), np.repeat(np.arange(num_labels), shares)


def _train_judge(real: RealImages, seed: int) -> Classifier:
    images, labels = [real.train], [np.asarray(real.train_labels)]
    if real.held_out_labels is not None:
        images.append(real.held_out)
        labels.append(np.asarray(real.held_out_labels))
    return train_classifier(
        np.concatenate(images), np.concatenate(labels), len(real.label_names), seed
    )


def _judgement(
    judge: Classifier | None, judged: ClassifierScores | None
) -> dict[str, Any]:
    if judge is None or judged is None:
        return {}
    return {
        "label_accuracy": judged.label_accuracy,
        "classifier_accuracy": judge.accuracy_held_out,
        "covered_classes": judged.covered,
        "inception_score": judged.inception_score,
    }


def _pairwise_ratio(
    fakes: Array,
    labels: NDArray[np.int64] | None,
    real: RealImages,
    random: np.random.Generator,
    most: int,
) -> float | None:
    """Return the diversity of the samples in parts of that of the training pictures."""
    if labels is None or real.train_labels is None:
        return _ratio_of_pairs(fakes, _some(real.train, most, random))
    ratios = []
    for label in range(len(real.label_names)):
        members = real.train[np.asarray(real.train_labels) == label]
        ratio = _ratio_of_pairs(fakes[labels == label], _some(members, most, random))
        ratios += [] if ratio is None else [ratio]
    return statistics.fmean(ratios) if ratios else None


def _ratio_of_pairs(fakes: Array, real: Array) -> float | None:
    if min(len(fakes), len(real)) < 2:
        return None
    distance = mean_pairwise_distance(real)
    return mean_pairwise_distance(fakes) / distance if distance else None


def _nearest_ratio(fakes: Array, real: RealImages) -> float | None:
    if not len(real.held_out):
        return None
    unseen = float(np.median(nearest_distances(real.held_out, real.train)))
    made = float(np.median(nearest_distances(fakes, real.train)))
    return made / unseen if unseen else None


def _distances(
    space: FeatureSpace,
    fakes: Array,
    real_images: Array,
    random: np.random.Generator,
    most: int,
) -> dict[str, Any]:
    if len(real_images) < _LEAST:
        return {}
    real = space.extract(_some(real_images, most, random))
    fake = space.extract(fakes)
    # Manifolds of unequal counts reach differently far.
    equal = min(len(real), len(fake))
    kid = kernel_distance(
        real,
        fake,
        subset_size=usual_subset_size(equal),
        seed=int(random.integers(2**31)),
    )
    manifold = precision_recall(_some(real, equal, random), _some(fake, equal, random))
    return {
        "fid": frechet_distance(real, fake),
        "kid": kid.mean,
        "kid_error": kid.error,
        "precision": manifold.precision,
        "recall": manifold.recall,
    }


def _some(images: Array, most: int, random: np.random.Generator) -> Array:
    if len(images) <= most:
        return images
    return images[np.sort(random.choice(len(images), most, replace=False))]


def _note(features: FeatureSpace | None, judge: Classifier | None) -> str:
    if features is not None:
        return INCEPTION_NOTE
    return CLASSIFIER_NOTE if judge else NO_FEATURES_NOTE


def _coverage(
    judged: ClassifierScores | None, label_names: Sequence[str]
) -> dict[str, float]:
    if judged is None:
        return {}
    return dict(zip(label_names, judged.coverage, strict=True))
