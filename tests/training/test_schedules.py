import keras
import numpy as np
import pytest

from imgan.training.schedules import RunSchedule


def rates(schedule: RunSchedule, *steps: int) -> list[float]:
    return [float(schedule(step)) for step in steps]


def test_constant() -> None:
    assert (
        rates(RunSchedule("constant", steps=10, learning_rate=0.5), 0, 5, 10)
        == [0.5] * 3
    )


def test_linear() -> None:
    """From 1 to 0.2 in 8 steps: 0.1 less at each, and no less afterwards."""
    schedule = RunSchedule(
        "linear", steps=8, learning_rate=1.0, final_learning_rate=0.2
    )
    expected = [1.0, 0.9, 0.6, 0.2, 0.2]
    assert rates(schedule, 0, 1, 4, 8, 20) == pytest.approx(expected)


def test_cosine() -> None:
    """(1 + cos(pi t)) / 2 at t = 0, 1/3, 1/2, 1 is 1, 3/4, 1/2, 0."""
    schedule = RunSchedule(
        "cosine", steps=12, learning_rate=3.0, final_learning_rate=1.0
    )
    expected = [3.0, 2.5, 2.0, 1.0]
    assert rates(schedule, 0, 4, 6, 12) == pytest.approx(expected)


def test_warm_up() -> None:
    """Quarter by quarter; the way down begins where the rise has ended."""
    flat = RunSchedule("constant", steps=20, learning_rate=2.0, warmup_steps=4)
    assert rates(flat, 0, 1, 2, 4, 9) == pytest.approx([0.0, 0.5, 1.0, 2.0, 2.0])
    line = RunSchedule("linear", steps=14, learning_rate=2.0, warmup_steps=4)
    assert rates(line, 0, 2, 4, 9, 14) == pytest.approx([0.0, 1.0, 2.0, 1.0, 0.0])


def test_hold() -> None:
    """Half of the ten steps after the rise at 2, then two fifths less at each."""
    line = RunSchedule("linear", steps=12, learning_rate=2.0, warmup_steps=2, hold=0.5)
    expected = [0.0, 2.0, 2.0, 2.0, 1.6, 0.4, 0.0, 0.0]
    assert rates(line, 0, 2, 4, 7, 8, 11, 12, 20) == pytest.approx(expected, abs=1e-6)
    curve = RunSchedule("cosine", steps=8, learning_rate=1.0, hold=0.25)
    assert rates(curve, 2, 5, 8) == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)
    flat = RunSchedule("constant", steps=8, learning_rate=1.0, hold=0.5)
    assert rates(flat, 1, 7) == [1.0, 1.0]


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine"])
def test_scale_is_read_at_every_step(kind: str) -> None:
    scale = keras.Variable(1.0)
    schedule = RunSchedule(kind, steps=10, learning_rate=0.4, scale=scale)
    (before,) = rates(schedule, 3)
    scale.assign(0.25)
    assert rates(schedule, 3) == pytest.approx([0.25 * before])


def test_in_an_optimizer() -> None:
    """Rates 0.5 and 0.25 on a slope of one."""
    schedule = RunSchedule("linear", steps=2, learning_rate=0.5)
    optimizer = keras.optimizers.SGD(schedule)
    variable = keras.Variable(1.0)
    for expected in (0.5, 0.25, 0.25):
        optimizer.apply([np.float32(1.0)], [variable])
        assert float(variable) == pytest.approx(expected)


def test_configuration() -> None:
    """A variable is written as the number it holds."""
    schedule = RunSchedule(
        "cosine",
        steps=30,
        learning_rate=0.1,
        final_learning_rate=0.01,
        warmup_steps=5,
        hold=0.3,
        scale=keras.Variable(0.5),
    )
    twin = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(schedule)
    )
    assert isinstance(twin, RunSchedule)
    assert twin.get_config() == schedule.get_config()
    assert twin.get_config()["scale"] == 0.5
    steps = (0, 3, 17, 30)
    assert rates(twin, *steps) == pytest.approx(rates(schedule, *steps))
