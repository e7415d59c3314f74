from typing import Any

import keras
import pytest

from imgan.importing.likeness import LEAST_LIKENESS
from imgan.importing.likeness import likeness
from imgan.networks.base import Network


def enlarger(body: Any, channels: int = 3) -> Network:
    images = keras.Input((None, None, channels))
    enlarged = keras.layers.UpSampling2D(2)(body(images))
    return Network(images, enlarged, arguments={})


def test_repetition_is_the_same_picture() -> None:
    assert likeness(enlarger(lambda x: x)) == 100


def test_brightness_by_hand() -> None:
    """A tenth brighter everywhere: 20 dB; the waves stay under 0.8."""
    brighter = enlarger(keras.layers.Rescaling(1.0, 0.1))
    assert likeness(brighter) == pytest.approx(20, abs=0.01)


def test_a_negative_is_another_picture() -> None:
    """0.6 times a sine is off: 0.36 / 2 in the mean of squares, 7.4 dB."""
    negative = enlarger(keras.layers.Rescaling(-1.0, 1.0))
    assert likeness(negative) == pytest.approx(7.4, abs=1.0)
    assert LEAST_LIKENESS > 8.4


def test_values_outside_the_range_are_clipped() -> None:
    wild = enlarger(keras.layers.Rescaling(1e6, -5e5))
    alike = likeness(wild)
    assert alike is not None
    assert 0 < alike < LEAST_LIKENESS


def test_colours_may_come_or_go() -> None:
    def grey(x: Any) -> Any:
        return keras.ops.mean(x, axis=-1, keepdims=True)

    coloured = keras.layers.Concatenate()
    assert likeness(enlarger(grey)) == 100
    assert likeness(enlarger(lambda x: coloured([x, x, x]), 1)) == 100


def test_other_channels_are_not_compared() -> None:
    doubled = keras.layers.Concatenate()
    assert likeness(enlarger(lambda x: doubled([x, x]))) is None


def test_sizes_that_a_network_takes() -> None:
    class Halves(Network):
        size_multiple = 24  # type: ignore[assignment]
        minimum_size = 50  # type: ignore[assignment]

    images = keras.Input((None, None, 1))
    halves = Halves(images, keras.layers.UpSampling2D(2)(images), arguments={})
    assert likeness(halves) == 100
