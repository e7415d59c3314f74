import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.architectures.span import SPAN
from imgan.importing.architectures.span import Branches
from imgan.types import Array
from tests.networks.small import zero_padded_conv

SHAPES = {
    "sk": (4, 3, 1, 1),
    "conv.0": (6, 3, 1, 1),
    "conv.1": (8, 6, 3, 3),
    "conv.2": (4, 8, 1, 1),
}


def branches() -> dict[str, Array]:
    random = np.random.default_rng(2)
    tensors = {}
    for name, shape in SHAPES.items():
        for kind, size in (("weight", shape), ("bias", shape[:1])):
            values = random.normal(size=size).astype(np.float32)
            tensors[f"a.{name}.{kind}"] = values
    return tensors


def test_branches_equal_their_chain_at_the_border_too() -> None:
    """Zeros come before the first 1x1, so what it makes of them is its bias."""
    tensors = branches()
    own = [(3, 3, 3, 4), (4,)]
    part = Branches("a")
    assert part.shapes(own).keys() == tensors.keys()
    assert part.shapes(own)["a.conv.1.weight"] == (8, 6, 3, 3)
    picture = np.random.default_rng(3).random((5, 4, 3)).astype(np.float32)

    def point(x: Array, name: str) -> Array:
        kernel = tensors[f"a.{name}.weight"][:, :, 0, 0]
        return x @ kernel.T + tensors[f"a.{name}.bias"]

    inner = point(np.pad(picture, ((1, 1), (1, 1), (0, 0))), "conv.0")
    kernel = tensors["a.conv.1.weight"].transpose(2, 3, 1, 0)
    middle = zero_padded_conv(inner, kernel, tensors["a.conv.1.bias"])[1:-1, 1:-1]
    expected = point(middle, "conv.2") + point(picture, "sk")
    made = zero_padded_conv(picture, *part.weights(tensors, own))
    np.testing.assert_allclose(made, expected, atol=1e-4)


def span(channels: int = 3) -> dict[str, Array]:
    return {
        "conv_1.eval_conv.weight": np.ones((4, channels, 3, 3)),
        "block_1.c1_r.eval_conv.weight": np.ones((4, 4, 3, 3)),
        "conv_cat.weight": np.ones((4, 16, 1, 1)),
        "upsampler.0.weight": np.ones((4 * channels, 4, 3, 3)),
    }


def test_the_mean_is_subtracted_unless_it_says_no() -> None:
    assert SPAN.plan(span()).arguments["rescale"]
    assert not SPAN.plan(span() | {"no_norm": np.zeros(1)}).arguments["rescale"]
    assert SPAN.plan(span()).arguments["scale"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (span(1), "must take 3 channels. Received: 1"),
        ({"upsampler.0.weight": np.ones((15, 4, 3, 3))}, "square number. Received: 5"),
        ({"block_3.c1_r.eval_conv.weight": np.ones(1)}, "no 2, but 3"),
    ],
)
def test_what_is_no_span(change: dict[str, Array], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        SPAN.plan(span() | change)


def test_one_without_blocks() -> None:
    tensors = span()
    del tensors["block_1.c1_r.eval_conv.weight"]
    with pytest.raises(CheckpointError, match="block_1, block_2"):
        SPAN.plan(tensors)
