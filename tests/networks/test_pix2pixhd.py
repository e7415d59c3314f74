"""The global generator and the local enhancer of pix2pixHD."""

from typing import Any

import keras
import numpy as np
import pytest

from imgan.networks.pix2pixhd import GlobalGenerator
from imgan.networks.pix2pixhd import LocalEnhancer
from imgan.types import Array
from tests.contracts import randomize

SMALL: dict[str, Any] = {
    "num_filters": 4,
    "num_residual_blocks": 1,
    "num_downsamplings": 1,
}


@pytest.mark.slow
def test_published_size() -> None:
    """35 labels and an edge map; the paper's code prints 182.5 million."""
    network = GlobalGenerator(input_channels=36)
    assert network.count_params() == 182_546_755
    assert (network.size_multiple, network.minimum_size) == (16, 32)


def test_what_the_enhancer_adds() -> None:
    """Of half the width: another 7x7 to 4, 3x3 to 8, blocks of 8, and a doubling to 4.

    Its 7x7 to the picture is from 4 channels and not from 8.
    """
    sizes = {"num_filters": 8, "num_residual_blocks": 2, "num_downsamplings": 3}
    coarse, fine = GlobalGenerator(**sizes), LocalEnhancer(**sizes)
    added = (49 * 3 + 1) * 4 + (9 * 4 + 1) * 8 + 3 * 2 * (9 * 8 + 1) * 8
    added += 9 * 8 * 4 + 4 + 49 * (4 - 8) * 3
    assert fine.count_params() == coarse.count_params() + added
    assert (coarse.size_multiple, coarse.minimum_size) == (8, 16)
    assert (fine.size_multiple, fine.minimum_size) == (16, 32)


def test_the_global_generator_is_taken_over() -> None:
    coarse = GlobalGenerator(**SMALL)
    randomize(coarse, seed=1)
    fine = LocalEnhancer(**SMALL, num_local_blocks=1)
    randomize(fine, seed=2)
    images = np.random.default_rng(3).uniform(-1, 1, (1, 16, 24, 3)).astype(np.float32)
    before = np.asarray(fine(images))
    fine.load_global(coarse)
    assert (np.asarray(fine(images)) != before).any()
    halved = np.asarray(fine.get_layer("halved")(images))
    np.testing.assert_allclose(
        output_of(fine, "up_0_relu", images),
        output_of(coarse, "up_0_relu", halved),
        rtol=0,
        atol=1e-5,
    )


def output_of(network: Any, name: str, images: Array) -> Array:
    part = keras.Model(network.input, network.get_layer(name).output)
    return np.asarray(part(images))


@pytest.mark.parametrize(
    ("key", "value"),
    [("num_filters", 8), ("num_residual_blocks", 2), ("normalization", "batch")],
)
def test_another_global_generator_is_refused(key: str, value: Any) -> None:
    coarse = GlobalGenerator(**{**SMALL, key: value})
    fine = LocalEnhancer(**SMALL)
    own = fine.get_config()[key]
    message = f"{key} of the global generator must be {own!r}.*Received: {value!r}"
    with pytest.raises(ValueError, match=message):
        fine.load_global(coarse)


def test_odd_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="num_filters must be even. Received: 5"):
        LocalEnhancer(num_filters=5)
