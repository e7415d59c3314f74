"""Score the generator of a bundle against real pictures."""

import math
import os
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.data.images import ImageStore
from imgan.data.images import as_uint8
from imgan.data.images import open_images
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.evaluate.generation import Generate
from imgan.evaluate.generation import GenerationReport
from imgan.evaluate.generation import RealImages
from imgan.evaluate.generation import evaluate_generation
from imgan.inference.sampler import BATCH
from imgan.inference.sampler import Sampler
from imgan.inference.sampler import load_sampler
from imgan.metrics.features import load_inception
from imgan.types import Array

Progress = Callable[[int, int], None]
"""Called with how many samples are drawn, and of how many."""

_HELD_OUT = 0.2

# Samples between two calls of the progress; whole batches of the sampler.
_STEP = 16 * BATCH

# Fewer say nothing; the k-nearest neighbours need some.
_LEAST_REAL = 10
_LEAST_COUNT = 10


@dataclass(frozen=True)
class GeneratorEvaluation:
    """Scores of a generator on real pictures."""

    model: str
    held_out: int
    """How many real pictures the samples were compared with as unseen ones."""
    held_out_unseen: bool
    """Whether the model is known not to have been trained on those."""
    report: GenerationReport

    @property
    def notes(self) -> tuple[str, str]:
        """What the scores compare with, and what the held-out pictures are."""
        if self.held_out_unseen:
            held_out = (
                f"The {self.held_out:,} pictures held out of training serve as unseen "
                "real ones."
            )
        else:
            held_out = (
                f"The {self.held_out:,} pictures that serve as unseen real ones may "
                "have been trained on."
            )
        return self.report.note, held_out

    def to_json(self) -> dict[str, Any]:
        """Return what `imgan evaluate --json` writes; null: not taken."""
        scores = asdict(self.report.scores).items()
        return {
            "model": self.model,
            "task": "generation",
            "count": self.report.count,
            "seed": self.report.seed,
            "features": self.report.features,
            "note": " ".join(self.notes),
            "scores": {
                name: value if value is None or math.isfinite(value) else None
                for name, value in scores
            },
            "coverage": self.report.coverage,
        }


def evaluate_generator(
    source: str | Path,
    *,
    model: str | Path,
    features: str | Path | None = None,
    count: int = 2000,
    seed: int = 0,
    progress: Progress | None = None,
) -> GeneratorEvaluation:
    """Draw samples from a generation model and score them against real pictures.

    If the model was trained on the same source with some of it held out, the very
    pictures that it has not seen serve as the unseen ones; otherwise a fifth of the
    source, chosen by `seed`.

    Args:
        source: Folder of pictures or of class folders, `.npz` file or
            `sklearn:digits`; cropped and resized to the size of the samples.
        model: Bundle or run folder of a generator.
        features: Weights file of Inception V3; see `load_inception`. None: features of
            a classifier trained on the pictures, if they have labels.
        count: How many samples are drawn, evenly over the labels.
        seed: Of the samples, the classifier and every choice among pictures.
        progress: Called while samples are drawn.

    Raises:
        UnknownModelError: If there is no such model.
        CheckpointError: If the weights of model or features cannot be used.
        DataError: If the pictures cannot be used, or lack the labels of the model.
        UsageError: If `count` is too small.
    """
    sampler = load_sampler(str(model))
    store = open_images(
        str(source),
        image_size=sampler.image_size,
        channels=sampler.channels,
        adapt=True,
    )
    names = _label_names(sampler, store)
    if count < _LEAST_COUNT * max(1, len(names)):
        raise UsageError(
            f"count must be at least {_LEAST_COUNT} for each of {max(1, len(names))} "
            f"labels. Received: {count}"
        )
    space = None if features is None else load_inception(Path(features))
    train, held_out, unseen = _split(store, sampler.card, str(source), seed)
    real = RealImages(
        train=as_uint8(train, range(len(train))),
        held_out=as_uint8(held_out, range(len(held_out))),
        train_labels=_labels(train, names),
        held_out_labels=_labels(held_out, names),
        label_names=names,
    )
    report = evaluate_generation(
        _generate(sampler, count, seed, progress),
        real,
        conditional=bool(sampler.labels),
        features=space,
        count=count,
        seed=seed,
    )
    return GeneratorEvaluation(str(model), len(held_out), unseen, report)


def _label_names(sampler: Sampler, store: ImageStore) -> tuple[str, ...]:
    """Return the names in the order of the numbers that the sampler takes."""
    real, known = tuple(store.label_names or ()), tuple(sampler.labels or ())
    if not known:
        return real
    if set(real) != set(known):
        raise DataError(
            f"{store.source.title} must have the labels of the model, "
            f"{_listed(known)}. Received: {_listed(real)}"
        )
    return known


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return (", ".join(names[:10]) or "none") + more


def _labels(store: ImageStore, names: tuple[str, ...]) -> Array | None:
    """Return the labels of a store, numbered in the order of `names`."""
    if store.labels is None or not store.label_names:
        return None
    numbers = np.array([names.index(name) for name in store.label_names])
    return numbers[store.labels]


def _split(
    store: ImageStore, card: Card, source: str, seed: int
) -> tuple[ImageStore, ImageStore, bool]:
    """Return pictures trained on, pictures held out, and whether those are unseen."""
    if len(store) < _LEAST_REAL:
        raise DataError(
            f"{store.source.title} must hold at least {_LEAST_REAL} pictures to score "
            f"a generator on. Received: {len(store)}"
        )
    recipe = card.recipe or {}
    data = recipe.get("data") or {}
    share = data.get("holdout") or 0.0
    if share and _is_same(source, str(data.get("train", ""))):
        return *store.split(share, recipe.get("seed", 0)), True
    return *store.split(_HELD_OUT, seed), False


def _is_same(source: str, trained_on: str) -> bool:
    return source == trained_on or (
        os.path.exists(source)
        and os.path.exists(trained_on)
        and os.path.samefile(source, trained_on)
    )


def _generate(
    sampler: Sampler, count: int, seed: int, progress: Progress | None
) -> Generate:
    drawn = 0

    def generate(label: int | None, wanted: int) -> Array:
        nonlocal drawn
        parts = []
        for first in range(0, wanted, _STEP):
            size = min(_STEP, wanted - first)
            parts.append(sampler.draw(size, label=label, seed=seed, first=first))
            drawn += size
            if progress:
                progress(drawn, count)
        return np.concatenate(parts)

    return generate
