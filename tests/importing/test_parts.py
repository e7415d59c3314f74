"""Layouts of single layers, derived by hand."""

import numpy as np
import pytest

from imgan.importing.parts import BatchNorm
from imgan.importing.parts import Conv
from imgan.importing.parts import Slopes
from imgan.importing.parts import TransposedConv
from imgan.types import Array


def counted(*shape: int) -> Array:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_kernels_change_their_axes() -> None:
    tensors = {"a.weight": counted(5, 4, 2, 3), "a.bias": counted(5)}
    own = [(2, 3, 4, 5), (5,)]
    assert Conv("a").shapes(own) == {"a.weight": (5, 4, 2, 3), "a.bias": (5,)}
    kernel, bias = Conv("a").weights(tensors, own)
    assert kernel.shape == (2, 3, 4, 5)
    assert kernel[1, 2, 3, 4] == tensors["a.weight"][4, 3, 1, 2]
    assert bias.tolist() == [0, 1, 2, 3, 4]


def test_a_pixel_shuffle_has_places_before_colours() -> None:
    """Two colours in squares of four: PyTorch has 0 1 2 3 for the first colour."""
    tensors = {"a.weight": counted(8, 1, 1, 1), "a.bias": counted(8)}
    kernel, bias = Conv("a", shuffle=2).weights(tensors, [(1, 1, 1, 8), (8,)])
    assert kernel.ravel().tolist() == bias.tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


def test_a_pixel_unshuffle_before_it_reorders_what_comes_in() -> None:
    tensors = {"a.weight": counted(1, 8, 1, 1), "a.bias": counted(1)}
    part = Conv("a", unshuffle=2)
    kernel, bias = part.weights(tensors, [(1, 1, 8, 1), (1,)])
    assert kernel.ravel().tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert bias.tolist() == [0]


def test_a_result_is_stretched() -> None:
    tensors = {"a.weight": np.full((1, 1, 1, 1), 3.0), "a.bias": np.array([0.25])}
    part = Conv("a", gain=2.0, offset=-1.0)
    kernel, bias = part.weights(tensors, [(1, 1, 1, 1), (1,)])
    assert (kernel.item(), bias.item()) == (6.0, -0.5)


@pytest.mark.parametrize("kind", [Conv, TransposedConv])
def test_biases_that_one_side_has(kind: type[Conv] | type[TransposedConv]) -> None:
    tensors = {"a.weight": counted(2, 2, 1, 1), "a.bias": counted(2)}
    square = (1, 1, 2, 2)
    assert kind("a").shapes([square])["a.bias"] == (2,)
    assert len(kind("a").weights(tensors, [square])) == 1
    bare = kind("a", bias=False)
    assert list(bare.shapes([square, (2,)])) == ["a.weight"]
    assert bare.weights(tensors, [square, (2,)])[1].tolist() == [0, 0]


def test_the_skip_of_a_transposed_convolution_goes_behind() -> None:
    """Channels 0 1 2 are the skip, 3 4 what came from inside."""
    tensors = {"a.weight": counted(5, 1, 1, 1), "a.bias": counted(1)}
    own = [(1, 1, 1, 5), (1,)]
    part = TransposedConv("a", skip=3)
    assert part.shapes(own) == {"a.weight": (5, 1, 1, 1), "a.bias": (1,)}
    assert part.weights(tensors, own)[0].ravel().tolist() == [3, 4, 0, 1, 2]


def test_batch_normalisation_takes_its_four_in_order() -> None:
    kinds = ("weight", "bias", "running_mean", "running_var")
    tensors = {f"n.{kind}": counted(2) + index for index, kind in enumerate(kinds)}
    own = [(2,)] * 4
    assert list(BatchNorm("n").shapes(own)) == list(tensors)
    weights = BatchNorm("n").weights(tensors, own)
    assert [values[0] for values in weights] == [0, 1, 2, 3]


def test_a_bias_before_batch_normalisation_moves_the_mean() -> None:
    names = ("n.weight", "n.bias", "n.running_mean", "n.running_var", "a.bias")
    tensors = dict.fromkeys(names, np.ones(2)) | {"a.bias": np.array([0.25, -1.0])}
    part = BatchNorm("n", biased="a")
    assert part.shapes([(2,)] * 4)["a.bias"] == (2,)
    assert part.weights(tensors, [(2,)] * 4)[2].tolist() == [0.75, 2.0]


def test_slopes() -> None:
    own = [(1, 1, 3)]
    assert Slopes("p").shapes(own) == {"p.weight": (3,)}
    assert Slopes("p").weights({"p.weight": counted(3)}, own)[0].tolist() == [
        [[0, 1, 2]]
    ]
    shared = Slopes("p", shared=True)
    assert shared.shapes(own) == {"p.weight": (1,)}
    assert shared.weights({"p.weight": np.array([0.5])}, own)[0].tolist() == [
        [[0.5] * 3]
    ]
