"""The contract of generators that translate, in every option, and their halos."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.networks.halo import halo
from tests.contracts import check_network
from tests.contracts import check_sizes
from tests.contracts import example
from tests.contracts import randomize
from tests.networks.small import TRANSLATORS
from tests.networks.small import make_positive
from tests.networks.small import measured_reach

OPTIONS: dict[str, dict[str, Any]] = {
    "batch": {"normalization": "batch"},
    "instance": {"normalization": "instance"},
    "none": {"normalization": "none"},
    "resize": {"normalization": "batch", "resize_convolution": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSLATORS)
def test_contract(name: str, tmp_path: Path) -> None:
    check_network(TRANSLATORS[name](), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSLATORS)
@pytest.mark.parametrize("option", OPTIONS)
def test_sizes(name: str, option: str) -> None:
    """Sizes, range, and what is said of the layers at inference."""
    network = TRANSLATORS[name](**OPTIONS[option])
    randomize(network)
    check_sizes(network, trace=option == "resize")
    side = max(network.minimum_size, network.size_multiple)
    outputs = np.asarray(network(example(network, side, 2 * side)))
    assert outputs.shape[-1] == 3
    assert -1.0 <= outputs.min() < outputs.max() <= 1.0
    said = {"batch": "stored", "resize": "stored"}.get(option, option)
    assert network.inference_normalization == said


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSLATORS)
@pytest.mark.parametrize("option", ["batch", "resize"])
def test_halo_equals_the_measured_reach(name: str, option: str) -> None:
    network = TRANSLATORS[name](num_filters=2, **OPTIONS[option])
    expected = halo(network)
    assert expected is not None
    unit = network.size_multiple
    size = 2 * (expected // unit + 1) + 1
    assert measured_reach(network, 1, size=size, unit=unit) == expected


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_tile_with_its_halo_equals_the_whole_picture(name: str) -> None:
    """A tile begins at a multiple, and so does what is read around it."""
    network = TRANSLATORS[name](normalization="batch")
    randomize(network)
    unit = network.size_multiple
    reach = -(-(halo(network) or 0) // unit)
    side = 2 * reach + 3
    images = example(network, side * unit, (side + 1) * unit, batch=1)
    whole = np.asarray(network(images))
    first, last = reach * unit, (reach + 1) * unit
    around = slice(first - reach * unit, last + reach * unit)
    tile = np.asarray(network(images[:, around, around]))
    np.testing.assert_allclose(
        tile[:, first:last, first:last],
        whole[:, first:last, first:last],
        rtol=0,
        atol=1e-5,
    )


@pytest.mark.parametrize("name", TRANSLATORS)
def test_instance_normalization_sees_the_whole_picture(name: str) -> None:
    network = TRANSLATORS[name](normalization="instance")
    assert halo(network) is None
    # Each picture by its own statistics: it does not matter what else is in the batch.
    randomize(network)
    unit = max(network.minimum_size, network.size_multiple)
    images = example(network, unit, 2 * unit, batch=3)
    np.testing.assert_allclose(
        network(images)[1:2], network(images[1:2]), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("name", TRANSLATORS)
def test_noise_at_inference(name: str) -> None:
    network = TRANSLATORS[name](normalization="none", dropout=0.5, seed=2)
    make_positive(network)
    assert network.dropout == 0.5
    side = 2 * network.minimum_size * network.size_multiple
    images = example(network, side, side, batch=1)
    plain = np.asarray(network(images))
    np.testing.assert_array_equal(network(images), plain)
    noisy = network.variant(noise_seed=7)
    assert halo(noisy) is None
    outputs = np.asarray(noisy(images))
    np.testing.assert_array_equal(noisy(images), outputs)
    assert (outputs != plain).any()
    assert (np.asarray(network.variant(noise_seed=8)(images)) != outputs).any()
    np.testing.assert_array_equal(noisy.variant(noise_seed=None)(images), plain)


@pytest.mark.parametrize("name", TRANSLATORS)
def test_unknown_normalization_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"batch, instance, instance_affine, none\. Received: layer"
    ):
        TRANSLATORS[name](normalization="layer")
