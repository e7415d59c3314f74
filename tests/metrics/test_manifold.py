"""Precision and recall of generated pictures."""

import numpy as np
import pytest

from imgan.metrics import distances
from imgan.metrics.manifold import precision_recall


def line(*values):
    return np.array(values, float)[:, None]


def test_balls_on_a_line():
    """Real 0, 1, 3 with k=1: radii 1, 1, 2, which cover [-1, 5].

    Fake 4, 5.5, 9: only 4 lies there, precision 1/3. Fake radii 1.5, 1.5, 3.5 cover
    [2.5, 7] and [5.5, 12.5]: only the real 3, recall 1/3. With k=2 the real radii are
    3, 2, 3 and cover [-3, 6]: 4 and 5.5, precision 2/3.
    """
    real, fake = line(0, 1, 3), line(4, 5.5, 9)
    assert precision_recall(real, fake, 1) == pytest.approx((1 / 3, 1 / 3))
    assert precision_recall(real, fake, 2).precision == pytest.approx(2 / 3)


def test_a_collapsed_generator_is_precise_and_recalls_little():
    random = np.random.default_rng(0)
    real = random.normal(size=(300, 4))
    fake = random.normal(size=(300, 4)) * 0.05
    precision, recall = precision_recall(real, fake)
    assert precision == 1.0
    assert recall < 0.1


def test_equal_sets_are_whole_and_distant_ones_nothing():
    real = np.random.default_rng(0).normal(size=(50, 3))
    assert precision_recall(real, real.copy()) == (1.0, 1.0)
    assert precision_recall(real, real + 100.0) == (0.0, 0.0)


def test_chunks_change_nothing(monkeypatch):
    real, fake = np.random.default_rng(0).normal(size=(2, 61, 3))
    whole = precision_recall(real, fake * 1.5)
    monkeypatch.setattr(distances, "_ROWS", 7)
    assert precision_recall(real, fake * 1.5) == whole


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="at least 4 samples"):
        precision_recall(line(0, 1, 2), line(0, 1, 2, 3))
    with pytest.raises(ValueError, match="Received: 0"):
        precision_recall(line(0, 1), line(0, 1), 0)
