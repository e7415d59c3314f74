"""What the watchdog is told between two looks, by steps whose numbers are known."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from imgan.config.recipe import TrainingConfig
from imgan.training.callbacks import RunCallback
from imgan.training.experiment import Look
from imgan.training.judges import Judges
from imgan.training.watchdog import Watchdog


class Listener(Watchdog):
    """Keeps the number that it judges at every look."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config.watchdog, config.steps)
        self.heard: list[float] = []

    def _findings(
        self, step: int, numbers: Mapping[str, float], *rest: Any
    ) -> dict[str, str]:
        self.heard.append(numbers["x"])
        return {}


class Model:
    """Averages the numbers of its steps, each of which is that of the step."""

    metrics: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.window: list[int] = []

    def reset_metrics(self) -> None:
        self.window.clear()


def nothing(*_: Any, **__: Any) -> None:
    """Stand for what is not looked at here."""


def see_nothing(step: int) -> Look:
    return Look({})


def take_steps(
    config: TrainingConfig, judges: Judges, begin: int = 0, end: int | None = None
) -> None:
    """Take the steps of one stage."""
    log = SimpleNamespace(record=nothing, show_samples=nothing, latest={})
    callback = RunCallback(
        log,  # type: ignore[arg-type]
        config,
        SimpleNamespace(save=nothing),  # type: ignore[arg-type]
        judges,
        see_nothing,  # type: ignore[arg-type]
        first_step=begin,
        stage_begin=begin,
        stage_end=end or config.steps,
        interrupt=SimpleNamespace(requested=False),  # type: ignore[arg-type]
    )
    model = Model()
    callback.set_model(model)
    for step in range(begin + 1, (end or config.steps) + 1):
        model.window.append(step)
        mean = sum(model.window) / len(model.window)
        callback.on_train_batch_end(0, {"x": mean})


@pytest.mark.parametrize("log_every", [1, 2, 3, 5, 20])
def test_every_step_counts_once(log_every: int) -> None:
    """Looks at 3, 6, 9 and 12 are of 1 to 3, 4 to 6 and so forth: 2, 5, 8 and 11."""
    config = TrainingConfig(steps=12, log_every=log_every, validate_every=3)
    dog = Listener(config)
    take_steps(config, Judges(dog, None, None))
    assert dog.heard == pytest.approx([2.0, 5.0, 8.0, 11.0])


@pytest.mark.parametrize("log_every", [2, 5, 20])
@pytest.mark.parametrize("stage", [3, 4])
def test_numbers_of_a_stage_are_its_own(stage: int, log_every: int) -> None:
    """The look at 6 is of what came after the stage before, the look at 3 of that."""
    config = TrainingConfig(steps=12, log_every=log_every, validate_every=3)
    dog = Listener(config)
    judges = Judges(dog, None, None)
    take_steps(config, judges, end=stage)
    take_steps(config, judges, begin=stage)
    second = (stage + 1 + 6) / 2
    assert dog.heard == pytest.approx([2.0, second, 8.0, 11.0])
