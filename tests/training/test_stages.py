"""Stages: the train step changes at a step of the run, also of a resumed one."""

import logging
from pathlib import Path
from typing import Any

import pytest

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.training.generation import GenerationExperiment
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.train import train
from imgan.training.watchdog import Alarm
from imgan.training.watchdog import Watchdog
from tests.marks import thorough
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_recipe
from tests.training.conftest import interrupt_after
from tests.training.conftest import numbers

BOUNDARY = 7
INTERVALS = {"steps": 12, "log_every": 1, "checkpoint_every": 5, "validate_every": 6}


class Staged(GenerationExperiment):
    """A game that turns from one loss to another."""

    ends: tuple[int, ...] = (BOUNDARY,)

    def __init__(self, recipe: Any) -> None:
        super().__init__(recipe)
        self.begun: list[int] = []

    def stages(self) -> tuple[int, ...]:
        return self.ends

    def begin_stage(self, model: Any, step: int, run: Any) -> None:
        self.begun.append(step)
        kind = "hinge" if step >= BOUNDARY else "least_squares"
        model.generator_loss = ADVERSARIAL_LOSSES[kind]("generator")
        model.train_function = None


class Single(Staged):
    """The same without a boundary."""

    ends = ()


def start(
    folder: Path, progress: Any = None, kind: type[Staged] = Staged
) -> tuple[RunFolder, list[int]]:
    recipe = gan_recipe("gan", training=INTERVALS)
    run, experiment = open_run(recipe, folder), kind(recipe)
    try:
        train(recipe, run, progress=progress, experiment=experiment)
    except KeyboardInterrupt:
        assert progress
    return run, experiment.begun


@pytest.mark.slow
def test_a_stage_changes_the_train_step_from_its_first_step_on(tmp_path: Path) -> None:
    staged, begun = start(tmp_path / "staged")
    single, once = start(tmp_path / "single", kind=Single)
    assert (begun, once) == ([0, BOUNDARY], [0])
    same = [a == b for a, b in zip(numbers(staged), numbers(single), strict=True)]
    steps = [row["step"] for row in numbers(single)]
    assert [step for step, one in zip(steps, same, strict=True) if one] == [
        *range(1, 7),
        6,
        7,
    ]


@pytest.mark.slow
def test_the_end_of_a_stage_is_a_checkpoint(tmp_path: Path) -> None:
    run, _ = start(tmp_path / "run", interrupt_after(9))
    names = sorted(path.name for path in run.checkpoints.iterdir())
    assert names == ["step-00000005", "step-00000007"]


@pytest.mark.slow
@pytest.mark.parametrize("stops", [(6,), thorough((7,)), thorough((8, 12))])
def test_killed_around_a_boundary_equals_undisturbed(
    stops: tuple[int, ...], tmp_path: Path
) -> None:
    undisturbed, _ = start(tmp_path / "undisturbed")
    for stop in stops:
        start(tmp_path / "disturbed", interrupt_after(stop))
    disturbed, _ = start(tmp_path / "disturbed")
    assert_same_end(disturbed, undisturbed)


@pytest.mark.slow
def test_a_run_that_goes_back_behind_a_boundary_is_in_the_first_stage_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alarms = [Alarm(9, "collapse", "as the test wants it") for _ in range(2)]

    def check(self: Watchdog, step: int, *_: Any) -> Alarm | None:
        return alarms.pop() if alarms and step == alarms[-1].step else None

    monkeypatch.setattr(Watchdog, "check_finite", check)
    with caplog.at_level(logging.INFO):
        _, begun = start(tmp_path / "run")
    # The second time it is taken back one checkpoint further.
    assert begun == [0, BOUNDARY, BOUNDARY, 5, BOUNDARY]
