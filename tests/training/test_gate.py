"""The gate: which look is the best, when there have been enough, what is said."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from imgan.config.super_resolution import GateConfig
from imgan.training.gate import BestWeights
from imgan.training.gate import Decision
from imgan.training.gate import Gate


def look(gate: Gate, *values: float, every: int = 100) -> list[Decision]:
    return [
        gate.observe(every * number, {"psnr_y": value})
        for number, value in enumerate(values, 1)
    ]


def test_the_highest_look_is_kept() -> None:
    gate = Gate(GateConfig())
    found = look(gate, 25.0, 26.0, 25.5, 26.001, 20.0)
    assert [decision.best for decision in found] == [True, True, False, True, False]
    assert gate.kept == (400, {"psnr_y": 26.001})
    last = Gate(GateConfig(keep_best=False))
    look(last, 25.0, 26.0, 25.5)
    assert last.kept == (300, {"psnr_y": 25.5})


def test_the_start_is_only_replaced_by_a_gain_that_counts() -> None:
    gate = Gate(GateConfig(least_gain=0.01))
    gate.begin({"psnr_y": 26.0})
    assert gate.observe(0, {"psnr_y": 26.0}).best
    found = look(gate, 25.0, 26.005, 26.02, 26.021)
    assert [decision.best for decision in found] == [False, False, True, True]
    assert gate.compared({"psnr_y": 26.5})["gain_over_start"] == pytest.approx(0.5)


def test_looks_without_a_gain_are_counted_from_the_last_one_that_counted() -> None:
    """Gains of 0.004 add up: the third is 0.012 above the first."""
    gate = Gate(GateConfig(early_stop=3, least_gain=0.01))
    found = look(gate, 26.0, 26.004, 26.008, 26.012, 26.0, 26.0, 26.0)
    assert [decision.stop for decision in found] == [False] * 6 + [True]
    never = Gate(GateConfig(early_stop=0))
    assert not any(decision.stop for decision in look(never, *[26.0] * 20))


def test_a_look_that_looks_wrong_is_never_the_best() -> None:
    gate = Gate(GateConfig())
    gate.observe(100, {"psnr_y": 25.0})
    assert not gate.observe(200, {"psnr_y": 30.0}, trusted=False).best
    assert gate.kept == (100, {"psnr_y": 25.0})


def test_without_luma_all_channels_count_and_without_scores_nothing() -> None:
    gate = Gate(GateConfig())
    assert gate.observe(100, {}) == Decision()
    assert gate.observe(200, {"psnr": 30.0, "ssim": 0.9}).best


def test_another_stage_has_a_best_of_its_own() -> None:
    gate = Gate(GateConfig(early_stop=2))
    gate.begin({"psnr_y": 28.0})
    look(gate, 29.0, 29.0)
    gate.begin_stage()
    assert gate.observe(300, {"psnr_y": 27.0}) == Decision(best=True, stop=False)
    assert gate.compared({"psnr_y": 27.0})["gain_over_start"] == pytest.approx(-1.0)


def test_a_state_survives_a_checkpoint() -> None:
    gate = Gate(GateConfig(early_stop=2))
    gate.begin({"psnr_y": 0.1 + 0.2})
    look(gate, 0.7, 0.1)
    twin = Gate(gate.config)
    twin.restore(json.loads(json.dumps(gate.notes())))
    assert twin.state == gate.state


def test_weights_are_copied_and_given_back() -> None:
    network: Any = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3)])
    first = network.get_weights()
    best = BestWeights(network)
    network.set_weights([weight + 1 for weight in first])
    best.give_back()
    np.testing.assert_array_equal(network.get_weights()[0], first[0])
    network.set_weights([weight + 2 for weight in first])
    best.take()
    network.set_weights(first)
    best.give_back()
    np.testing.assert_array_equal(network.get_weights()[1], first[1] + 2)
