"""Timing of models with a clock of the test's own: nothing depends on real speed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from imgan.inference import speed
from imgan.inference.speed import SpeedTest
from imgan.inference.speed import measure_models
from imgan.types import Array
from tests.inference.translators import save_negative


class Clock:
    """Time that passes only where a model computes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Model:
    """Takes a time for each pixel, and as much again for its first picture."""

    def __init__(self, clock: Clock, seconds_per_megapixel: float) -> None:
        self.engine = SimpleNamespace(device="cpu", input_channels=1)
        self.sides: list[int] = []
        self._clock = clock
        self.rate = seconds_per_megapixel

    def precision_for(self, dtype: str) -> str:
        return "float32" if dtype == "uint8" else "float64"

    def __call__(self, picture: Array) -> Array:
        assert picture.shape[2] == 1
        times = 1 if self.sides else 2
        self._clock.now += times * self.rate * picture.size / 1e6
        self.sides.append(picture.shape[0])
        return picture


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(speed.time, "perf_counter", clock)
    return clock


def rounds(clock: Clock, seconds_per_megapixel: float) -> tuple[Model, SpeedTest]:
    model = Model(clock, seconds_per_megapixel)
    test = SpeedTest(model)  # type: ignore[arg-type]
    for _ in range(speed.ROUNDS):
        test.run_round()
    return model, test


@pytest.mark.parametrize("rate", [1.0, 5.0, 20.0, 100.0, 300.0])
def test_a_round_is_short_and_a_slow_machine_bounds_them_all(
    clock: Clock, rate: float
) -> None:
    model, test = rounds(clock, rate)
    first = 2 * rate * 368**2 / 1e6
    assert test.speed.precision == "float32"
    assert clock.now <= max(60, first)
    if rate <= 5:
        assert model.sides[-1] == 512
    else:
        assert set(model.sides) == {368}
    assert len(model.sides) > 1 or first >= 30
    # The first call takes twice as long, and counts only where it is the only one.
    times = 1 if len(model.sides) > 1 else 2
    assert test.speed.megapixels_per_second == pytest.approx(1 / (times * rate))


def test_the_best_call_counts(clock: Clock) -> None:
    model = Model(clock, 20.0)
    test = SpeedTest(model)  # type: ignore[arg-type]
    model.rate = 10.0
    test.run_round()
    model.rate = 40.0
    test.run_round()
    assert test.speed.megapixels_per_second == pytest.approx(0.1)


def test_the_first_call_counts_where_it_took_very_long(clock: Clock) -> None:
    model, test = rounds(clock, 300.0)
    assert model.sides == [368]
    assert test.speed.megapixels_per_second == pytest.approx(1 / 600)


def test_a_device_is_named(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "this_machine", lambda: "2 cores of Some CPU")
    model, test = rounds(clock, 1.0)
    assert test.speed.machine == "2 cores of Some CPU"
    model.engine.device = "gpu:0"
    assert test.speed.machine == "gpu:0, 2 cores of Some CPU"


def test_models_take_turns_and_equal_networks_are_one(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = save_negative(tmp_path / "a")
    b = save_negative(tmp_path / "b", first=1, description="with other weights")
    c = save_negative(tmp_path / "c", 1, 1)
    calls: list[str] = []

    class Named(Model):
        def __init__(self, name: str) -> None:
            super().__init__(clock, 10.0)
            self.name = name

        def __call__(self, picture: Array) -> Array:
            calls.append(self.name)
            return super().__call__(picture)

    monkeypatch.setattr(speed, "load_predictor", lambda options: Named(options.model))
    told: list[tuple[str, int, int]] = []
    found = measure_models([a, b, c], lambda *step: told.append(step))
    assert found[a] == found[b]
    assert [name for name in calls if name == b] == []
    # Two calls of each to warm up, then one of each in every round.
    assert calls[4:] == [a, c] * 3
    assert [done for _, done, _ in told] == list(range(1, 10))
    assert {total for *_, total in told} == {9}
    assert told[0][0] == f"{a}: loaded, computes in float32"
    assert told[1][0] == f"{b}: the network of one above, timed once"
    assert [line for line, *_ in told if line][-1] == "timed, round 3 of 3"
