"""Networks called layer by layer, some layers compiled, pixels put in place at last."""

import keras
import numpy as np
import pytest

from imgan.bundles.bundle import policy_of
from imgan.inference import graph
from imgan.inference.devices import DeviceShares
from imgan.inference.engines import NetworkEngine
from imgan.inference.frozen_graph import FrozenGraph
from imgan.inference.graph import compile_tile_function
from imgan.inference.graph import shuffle
from imgan.inference.kernels import Kernels
from imgan.inference.kernels import has_kernels
from imgan.inference.predictor import Predictor
from imgan.layers.depth_to_space import DepthToSpace
from imgan.networks.compact import Compact
from imgan.networks.repsr import RepSR
from imgan.networks.span import SPAN
from imgan.types import Region
from tests.contracts import randomize
from tests.inference.networks import card

NETWORKS = {
    "compact": lambda: Compact(scale=4, num_filters=8, num_convs=2),
    "span": lambda: SPAN(scale=2, num_filters=8, num_blocks=2, fused=True),
    "repsr": lambda: RepSR(scale=3, num_filters=8, num_convs=2, fused=True),
    "grey": lambda: Compact(scale=2, num_filters=4, num_convs=1, channels=1),
}


def card_of(network):
    """The card of a network for pictures."""
    channels = network.input_shape[-1]
    return card(
        scale=network.get_config()["scale"],
        input_channels=channels,
        output_channels=channels,
    )


def network_of(name):
    network = NETWORKS[name]()
    randomize(network)
    return network


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_layer_by_layer_equals_the_network(name, compiled):
    network = network_of(name)
    channels = network.input_shape[-1]
    images = np.random.default_rng(1).random((1, 9, 7, channels), np.float32)
    outputs, block = Kernels(network, compiled=compiled)(images)
    assert block == network.get_config()["scale"]
    made = np.asarray(outputs)[0].reshape(9, 7 * block**2, channels)
    expected = np.asarray(network(images))[0]
    np.testing.assert_allclose(shuffle(made, block), expected, rtol=0, atol=2e-5)


def test_only_some_networks_have_something_to_compile():
    assert [has_kernels(network_of(name)) for name in ("compact", "span", "repsr")] == [
        True,
        True,
        False,
    ]
    assert not has_kernels(lambda images, training: images)


def test_slopes_of_layers_are_their_own():
    """One compiled function serves all PReLUs; the slopes are given to it."""
    inputs = keras.Input((None, None, 2))
    first = keras.layers.PReLU(shared_axes=[1, 2], name="one")
    second = keras.layers.PReLU(shared_axes=[1, 2], name="two")
    network = keras.Model(inputs, second(first(inputs)))
    first.set_weights([np.float32([[[0.5, 2.0]]])])
    second.set_weights([np.float32([[[0.25, -1.0]]])])
    kernels = Kernels(network, compiled=True)
    made, block = kernels(np.full((1, 1, 1, 2), -4, np.float32))
    # -4 * 0.5 * 0.25 and -4 * 2 * -1.
    assert np.asarray(made).ravel().tolist() == [-0.5, 8.0]
    assert block == 1
    assert len(kernels._made) == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("block", "channels"), [(1, 3), (2, 3), (3, 1), (4, 4)])
def test_shuffle_is_depth_to_space(dtype, block, channels):
    values = np.arange(5 * 6 * block**2 * channels).reshape(1, 5, 6, -1) % 251
    expected = np.asarray(DepthToSpace(block)(values.astype(np.float32)))[0]
    given = values.astype(dtype).reshape(5, 6 * block**2, channels)
    made = shuffle(given, block)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, expected.astype(dtype))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "crop", [Region(0, 0, 36, 28), Region(8, 4, 12, 16), Region(3, 5, 10, 21)]
)
def test_any_part_may_be_kept(crop, compiled):
    """A resampler wants parts that begin within a block."""
    network = network_of("compact")
    card = card_of(network)
    run = compile_tile_function(
        network, card, "uint8", 3, quantise=True, compiled=compiled
    )
    pixels = np.random.default_rng(2).integers(0, 256, (9, 7, 3), np.uint8)
    whole = np.asarray(network(pixels[None] / np.float32(255)))[0]
    expected = np.floor(np.clip(whole, 0, 1) * 255 + 0.5)[crop.slices()]
    np.testing.assert_allclose(run(pixels, crop).pixels, expected, rtol=0, atol=1)


def test_shapes_are_forgotten_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(graph, "_MOST_SHAPES", 2)
    network = network_of("compact")
    run = compile_tile_function(
        network, card_of(network), "uint8", 3, quantise=True, compiled=True
    )
    frozen = next(
        cell.cell_contents
        for cell in run.__closure__
        if isinstance(cell.cell_contents, FrozenGraph)
    )
    sessions = set()
    pixels = np.full((16, 16, 3), 90, np.uint8)
    results = []
    for side in (8, 9, 10, 11, 8):
        results.append(run(pixels[:side], Region(0, 0, 16, 16)).pixels)
        sessions.add(frozen._session)
    assert len(sessions) == 2
    np.testing.assert_array_equal(results[0], results[-1])


def test_compiled_or_not_is_one_function_where_it_makes_no_difference():
    network = network_of("repsr")
    engine = NetworkEngine(card_of(network), lambda dtype: network, "cpu")
    pixels = np.zeros((6, 6, 3), np.uint8)
    for compiled in (False, True):
        engine.run(
            pixels,
            Region(0, 0, 18, 18),
            "float32",
            quantise=True,
            compiled=compiled,
        )
    assert len(set(engine._functions.values())) == 1


def test_the_device_with_least_to_do_gets_the_next_tile():
    shares = DeviceShares(["a", "b"])
    with shares.take(100) as first, shares.take(30) as second:
        assert (first, second) == ("a", "b")
        with shares.take(30) as third, shares.take(50) as fourth:
            # b holds 60 by then, less than the 100 of a.
            assert (third, fourth) == ("b", "b")
    with shares.take(1) as again:
        assert again == "a"


def test_what_float16_cannot_hold_is_computed_again(monkeypatch):
    """Mixed float16 is for GPUs; the guard is the same on a processor."""
    network = RepSR(scale=2, num_filters=4, num_convs=1, fused=True)
    randomize(network)
    # Past 65,504, the largest number of float16.
    kernel, bias = network.get_layer("last").get_weights()
    network.get_layer("last").set_weights([np.abs(kernel) * 1e7, bias])
    engine = NetworkEngine(
        card_of(network),
        lambda dtype: network.variant(dtype=policy_of(dtype)),
        "cpu",
    )
    predictor = Predictor(engine)
    pixels = np.random.default_rng(3).integers(99, 256, (8, 9, 3), np.uint8)
    exact = Predictor(engine, precision="float32")(pixels)
    monkeypatch.setattr(
        "imgan.inference.predictor.choose_precision", lambda *_: "float16"
    )
    made = predictor.predict(pixels)
    assert made.precision == "float16"
    assert "computed again in float32" in made.warnings[0]
    np.testing.assert_array_equal(made.pixels, exact)
