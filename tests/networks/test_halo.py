"""Graphs that the shipped networks do not have; those are in test_contract."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

from imgan.layers.depth_to_space import DepthToSpace
from imgan.networks.halo import halo
from tests.networks.small import measured_reach


def network(body: Callable[[Any], Any]) -> keras.Model:
    images = keras.Input((None, None, 3))
    return keras.Model(images, body(images))


def conv(size: int, **options: Any) -> layers.Layer:
    return layers.Conv2D(4, size, padding="same", **options)


def shared(images: Any) -> Any:
    layer = layers.Conv2D(3, 3, padding="same")
    return layer(layer(layer(images)))


GRAPHS = {
    "pointwise": (lambda x: layers.ReLU()(conv(1)(x)), 1, 0),
    "wide and narrow": (lambda x: layers.Add()([conv(7)(x), conv(3)(x)]), 1, 3),
    "chain beside a skip": (
        lambda x: layers.Concatenate()([conv(3)(conv(5)(x)), conv(1)(x)]),
        1,
        3,
    ),
    "dilated": (lambda x: conv(3, dilation_rate=3)(x), 1, 3),
    "oblong": (lambda x: layers.Conv2D(4, (1, 5), padding="same")(x), 1, 2),
    "one layer three times": (shared, 1, 3),
    "after repetition": (lambda x: conv(5)(layers.UpSampling2D(4)(x)), 4, 1),
    "bilinear": (
        lambda x: layers.UpSampling2D(3, interpolation="bilinear")(x),
        3,
        1,
    ),
    "bicubic": (lambda x: layers.UpSampling2D(4, interpolation="bicubic")(x), 4, 2),
    "three quarters of a pixel": (
        lambda x: conv(7)(DepthToSpace(4)(layers.Conv2D(16, 1)(x))),
        4,
        1,
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_hand_counted(name: str) -> None:
    body, scale, expected = GRAPHS[name]
    made = network(body)
    assert halo(made) == expected
    assert measured_reach(made, scale) == expected


@pytest.mark.parametrize(
    "layer",
    [layers.GroupNormalization(1), layers.LayerNormalization()],
)
def test_whole_picture_layers_have_no_halo(layer: layers.Layer) -> None:
    assert halo(network(lambda x: conv(3)(layer(conv(3)(x))))) is None


def test_pooling_over_the_picture_has_no_halo() -> None:
    def body(x: Any) -> Any:
        pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
        return layers.Multiply()([x, pooled])

    assert halo(network(body)) is None


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2DTranspose(3, 4, 2, padding="same", name="odd"),
        layers.AveragePooling2D(2, name="odd"),
        layers.Conv2D(3, 3, padding="valid", name="odd"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_unknown_reach_is_refused(layer: layers.Layer) -> None:
    with pytest.raises(TypeError, match=r"layer 'odd' \(\w+\) is not known.*'reach'"):
        halo(network(layer))


def test_a_layer_may_say_its_reach() -> None:
    class Blur(layers.Layer):
        reach = 2

        def call(self, inputs: Any) -> Any:
            return inputs

    assert halo(network(lambda x: Blur()(conv(3)(x)))) == 3
