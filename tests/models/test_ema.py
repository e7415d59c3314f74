import keras
import numpy as np
import pytest

from imgan.models.ema import GeneratorEMA
from tests.models.small import OneWeight


def test_starts_as_a_copy_that_is_not_trained() -> None:
    network = OneWeight(0.25)
    average = GeneratorEMA(network, 0.9).network
    assert average is not network
    assert average.trainable_variables == []
    assert average.weight == 0.25
    assert len(network.trainable_variables) == 1


@pytest.mark.parametrize(
    ("step", "decay", "kept"),
    [(1, 0.9, 2 / 11), (8, 0.9, 9 / 18), (80, 0.9, 81 / 90), (1000, 0.9, 0.9)],
)
def test_early_decay(step: int, decay: float, kept: float) -> None:
    """From 0 towards 1 the average moves by 1 - kept; at step 80 both limits meet."""
    network = OneWeight(0.0)
    average = GeneratorEMA(network, decay)
    network.weights[0].assign(np.ones((1, 1, 1, 1)))
    average.update(step)
    value = average.network.weight
    assert value == pytest.approx(1 - kept)


def test_decay_of_zero_follows() -> None:
    network = OneWeight(0.0)
    average = GeneratorEMA(network, 0.0)
    network.weights[0].assign(np.full((1, 1, 1, 1), 7.0))
    average.update(1)
    assert average.network.weight == 7.0


def test_statistics_are_copied_and_seeds_are_left_alone() -> None:
    """Batch normalisation stores a mean; dropout's seed is a variable too."""
    network = keras.Sequential(
        [
            keras.Input((None, None, 2)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
        ]
    )
    average = GeneratorEMA(network, 0.999)
    norm = network.layers[0]
    norm.moving_mean.assign([3.0, 4.0])
    norm.gamma.assign([2.0, 2.0])
    average.update(1)
    copy = average.network.layers[0]
    np.testing.assert_array_equal(copy.moving_mean, [3.0, 4.0])
    np.testing.assert_allclose(copy.gamma, 1 + 9 / 11)
