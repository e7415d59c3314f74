import numpy as np
import pytest
from scipy import stats

from imgan.bundles.card import LatentSpec
from imgan.inference.latents import draw_latents
from imgan.inference.latents import latents_between

NORMAL = LatentSpec(dim=50, distribution="normal")
UNIFORM = LatentSpec(dim=50, distribution="uniform")


def test_a_latent_depends_on_seed_label_and_index_only():
    many = draw_latents(NORMAL, range(40), seed=3, label=2)
    few = draw_latents(NORMAL, range(30, 33), seed=3, label=2)
    np.testing.assert_array_equal(few, many[30:33])
    assert many.dtype == np.float32
    others = [
        draw_latents(NORMAL, range(3), seed=seed, label=label)
        for seed, label in [(3, 2), (3, None), (3, 0), (4, 2), (3 + (2 << 32), 2)]
    ]
    rows = np.concatenate(others)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_known_numbers():
    """They must never change, or old seeds give new pictures."""
    spec = LatentSpec(dim=3, distribution="uniform")
    drawn = draw_latents(spec, range(7, 8), seed=1, label=None)[0]
    bits = np.random.PCG64(np.random.SeedSequence(1, spawn_key=(0, 7))).random_raw(3)
    np.testing.assert_allclose(drawn, bits / 2.0**63 - 1.0, rtol=1e-6)
    np.testing.assert_allclose(drawn, [-0.28939047, 0.6148204, 0.6548138], rtol=1e-6)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [(NORMAL, stats.norm()), (UNIFORM, stats.uniform(-1, 2))],
    ids=["normal", "uniform"],
)
def test_distribution(spec, expected):
    values = draw_latents(spec, range(400), seed=0, label=None).ravel()
    # 20,000 numbers: the distance stays below 1.63 / sqrt(20000) in 99 of 100 cases.
    assert stats.kstest(values, expected.cdf).statistic < 0.0115


def test_truncation_bounds_and_keeps_the_order():
    free = draw_latents(NORMAL, range(20), seed=0, label=1)
    bound = draw_latents(NORMAL, range(20), seed=0, label=1, truncation=0.7)
    assert np.abs(free).max() > 2
    assert 0.69 < np.abs(bound).max() <= np.float32(0.7)
    order = np.argsort(free, axis=None)
    assert (np.diff(bound.ravel()[order]) >= 0).all()
    # The truncated normal distribution, number by number.
    expected = stats.truncnorm(-0.7, 0.7).ppf(stats.norm.cdf(free.astype(np.float64)))
    np.testing.assert_allclose(bound, expected, atol=1e-5)
    wide = draw_latents(NORMAL, range(20), seed=0, label=1, truncation=40.0)
    np.testing.assert_array_equal(wide, free)


def test_truncation_of_uniform_latents_scales():
    free = draw_latents(UNIFORM, range(5), seed=0, label=None)
    half = draw_latents(UNIFORM, range(5), seed=0, label=None, truncation=0.5)
    np.testing.assert_array_equal(half, free * 0.5)
    more = draw_latents(UNIFORM, range(5), seed=0, label=None, truncation=3.0)
    np.testing.assert_array_equal(more, free)


def test_between_on_the_great_circle():
    """Between (2, 0) and (0, 2) lie (2 cos, 2 sin) of 30 and 60 degrees."""
    spec = LatentSpec(dim=2, distribution="normal")
    ends = np.array([[2, 0], [0, 2]], np.float32)
    half, root = 1.0, np.sqrt(3)
    between = latents_between(spec, *ends, 2)
    np.testing.assert_allclose(between, [[root, half], [half, root]], rtol=1e-6)


@pytest.mark.parametrize("end", [[3, 0], [-1, 0], [0, 0]])
def test_between_where_there_is_no_great_circle(end):
    spec = LatentSpec(dim=2, distribution="normal")
    start, end = np.array([1, 0], np.float32), np.array(end, np.float32)
    between = latents_between(spec, start, end, 3)
    np.testing.assert_allclose(between[1], (start + end) / 2, atol=1e-6)


def test_between_uniform_latents_is_straight():
    spec = LatentSpec(dim=2, distribution="uniform")
    start, end = np.array([1, 0], np.float32), np.array([0, -1], np.float32)
    between = latents_between(spec, start, end, 1)
    np.testing.assert_array_equal(between, [[0.5, -0.5]])
