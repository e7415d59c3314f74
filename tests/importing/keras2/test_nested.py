"""Models in models: which call of them is meant, and how they are called."""

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from imgan.errors import CheckpointError
from imgan.importing.keras2 import read_keras_model
from imgan.importing.keras2.tree import Result
from imgan.importing.keras2.tree import read_plan
from tests.contracts import randomize

pytestmark = pytest.mark.filterwarnings("ignore:.*legacy")

IMAGES = np.random.default_rng(1).random((1, 6, 5, 3)).astype(np.float32)


def save(model: keras.Model, path: Path) -> Path:
    randomize(model)
    model.save(path)
    return path


def agrees(model: keras.Model, path: Path) -> None:
    save(model, path)
    read = read_keras_model(path)
    # Batch normalisation as in training subtracts what is small, too.
    np.testing.assert_allclose(read(IMAGES), model(IMAGES), rtol=0, atol=2e-5)


def sequential(*inside: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([layers.Conv2D(3, 3, padding="same"), *inside])


def built(*inside: keras.layers.Layer) -> keras.Model:
    return keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(3, 3, padding="same"), *inside]
    )


def functional(*inside: keras.layers.Layer) -> keras.Model:
    images = x = keras.Input((None, None, 3))
    for layer in (layers.Conv2D(3, 3, padding="same"), *inside):
        x = layer(x)
    return keras.Model(images, x)


@pytest.mark.slow
@pytest.mark.parametrize("make", [sequential, built, functional])
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("last", [True, False])
def test_called_several_times(
    make: Callable[[], keras.Model],
    times: int,
    suffix: str,
    last: bool,
    tmp_path: Path,
) -> None:
    """The last call may be the output, which Keras 3 counts otherwise."""
    inner, images = make(), keras.Input((None, None, 3))
    made = [images]
    for _ in range(times):
        made.append(inner(layers.ReLU()(made[-1])))
    total = layers.Add()(made)
    output = inner(total) if last else total
    agrees(keras.Model(images, output), tmp_path / f"model.{suffix}")


@pytest.mark.parametrize("make", [sequential, functional])
def test_calls_of_another_model_are_not_counted(
    make: Callable[[], keras.Model], tmp_path: Path
) -> None:
    inner, images = make(), keras.Input((None, None, 3))
    inner(keras.Input((None, None, 3)))
    made = layers.Subtract()([inner(images), inner(layers.ReLU()(images))])
    agrees(keras.Model(images, made), tmp_path / "model.keras")


def layer(name: str, kind: str, *inbound: Sequence[Any], **config: Any) -> Any:
    """Return a layer as Keras 2 writes it, called once for each `inbound`."""
    calls = [[[*reference, {}] for reference in call] for call in inbound]
    return {
        "class_name": kind,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": calls,
    }


def of_keras_2(kind: str, numbers: Sequence[int]) -> dict[str, Any]:
    """A model that adds two calls of one in it, whose results have these numbers."""
    shape = [None, None, None, 3]
    inside = {
        "input_layers": [["a", 0, 0]],
        "output_layers": [["relu", 0, 0]],
        "layers": [
            layer("a", "InputLayer", batch_input_shape=shape),
            layer("relu", "ReLU", [["a", 0, 0]]),
        ],
    }
    first, second = numbers
    listed = [
        layer("x", "InputLayer", batch_input_shape=shape),
        layer("inner", kind, [["x", 0, 0]], [["inner", first, 0]], **inside),
        layer("add", "Add", [["inner", first, 0], ["inner", second, 0]]),
    ]
    return {
        "class_name": "Functional",
        "config": {
            "name": "outer",
            "layers": listed,
            "input_layers": [["x", 0, 0]],
            "output_layers": [["add", 0, 0]],
        },
    }


@pytest.mark.parametrize("kind", ["Sequential", "Functional", "Model"])
@pytest.mark.parametrize("numbers", [(0, 1), (1, 2)])
def test_numbers_of_calls_in_keras_2(kind: str, numbers: Sequence[int]) -> None:
    plan = read_plan(of_keras_2(kind, numbers))
    given = [call.arguments for call in plan.calls]
    assert given == [[Result(-1)], [Result(0)], [[Result(0), Result(1)]]]


@pytest.mark.parametrize("numbers", [(0, 2), (1, 1), (3, 4)])
def test_numbers_that_may_mean_either_are_refused(numbers: Sequence[int]) -> None:
    with pytest.raises(CheckpointError, match="'inner' is called 2 times"):
        read_plan(of_keras_2("Sequential", numbers))


def normalized(make: Any, training: bool | None, *, inside: bool | None) -> keras.Model:
    norm = layers.BatchNormalization()
    if inside is None:
        inner = make(norm)
    else:
        images = keras.Input((None, None, 3))
        inner = keras.Model(images, norm(images, training=inside))
    images = keras.Input((None, None, 3))
    return keras.Model(images, inner(images, training=training))


@pytest.mark.parametrize("make", [sequential, built, functional])
@pytest.mark.parametrize("training", [True, False, None])
def test_a_model_called_as_in_training(
    make: Any, training: bool | None, tmp_path: Path
) -> None:
    made = normalized(make, training, inside=None)
    agrees(made, tmp_path / "model.keras")


@pytest.mark.parametrize("training", [True, False, None])
@pytest.mark.parametrize("inside", [True, False])
def test_the_outer_call_wins_in_keras_3(
    training: bool | None, inside: bool, tmp_path: Path
) -> None:
    made = normalized(None, training, inside=inside)
    agrees(made, tmp_path / "model.keras")


def test_training_goes_through_models_in_models(tmp_path: Path) -> None:
    inner, images = (
        sequential(layers.BatchNormalization()),
        keras.Input((None, None, 3)),
    )
    middle = keras.Model(images, layers.ReLU()(inner(images)))
    images = keras.Input((None, None, 3))
    outer = keras.Model(images, middle(images, training=True))
    agrees(outer, tmp_path / "model.keras")


def test_what_is_frozen_is_not_called_as_in_training(tmp_path: Path) -> None:
    made = normalized(functional, True, inside=None)
    made.trainable = False
    agrees(made, tmp_path / "model.keras")


@pytest.mark.parametrize("inside", [True, False])
def test_the_inner_call_wins_in_keras_2(inside: bool) -> None:
    config = of_keras_2("Functional", (1, 2))
    inner = config["config"]["layers"][1]
    inner["inbound_nodes"][0][0][3] = {"training": not inside}
    norm = layer("relu", "BatchNormalization", [["a", 0, 0]])
    norm["inbound_nodes"][0][0][3] = {"training": inside}
    inner["config"]["layers"][1] = norm
    first, second, _ = read_plan(config).calls
    assert first.options == second.options == {"training": inside}


def test_other_options_of_a_model_are_refused() -> None:
    config = of_keras_2("Functional", (1, 2))
    options = config["config"]["layers"][1]["inbound_nodes"][0][0]
    options[3] = {"mask": None, "training": False}
    read_plan(config)
    options[3] = {"mask": ["x", 0, 0]}
    with pytest.raises(CheckpointError, match="'inner' is called with mask=Result"):
        read_plan(config)
