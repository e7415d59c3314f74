"""Runs with held-out pairs: what they end with, and that resuming changes nothing."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.config import validate_recipe
from imgan.training.experiment import Look
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.super_resolution_validation import SuperResolutionValidator
from imgan.training.train import train
from tests.training.conftest import assert_same_end
from tests.training.conftest import interrupt_after

# Decibels at steps 2, 4, ... of a run that is best at step 6.
RISE_AND_FALL = {2: 20.0, 4: 21.0, 6: 25.0, 8: 24.0, 10: 24.5, 12: 24.0}


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """What the validator is made to say of each step; sheets stay real."""
    decibels = {0: 22.0, **RISE_AND_FALL}
    real = SuperResolutionValidator.__call__

    def call(self: SuperResolutionValidator, step: int) -> Look:
        value = decibels[step]
        gain = value - 21.5
        wanted = {"psnr_y": value, "gain_over_bicubic": gain, "color_drift": 0.0}
        return real(self, step)._replace(scores=wanted, signs={})

    monkeypatch.setattr(SuperResolutionValidator, "__call__", call)
    return decibels


def gated(experiment: dict[str, Any], **gate: Any) -> dict[str, Any]:
    training = {**experiment["training"], "validate_every": 2, "gate": gate}
    return {**experiment, "training": training}


def run_of(experiment: dict[str, Any], folder: Path, stop: int = 0) -> RunFolder:
    recipe = validate_recipe(experiment)
    run = open_run(recipe, folder)
    if stop:
        with pytest.raises(KeyboardInterrupt):
            train(recipe, run, progress=interrupt_after(stop))
    else:
        train(recipe, run)
    return run


def last_row(run: RunFolder) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(run.metrics.read_text().splitlines()[-1])
    return row


def weights(run: RunFolder) -> list[Any]:
    found: list[Any] = load_network(run.bundle)[0].get_weights()
    return found


def same(one: list[Any], two: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.slow
@pytest.mark.thorough
def test_the_best_look_is_what_a_run_ends_with_however_often_it_is_killed(
    experiment: dict[str, Any],
    tmp_path: Path,
    scored: dict[int, float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        best = run_of(gated(experiment), tmp_path / "best")
    _, card = load_network(best.bundle)
    assert card.training_steps == 6
    assert card.metrics[0].values["psnr_y"] == 25.0
    line = "+3.50 dB over bicubic on 3 held-out pictures; kept step 6 of 12"
    assert last_row(best) == {"step": 12, "kept_step": 6, "verdict": line}
    assert line in caplog.text
    assert line in best.report.read_text(encoding="utf-8")
    disturbed = tmp_path / "disturbed"
    for stop in (7, 10, 12):
        run_of(gated(experiment), disturbed, stop)
    assert_same_end(run_of(gated(experiment), disturbed), best)
    last = run_of(gated(experiment, keep_best=False), tmp_path / "last")
    assert last_row(last)["kept_step"] == 12
    assert not same(weights(last), weights(best))


@pytest.mark.slow
def test_a_run_that_gains_nothing_more_ends_early_also_if_killed_there(
    experiment: dict[str, Any], tmp_path: Path, scored: dict[int, float]
) -> None:
    recipe = gated(experiment, early_stop=2)
    stopped = run_of(recipe, tmp_path / "stopped")
    assert stopped.finished
    row = last_row(stopped)
    assert (row["step"], row["kept_step"]) == (10, 6)
    assert "stopped at step 10 after 2 looks without a gain" in row["verdict"]
    assert row["verdict"] in stopped.report.read_text(encoding="utf-8")
    for stop in (9, 10):
        run_of(recipe, tmp_path / "disturbed", stop)
    assert_same_end(run_of(recipe, tmp_path / "disturbed"), stopped)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_fine_tune_that_does_not_help_ends_with_what_it_began_with(
    experiment: dict[str, Any],
    tmp_path: Path,
    scored: dict[int, float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = run_of(gated(experiment, keep_best=False), tmp_path / "first")
    tuned = gated({**experiment, "init": str(first.bundle)})
    scored[0] = 30.0
    kept = run_of(tuned, tmp_path / "kept")
    assert same(weights(kept), weights(first))
    assert load_network(kept.bundle)[1].training_steps == 0
    row = last_row(kept)
    assert f"+0.00 dB over {first.bundle} on 3" in row["verdict"]
    assert "better than the model it began with" in row["warnings"][0]
    assert row["warnings"][0] in caplog.text
    assert kept.sample_sheet(0).is_file()
    first_rows = [json.loads(line) for line in kept.metrics.read_text().splitlines()]
    assert first_rows[0]["step"] == 0
    assert first_rows[0]["validation_psnr_y"] == 30.0
    gains = [row["validation_gain_over_start"] for row in first_rows if len(row) == 5]
    assert gains == [0.0, *(value - 30.0 for value in RISE_AND_FALL.values())]
    run_of(tuned, tmp_path / "disturbed", 1)
    # Another start must not be looked at again: what was seen travels along.
    scored[0] = 0.0
    run_of(tuned, tmp_path / "disturbed", 9)
    assert_same_end(run_of(tuned, tmp_path / "disturbed"), kept)
