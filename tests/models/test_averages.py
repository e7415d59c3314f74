import numpy as np
import pytest
import tensorflow as tf

from imgan.models.averages import Averages


def read(averages: Averages) -> dict[str, float]:
    return {name: float(value) for name, value in averages.result().items()}


def test_means_by_name() -> None:
    averages = Averages(["loss", "norm"])
    averages.update_state({"loss": 1.0, "norm": tf.constant(4.0, tf.bfloat16)})
    averages.update_state({"loss": 2.0, "norm": 8.0, "unnamed": 5.0})
    assert read(averages) == {"loss": 1.5, "norm": 6.0}


def test_weights() -> None:
    """(1 * 2 + 4 * 1) / 3 = 2; the others count once each."""
    averages = Averages(["a", "b"])
    averages.update_state({"a": 1.0, "b": 1.0}, {"a": 2.0})
    averages.update_state({"a": 4.0, "b": 3.0})
    assert read(averages) == {"a": 2.0, "b": 2.0}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weight_zero_leaves_out_what_is_not_finite(value: float) -> None:
    averages = Averages(["a", "b"])
    averages.update_state({"a": value, "b": 1.0}, {"a": 0.0})
    assert read(averages) == {"a": 0.0, "b": 1.0}
    averages.update_state({"a": 3.0, "b": 1.0})
    assert read(averages) == {"a": 3.0, "b": 1.0}


def test_what_counts_and_is_not_finite_shows() -> None:
    averages = Averages(["a", "b"])
    averages.update_state({"a": np.nan, "b": 1.0})
    assert np.isnan(read(averages)["a"])
    assert read(averages)["b"] == 1.0


def test_reset() -> None:
    averages = Averages(["a"])
    averages.update_state({"a": np.nan})
    averages.reset_state()
    assert read(averages) == {"a": 0.0}
    averages.update_state({"a": 2.0})
    assert read(averages) == {"a": 2.0}


def test_a_name_without_a_value() -> None:
    with pytest.raises(KeyError, match="norm"):
        Averages(["loss", "norm"]).update_state({"loss": 1.0})


def test_configuration() -> None:
    averages = Averages(["b", "a"], name="numbers")
    twin = Averages.from_config(averages.get_config())
    assert twin.get_config() == {"names": ["b", "a"], "name": "numbers"}
    assert list(twin.result()) == ["b", "a"]
