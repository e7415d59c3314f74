"""The contract of a network, for every one that the table of families names."""

from pathlib import Path

import numpy as np
import pytest

from imgan import families
from imgan.networks.halo import halo
from tests.contracts import check_network
from tests.contracts import check_sizes
from tests.contracts import example
from tests.contracts import randomize
from tests.networks.small import CASES
from tests.networks.small import DISCRIMINATORS
from tests.networks.small import GENERATORS
from tests.networks.small import SMALL
from tests.networks.small import TRANSLATORS
from tests.networks.small import measured_reach


def test_every_family_is_tested() -> None:
    """By its own name, or by that of a family with the same network."""
    makers = {**SMALL, **TRANSLATORS, **GENERATORS}
    generators = {type(make()) for make in makers.values()}
    opponents = {name: type(make()) for name, make in DISCRIMINATORS.items()}
    assert set(makers) >= set(families.FAMILIES) - set(opponents)
    for name, family in families.FAMILIES.items():
        assert families.resolve(family.generator) in generators
        if family.discriminator:
            assert opponents[name] is families.resolve(family.discriminator)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_contract(name: str, tmp_path: Path) -> None:
    check_network(SMALL[name](scale=2), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scale"), [c for c in CASES if c[1] != 2])
def test_other_scales(name: str, scale: int) -> None:
    network = SMALL[name](scale=scale)
    randomize(network)
    check_sizes(network, trace=False)


@pytest.mark.parametrize("name", SMALL)
def test_grey_pictures(name: str) -> None:
    network = SMALL[name](scale=2, channels=1)
    assert network(np.zeros((1, 6, 4, 1), np.float32)).shape == (1, 12, 8, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scale"), CASES)
def test_halo_equals_the_measured_reach(name: str, scale: int) -> None:
    network = SMALL[name](scale=scale)
    unit = network.size_multiple
    assert halo(network) == measured_reach(network, scale, unit=unit)


@pytest.mark.parametrize("name", ["repsr", "span"])
def test_fused_form(name: str, tmp_path: Path) -> None:
    """The inference form obeys the contract, and equals the training form."""
    network = SMALL[name](scale=2)
    randomize(network)
    fused = network.fused()
    assert fused.get_config() == {**network.get_config(), "fused": True}
    assert fused.count_params() < network.count_params()
    assert halo(fused) == halo(network)
    for size in ((1, 1), (2, 7), (12, 9)):
        images = example(network, *size)
        np.testing.assert_allclose(fused(images), network(images), rtol=0, atol=1e-5)
    assert fused.fused() is fused
    check_network(fused, tmp_path)


@pytest.mark.parametrize(
    "name", ["anchored_edsr", "compact", "srresnet", "edsr", "rrdb"]
)
def test_networks_without_branches_fuse_to_themselves(name: str) -> None:
    network = SMALL[name]()
    assert network.fused() is network


@pytest.mark.parametrize("name", ["repsr", "span"])
def test_fusing_a_mixed_network_merges_in_float32(name: str) -> None:
    network = SMALL[name](scale=2)
    randomize(network)
    fused = network.variant(dtype="mixed_bfloat16").fused()
    assert fused.get_config()["dtype"] == "mixed_bfloat16"
    for left, right in zip(fused.weights, network.fused().weights, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    ("name", "bad"), [("srresnet", 3), ("msrresnet", 8), ("edsr", 8), ("rrdb", 3)]
)
def test_impossible_scale(name: str, bad: int) -> None:
    with pytest.raises(ValueError, match=rf"scale must be .* Received: {bad}"):
        SMALL[name](scale=bad)
