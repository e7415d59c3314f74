"""The contract of a network, for one that was made elsewhere."""

from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from imgan.layers.reflection_padding import ReflectionPadding2D
from imgan.networks.imported import ImportedGenerator
from imgan.networks.imported import describe_graph
from tests.contracts import check_network


def graph() -> dict[str, Any]:
    images = keras.Input((None, None, 2), name="images")
    x = layers.Conv2D(4, 3)(ReflectionPadding2D(1)(layers.Rescaling(2, -1)(images)))
    x = layers.PReLU(shared_axes=[1, 2])(x)
    again = layers.Conv2D(4, 3, padding="same", activation="relu", name="again")
    x = again(layers.BatchNormalization()(again(x)))
    x = layers.Add()([x, layers.LeakyReLU(0.2)(x)])
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return describe_graph(keras.Model(images, x))


def network(**changes: Any) -> ImportedGenerator:
    return ImportedGenerator(
        **{"graph": graph(), "scale": 2, "minimum_size": 2, **changes}
    )


def test_contract(tmp_path: Path) -> None:
    check_network(network(), tmp_path)


def test_graph_round_trips() -> None:
    made = network()
    assert describe_graph(made) == made.get_config()["graph"]
    kinds = [entry.get("class") for entry in graph()["layers"]]
    assert kinds.count(None) == 1


def test_ranges_and_sizes_are_of_the_instance() -> None:
    one = network(input_range=(0, 255), output_range=(-1, 1), size_multiple=4)
    assert (one.input_range, one.output_range) == ((0.0, 255.0), (-1.0, 1.0))
    assert (one.size_multiple, one.minimum_size, one.scale) == (4, 2, 2)
    assert network().input_range == (0.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class": "Lambda"}, "class 'Lambda' are not known"),
        ({"class": "Conv2D", "config": {"filters": {"class_name": "A"}}}, "not plain"),
        ({"config": {"padding": 1, "huh": 2}}, "huh"),
        ({"class": "Activation", "config": {"activation": "os.system"}}, "not known"),
        ({"inputs": ["later"]}, "graph must have"),
        ({"name": "images"}, "two layers are named 'images'"),
    ],
)
def test_graphs_that_are_not(change: dict[str, Any], message: str) -> None:
    made = graph()
    assert made["layers"][1]["class"] == "ReflectionPadding2D"
    made["layers"][1].update(change)
    with pytest.raises(ValueError, match=message):
        network(graph=made)


def test_ranges_that_are_not() -> None:
    with pytest.raises(ValueError, match="input_range must be two rising numbers"):
        network(input_range=(1, 0))


def test_layers_that_are_not_known_are_not_described() -> None:
    class Mine(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    images = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match="layers of class .*Mine are not known"):
        describe_graph(keras.Model(images, Mine()(images)))
