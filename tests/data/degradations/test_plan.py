import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from imgan.config.degradation import BlurConfig
from imgan.config.degradation import DegradationConfig
from imgan.data.degradations import plan as plan_module
from imgan.data.degradations.plan import Plan
from imgan.data.degradations.plan import draw_plan

COUNT = 3000
# Four deviations of a share of one half.
MARGIN = 4 * 0.5 / math.sqrt(COUNT)


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    rng = np.random.default_rng(0)
    return [draw_plan(DegradationConfig(), rng, 3) for _ in range(COUNT)]


def share(values: list[bool]) -> Any:
    return pytest.approx(sum(values) / len(values), abs=MARGIN)


def test_shares_of_what_is_done(plans: list[Plan]) -> None:
    assert all(plan.first.kernel is not None for plan in plans)
    assert share([plan.second.kernel is not None for plan in plans]) == 0.8
    assert share([plan.final.kernel is not None for plan in plans]) == 0.8
    assert share([plan.final.jpeg_first for plan in plans]) == 0.5
    assert all(plan.second.jpeg_quality is None for plan in plans)
    for quality in (plan.first.jpeg_quality for plan in plans):
        assert 30 <= quality <= 95
    assert {plan.final.jpeg_quality for plan in plans} == set(range(30, 96))


def test_factors_and_modes_of_the_resizes(plans: list[Plan]) -> None:
    first = [plan.first.resize_factor for plan in plans]
    assert share([factor > 1 for factor in first]) == 0.2
    assert share([factor < 1 for factor in first]) == 0.7
    assert min(first) == pytest.approx(0.15, abs=0.01)
    assert max(first) == pytest.approx(1.5, abs=0.01)
    second = [plan.second.resize_factor for plan in plans]
    assert share([factor > 1 for factor in second]) == 0.3
    assert share([factor < 1 for factor in second]) == 0.4
    assert min(second) == pytest.approx(0.3, abs=0.01)
    assert max(second) == pytest.approx(1.2, abs=0.01)
    for stage in ("first", "second", "final"):
        modes = [getattr(plan, stage).resize_mode for plan in plans]
        for mode in ("area", "bilinear", "bicubic"):
            assert share([one == mode for one in modes]) == 1 / 3


def test_shares_and_strengths_of_noise(plans: list[Plan]) -> None:
    noises = [plan.first.noise for plan in plans]
    assert share([noise.kind == "gaussian" for noise in noises]) == 0.5
    assert share([noise.grey for noise in noises]) == 0.4
    for kind, low, high in (("gaussian", 1, 30), ("poisson", 0.05, 3)):
        drawn = [noise.strength for noise in noises if noise.kind == kind]
        assert low <= min(drawn) < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < max(drawn) <= high


def test_kernels_are_drawn_from_the_families(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Any, ...]] = []
    cutoffs: list[tuple[int, float]] = []
    monkeypatch.setattr(plan_module, "gaussian_kernel", lambda *a: drawn.append(a))
    monkeypatch.setattr(plan_module, "sinc_kernel", lambda *a: cutoffs.append(a))
    rng = np.random.default_rng(1)
    config = DegradationConfig(second=None)
    config = config.model_copy(
        update={"final": config.final.model_copy(update={"sinc_probability": 0.0})}
    )
    for _ in range(COUNT):
        draw_plan(config, rng, 3)
    assert len(cutoffs) / COUNT == pytest.approx(0.1, abs=MARGIN)
    kinds = Counter(kind for kind, *_ in drawn)
    expected = BlurConfig().kinds
    for kind, weight in expected.items():
        assert kinds[kind] / len(drawn) == pytest.approx(weight, abs=MARGIN)
    kind, sizes, sigma_x, sigma_y, angles, betas = zip(*drawn, strict=True)
    assert set(sizes) == set(range(7, 22, 2))
    for sigma in (sigma_x, sigma_y):
        assert min(sigma) == pytest.approx(0.2, abs=0.02)
        assert max(sigma) == pytest.approx(3.0, abs=0.02)
    assert np.percentile(angles, [0, 100]) == pytest.approx(
        [-math.pi, math.pi], abs=0.02
    )
    generalized, plateau = (
        np.array([b for k, b in zip(kind, betas, strict=True) if k.startswith(word)])
        for word in ("generalized", "plateau")
    )
    # Half below 1, though the part above is six times as long.
    assert np.mean(generalized < 1) == pytest.approx(0.5, abs=0.1)
    assert generalized.min() == pytest.approx(0.5, abs=0.02)
    assert generalized.max() == pytest.approx(4, abs=0.1)
    assert np.mean(plateau == 1) == pytest.approx(0.5, abs=0.1)
    assert plateau.max() == pytest.approx(2, abs=0.1)
    small = [cutoff for size, cutoff in cutoffs if size < 13]
    large = [cutoff for size, cutoff in cutoffs if size >= 13]
    assert math.pi / 3 <= min(small)
    assert math.pi / 5 <= min(large) < math.pi / 3
    assert max(small + large) == pytest.approx(math.pi, abs=0.05)


def test_equal_generators_draw_equal_plans_whatever_the_order_of_kinds() -> None:
    kinds = dict(reversed(BlurConfig().kinds.items()))
    turned = DegradationConfig.model_validate({"first": {"blur": {"kinds": kinds}}})
    for seed in range(20):
        generators = [np.random.default_rng(seed) for _ in range(3)]
        one = draw_plan(DegradationConfig(), generators[0], 3)
        two = draw_plan(turned, generators[1], 3)
        grey = draw_plan(DegradationConfig(), generators[2], 1)
        states = [generator.bit_generator.state for generator in generators]
        assert states[0] == states[1] == states[2]
        np.testing.assert_array_equal(one.first.kernel, two.first.kernel)
        assert one.second.noise == two.second.noise
        assert one.final.jpeg_quality == grey.final.jpeg_quality
        assert not grey.first.noise.grey


def test_what_a_recipe_switches_off_is_not_drawn() -> None:
    off = {"probability": 0.0}
    keep = {"up_probability": 0.0, "down_probability": 0.0}
    stage = {"blur": off, "resize": keep, "noise": off, "jpeg": off}
    config = DegradationConfig.model_validate(
        {
            "first": stage,
            "second": None,
            "final": {
                "sinc_probability": 0.0,
                "jpeg": off,
                "modes": ["area", "bicubic"],
            },
        }
    )
    plan = draw_plan(config, np.random.default_rng(0), 3)
    assert (plan.first.kernel, plan.first.noise, plan.first.jpeg_quality) == (None,) * 3
    assert plan.first.resize_factor == 1.0
    assert plan.second is None
    assert (plan.final.kernel, plan.final.jpeg_quality) == (None, None)
    assert plan.final.resize_mode != "bilinear"
