"""Scores of generated pictures, by generators that are known inside out."""

import numpy as np
import pytest

from imgan.evaluate.generation import CLASSIFIER_NOTE
from imgan.evaluate.generation import NO_FEATURES_NOTE
from imgan.evaluate.generation import RealImages
from imgan.evaluate.generation import evaluate_generation
from imgan.metrics.classifier import train_classifier
from imgan.metrics.features import NOTE

NAMES = ("across", "down", "blank")


def bars(labels, seed: int) -> np.ndarray:
    """8x8 grey pictures of a bar across, a bar down or none, over noise."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 60, (len(labels), 8, 8, 1), np.uint8)
    for image, label, place in zip(
        images, labels, random.integers(0, 8, len(labels)), strict=True
    ):
        if label == 0:
            image[place] = 250
        if label == 1:
            image[:, place] = 250
    return images


def real_bars(labelled: bool = True) -> RealImages:
    train, held_out = np.arange(150) % 3, np.arange(60) % 3
    return RealImages(
        bars(train, 1),
        bars(held_out, 2),
        *((train, held_out, NAMES) if labelled else ()),
    )


def honest(label: int | None, count: int) -> np.ndarray:
    labels = np.arange(count) % 3 if label is None else np.full(count, label)
    return bars(labels, 10 + (label or 0))


class Means:
    """Features that can be known: mean of each quarter."""

    name = "means"

    def extract(self, images):
        parts = images.reshape(len(images), 2, 4, 2, 4) / 255
        return parts.mean(axis=(2, 4)).reshape(len(images), 4)


@pytest.fixture(scope="module")
def report():
    return evaluate_generation(honest, real_bars(), conditional=True, count=151, seed=3)


def test_a_generator_as_good_as_the_data(report):
    scores = report.scores
    assert scores.label_accuracy >= 0.95
    assert scores.classifier_accuracy >= 0.95
    assert scores.covered_classes == 3
    assert scores.inception_score > 2.0
    assert scores.pairwise_ratio == pytest.approx(1.0, abs=0.05)
    assert scores.nearest_ratio == pytest.approx(1.0, abs=0.1)
    assert scores.precision > 0.8
    assert scores.recall > 0.8
    assert list(report.coverage) == list(NAMES)
    assert sum(report.coverage.values()) == pytest.approx(1.0)
    assert (report.features, report.note) == ("classifier", CLASSIFIER_NOTE)
    assert (report.count, report.seed) == (151, 3)


@pytest.fixture(scope="module")
def trained():
    real = real_bars()
    return train_classifier(real.train, real.train_labels, 3, epochs=10)


@pytest.fixture
def judge(trained, monkeypatch):
    monkeypatch.setattr(
        "imgan.evaluate.generation.train_classifier", lambda *_: trained
    )


def test_the_same_seed_gives_the_same_scores(judge):
    one, again, other = (
        evaluate_generation(honest, real_bars(), conditional=True, count=90, seed=seed)
        for seed in (3, 3, 4)
    )
    assert one == again
    assert one.scores.kid != other.scores.kid


def test_labels_are_drawn_evenly(judge):
    asked = []

    def generate(label, count):
        asked.append((label, count))
        return honest(label, count)

    real = real_bars()
    evaluate_generation(generate, real, conditional=True, features=Means(), count=14)
    assert asked == [(0, 5), (1, 5), (2, 4)]
    asked.clear()
    evaluate_generation(generate, real, conditional=False, features=Means(), count=14)
    assert asked == [(None, 14)]


def test_a_generator_that_copies_is_found():
    real = real_bars(labelled=False)
    scores = evaluate_generation(
        lambda _, count: real.train[:count], real, conditional=False, count=100
    ).scores
    assert scores.nearest_ratio < 0.01
    assert scores.pairwise_ratio == pytest.approx(1.0, abs=0.05)


def test_a_generator_that_repeats_itself_is_found(judge):
    """Swapped labels too: across is drawn for down, and the rest is one blank."""

    def collapsed(label, count):
        one = bars([{0: 1, 1: 0}.get(label, 2)], 50 + label)
        return np.repeat(one, count, axis=0)

    report = evaluate_generation(
        collapsed, real_bars(), conditional=True, features=Means(), count=99
    )
    assert report.scores.pairwise_ratio < 1e-6
    assert report.scores.label_accuracy == pytest.approx(1 / 3)
    assert report.scores.recall < 0.5
    assert (report.features, report.note) == ("means", NOTE)


def test_without_labels_nothing_is_classified():
    report = evaluate_generation(
        honest, real_bars(labelled=False), conditional=False, count=60
    )
    assert report.scores.label_accuracy is None
    assert report.scores.fid is None
    assert report.coverage == {}
    assert (report.features, report.note) == (None, NO_FEATURES_NOTE)
    assert report.scores.pairwise_ratio == pytest.approx(1.0, abs=0.1)


def test_shifted_features_are_measured():
    """Samples 51 levels brighter: each of four features moves by 0.2, squared 0.16."""
    real = real_bars(labelled=False)
    dim = RealImages(real.train // 2, real.held_out // 2)
    scores = evaluate_generation(
        lambda _, count: dim.train[:count] + np.uint8(51),
        dim,
        conditional=False,
        features=Means(),
        count=150,
    ).scores
    assert scores.fid == pytest.approx(0.16, rel=1e-6)
    assert scores.kid > 5 * scores.kid_error > 1e-6


def test_nothing_held_out_leaves_its_ratio_open():
    real = real_bars(labelled=False)
    bare = RealImages(real.train, real.held_out[:0])
    scores = evaluate_generation(honest, bare, conditional=False, count=10).scores
    assert scores.nearest_ratio is None


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="labelled"):
        evaluate_generation(honest, real_bars(labelled=False), conditional=True)
    with pytest.raises(ValueError, match="Received: 11"):
        evaluate_generation(honest, real_bars(), conditional=True, count=11)
