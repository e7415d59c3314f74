"""Graphs that the shipped networks do not have; those are in test_contract."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.noise_dropout import NoiseDropout
from imgan.layers.padded_conv import PaddedConv2D
from imgan.layers.reflection_padding import ReflectionPadding2D
from imgan.layers.space_to_depth import SpaceToDepth
from imgan.layers.valid_average import ValidAverage
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
    "dense layers of pixels": (lambda x: layers.Dense(4)(conv(3)(x)), 1, 1),
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
    "separable": (lambda x: layers.SeparableConv2D(3, 5, padding="same")(x), 1, 2),
    "depthwise": (lambda x: layers.DepthwiseConv2D(3, padding="same")(x), 1, 1),
    "zeros, then kernels": (
        lambda x: layers.Conv2D(4, 3)(layers.Conv2D(4, 3)(layers.ZeroPadding2D(2)(x))),
        1,
        2,
    ),
    "mirrored, then a kernel": (
        lambda x: layers.Conv2D(4, (7, 3))(ReflectionPadding2D(((3, 3), (1, 1)))(x)),
        1,
        3,
    ),
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
    ("body", "scale", "block", "expected"),
    [
        # A pixel depends on the others of its square: 1. A 3x3 of squares: 2 more.
        pytest.param(lambda x: x, 1, 2, 1, id="nothing"),
        pytest.param(lambda x: conv(3)(x), 1, 2, 3, id="3x3"),
        pytest.param(lambda x: conv(3)(conv(3)(x)), 1, 4, 11, id="twice"),
        # Half a pixel of the original after it: 2 + 1 + 1/2.
        pytest.param(
            lambda x: conv(3)(layers.UpSampling2D(4)(conv(3)(x))), 2, 2, 4, id="up"
        ),
    ],
)
def test_hand_counted_in_squares(
    body: Callable[[Any], Any], scale: int, block: int, expected: int
) -> None:
    def squares(x: Any) -> Any:
        x = body(SpaceToDepth(block)(x))
        # Back to the pixels, unless the body went there.
        return x if scale > 1 else layers.UpSampling2D(block)(x)

    made = network(squares)
    assert halo(made) == expected
    assert measured_reach(made, scale, size=13, unit=block) == expected


def halved(size: int) -> layers.Layer:
    return layers.Conv2D(4, size, strides=2, padding="same")


def doubled(size: int, padding: str = "same") -> layers.Layer:
    return layers.Conv2DTranspose(4, size, strides=2, padding=padding)


@pytest.mark.parametrize(
    ("body", "unit", "expected"),
    [
        # Three halves of a pixel on each side of the middle between two, twice.
        pytest.param(lambda x: doubled(4)(halved(4)(x)), 2, 3, id="4x4"),
        # 3/2 + 2 * 3/2 and back: 3 * (2**2 - 1).
        pytest.param(
            lambda x: doubled(4)(doubled(4)(halved(4)(halved(4)(x)))), 4, 9, id="twice"
        ),
        # Of a block's two pixels the later one looks one back and the other two on;
        # from the one at the other end it is one more.
        pytest.param(lambda x: layers.UpSampling2D(2)(halved(4)(x)), 2, 2, id="repeat"),
        # "same" begins at the even pixels: 2i to 2i + 2, and 2i makes 2i to 2i + 2.
        pytest.param(lambda x: doubled(3)(halved(3)(x)), 2, 2, id="3x3"),
        # Around the even pixels: 2i - 1 to 2i + 1, the odd ones use both neighbours.
        pytest.param(
            lambda x: layers.Cropping2D(((1, 0), (1, 0)))(
                doubled(3, "valid")(PaddedConv2D(4, 3, 2, border="zeros")(x))
            ),
            2,
            2,
            id="3x3 as PyTorch",
        ),
        pytest.param(
            lambda x: layers.UpSampling2D(2)(ValidAverage()(x)), 2, 2, id="averages"
        ),
        # Pairs from the even pixels on: the odd one looks one back.
        pytest.param(
            lambda x: layers.UpSampling2D(2)(layers.AveragePooling2D(2)(x)),
            2,
            1,
            id="pairs",
        ),
        pytest.param(
            lambda x: layers.UpSampling2D(2)(layers.MaxPooling2D(2, padding="same")(x)),
            2,
            1,
            id="larger of pairs",
        ),
        pytest.param(lambda x: PaddedConv2D(4, 7)(x), 1, 3, id="mirrored"),
        pytest.param(lambda x: PaddedConv2D(4, (7, 3))(x), 1, 3, id="high"),
    ],
)
def test_hand_counted_between_sizes(
    body: Callable[[Any], Any], unit: int, expected: int
) -> None:
    made = network(body)
    assert halo(made) == expected
    assert measured_reach(made, 1, size=13, unit=unit) == expected


def test_noise_depends_on_the_size_of_the_tile() -> None:
    def dropped(rate: float, noise_seed: int | None) -> int | None:
        return halo(network(lambda x: NoiseDropout(rate, 0, noise_seed)(conv(3)(x))))

    assert dropped(0.5, None) == dropped(0.0, 7) == 1
    assert dropped(0.5, 7) is None


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
        layers.Permute((2, 1, 3), name="odd"),
        layers.UpSampling2D(2, interpolation="lanczos3", name="odd"),
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
