"""Functions that Keras records as layers, with their arguments."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from imgan.errors import CheckpointError
from imgan.importing.keras2 import read_keras_model
from imgan.importing.keras2.operations import operation
from tests.contracts import randomize

IMAGES = np.random.default_rng(1).normal(size=(1, 6, 5, 3)).astype(np.float32)


def saved(body: Any, path: Path) -> keras.Model:
    images = keras.Input((None, None, 3))
    made = keras.Model(images, body(layers.Conv2D(4, 3, padding="same")(images)))
    randomize(made)
    made.save(path)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        lambda x: ops.leaky_relu(x, negative_slope=0.05),
        lambda x: ops.leaky_relu(x),
        lambda x: ops.elu(x, alpha=0.3),
        lambda x: ops.elu(x),
        lambda x: ops.selu(x),
        lambda x: ops.clip(x, -0.1, 0.2),
        lambda x: ops.concatenate([x, ops.relu(x)], axis=-1),
        lambda x: ops.concatenate([x, ops.relu(x)], axis=3),
        lambda x: ops.pad(x, ((0, 0), (1, 2), (2, 1), (0, 0))),
        lambda x: ops.pad(x, ((0, 0), (1, 2), (2, 1), (0, 0)), mode="reflect"),
        lambda x: ops.nn.depth_to_space(x, 2),
        lambda x: ops.maximum(ops.negative(x), 0.1),
        lambda x: ops.relu6(ops.cast(x, "float32") * 9.0),
    ],
)
def test_operations_of_keras_3(body: Any, tmp_path: Path) -> None:
    made = saved(body, tmp_path / "model.keras")
    read = read_keras_model(tmp_path / "model.keras")
    np.testing.assert_allclose(read(IMAGES), made(IMAGES), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda x: ops.concatenate([x, x], axis=1), "concat called with axis=1"),
        (lambda x: ops.cast(x, "float16"), "cast called with dtype=float16"),
        (
            lambda x: ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=0.5),
            "pad called with .*constant_values=0.5",
        ),
    ],
)
def test_operations_of_keras_3_that_are_not_read(
    body: Any, message: str, tmp_path: Path
) -> None:
    saved(body, tmp_path / "model.keras")
    with pytest.raises(CheckpointError, match=message):
        read_keras_model(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("function", "more", "options"),
    [
        ("nn.relu", [], {"alpha": 0.1}),
        ("nn.silu", [2.0], {}),
        ("keras.activations.relu", [], {"max_value": 0}),
        ("concat", [1], {}),
        ("image.resize", [[12, 10]], {"half_pixel_centers": True}),
    ],
)
def test_arguments_that_nothing_reads_are_refused(
    function: str, more: list[Any], options: dict[str, Any]
) -> None:
    images = keras.Input((6, 5, 3))
    first: Any = [images, images] if function == "concat" else images
    with pytest.raises(CheckpointError, match=f"tf.{function} called with"):
        operation(function, [first, *more], options, "layer")


ROWS: dict[str, Any] = {"start": 1, "stop": -1, "step": None}
WHOLE: dict[str, Any] = {"start": None, "stop": None, "step": None}
DOTS: dict[str, Any] = {"class_name": "__ellipsis__"}


@pytest.mark.parametrize(
    ("spec", "cropping"),
    [
        ([WHOLE, ROWS], [[1, 1], [0, 0]]),
        ([WHOLE, ROWS, DOTS], [[1, 1], [0, 0]]),
        ([DOTS, ROWS, WHOLE], [[0, 0], [1, 1]]),
        ([WHOLE, DOTS, ROWS, WHOLE], [[0, 0], [1, 1]]),
        ([WHOLE, ROWS, ROWS, WHOLE, DOTS], [[1, 1], [1, 1]]),
    ],
)
def test_crops(spec: list[Any], cropping: list[Any]) -> None:
    images = keras.Input((6, 5, 3))
    name, options = "__operators__.getitem", {"slice_spec": spec}
    made = operation(name, [images], options, "layer")
    assert [part.config for part in made.parts] == [{"cropping": cropping}]


@pytest.mark.parametrize(
    "spec",
    [
        [DOTS, ROWS],
        [DOTS, ROWS, DOTS],
        [WHOLE, "rows"],
        [WHOLE, 1],
        [None, WHOLE],
        [{"class_name": "__other__"}],
        [WHOLE] * 6,
        [DOTS, *[WHOLE] * 5],
        ROWS,
    ],
)
def test_indices_that_are_no_crops(spec: Any) -> None:
    images = keras.Input((6, 5, 3))
    name, options = "__operators__.getitem", {"slice_spec": spec}
    with pytest.raises(CheckpointError, match="getitem called with slice_spec"):
        operation(name, [images], options, "layer")


def test_arguments_that_are_off_or_change_nothing() -> None:
    images = keras.Input((6, 5, 3))
    options = {"antialias": True, "preserve_aspect_ratio": False, "name": "a"}
    made = operation("image.resize", [images, [12, 10]], options, "layer")
    assert [part.kind for part in made.parts] == ["BilinearPhases", "DepthToSpace"]
