import numpy as np
import pytest

from imgan.networks.base import DIV2K_MEAN
from imgan.networks.span import SPAN
from imgan.networks.span import AttentionGate
from imgan.networks.span import ExpandedConv2D
from imgan.types import Array
from tests.contracts import check_layer
from tests.contracts import randomize
from tests.networks.small import shuffle
from tests.networks.small import zero_padded_conv


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def test_expanded_convolution_contract() -> None:
    check_layer(ExpandedConv2D(4), np.random.rand(2, 5, 6, 3).astype(np.float32))


def test_gate_contract_and_value() -> None:
    """(features + skip) * (sigmoid(features) - 1/2)."""
    skip, features = np.random.normal(size=(2, 2, 4, 3, 5)).astype(np.float32)
    made = check_layer(AttentionGate(), [skip, features])
    expected = (features + skip) * (sigmoid(features) - 0.5)
    np.testing.assert_allclose(made, expected, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (6, 4)])
@pytest.mark.parametrize("expansion", [1, 2])
def test_expanded_convolution_equals_its_branches(
    size: tuple[int, int], expansion: int
) -> None:
    """The input is padded with zeros first, then 1x1, 3x3 without padding, and 1x1.

    So the 3x3 sees the bias of the first 1x1 around the picture, as it does inside.
    """
    layer = ExpandedConv2D(4, expansion=expansion)
    images = np.random.normal(size=(1, *size, 3))
    layer.build(images.shape)
    randomize(layer)
    weight = {w.name: np.asarray(w, np.float64) for w in layer.weights}
    padded = np.pad(images[0], ((1, 1), (1, 1), (0, 0)))
    wide = padded @ weight["enter"][0, 0] + weight["enter_bias"]
    # Of the convolution over the padded picture, only where it lies wholly inside.
    wide = zero_padded_conv(wide, weight["middle"], weight["middle_bias"])[1:-1, 1:-1]
    chain = wide @ weight["leave"][0, 0] + weight["leave_bias"]
    expected = chain + images[0] @ weight["shortcut"][0, 0] + weight["shortcut_bias"]
    assert np.abs(weight["enter_bias"]).min() > 0
    made = layer(images.astype(np.float32))[0]
    np.testing.assert_allclose(made, expected, atol=5e-6)


@pytest.mark.parametrize("rescale", [False, True])
def test_network_equals_its_formula(rescale: bool) -> None:
    """Section 3 of the paper, with the released code's in-place SiLU.

    That SiLU overwrites the last block's first feature, so the concatenation takes the
    activated one; the other three are taken as the convolutions and gates left them.
    """
    network = SPAN(
        scale=2, num_filters=4, num_blocks=3, rescale=rescale, fused=True, name="small"
    )
    randomize(network)
    picture = np.random.rand(5, 4, 3).astype(np.float32)
    if rescale:
        first = network.get_layer("first")
        first.kernel.assign(first.kernel / 255.0)

    def conv(name: str, x: Array) -> Array:
        return zero_padded_conv(x, *network.get_layer(name).get_weights())

    def silu(x: Array) -> Array:
        return x * sigmoid(x)

    first = conv("first", (picture - DIV2K_MEAN) * 255.0 if rescale else picture)
    outputs, activated, x = [], [], first
    for block in ("block_0", "block_1", "block_2"):
        o1 = silu(conv(f"{block}_conv_1", x))
        o3 = conv(f"{block}_conv_3", silu(conv(f"{block}_conv_2", o1)))
        x = (o3 + x) * (sigmoid(o3) - 0.5)
        outputs.append(x)
        activated.append(o1)
    joined = [first, conv("trunk", x), outputs[0], activated[-1]]
    expected = shuffle(conv("last", conv("mix", np.concatenate(joined, -1))), 2)
    np.testing.assert_allclose(network(picture[None])[0], expected, atol=1e-5)
