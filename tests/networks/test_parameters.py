"""Parameter counts of the published sizes, and their halos."""

import pytest

from imgan.networks.base import Network
from imgan.networks.compact import Compact
from imgan.networks.halo import halo
from imgan.networks.repsr import RepSR
from imgan.networks.span import SPAN
from imgan.networks.srresnet import MSRResNet
from imgan.networks.srresnet import SRResNet

PUBLISHED = [
    pytest.param(lambda: SPAN(fused=True), 426_288, 21, id="span48"),
    pytest.param(lambda: SPAN(num_filters=52, fused=True), 498_208, 21, id="span52"),
    pytest.param(lambda: SPAN(scale=2, fused=True), 410_700, 21, id="span48-x2"),
    pytest.param(
        lambda: SPAN(scale=2, num_filters=52, fused=True), 481_324, 21, id="span52-x2"
    ),
    pytest.param(lambda: SPAN(num_filters=28, fused=True), 150_688, 21, id="span28"),
    pytest.param(lambda: Compact(), 621_424, 18, id="compact"),
    pytest.param(lambda: Compact(num_convs=32), 1_213_296, 34, id="compact32"),
    pytest.param(lambda: Compact(num_convs=8), 325_488, 10, id="ultracompact"),
    pytest.param(
        lambda: Compact(num_filters=24, num_convs=8), 52_968, 10, id="superultracompact"
    ),
    pytest.param(lambda: MSRResNet(), 1_517_571, 35, id="msrresnet"),
    pytest.param(lambda: MSRResNet(scale=2), 1_369_859, 35, id="msrresnet-x2"),
    # 3x3: 3 to 64, 16 of 64 to 64, 64 to 48; with biases.
    pytest.param(
        lambda: RepSR(fused=True),
        (27 * 64 + 64) + 16 * (9 * 64 * 64 + 64) + (9 * 64 * 48 + 48),
        18,
        id="repsr",
    ),
]


@pytest.mark.parametrize(("make", "parameters", "reach"), PUBLISHED)
def test_published_size(make: object, parameters: int, reach: int) -> None:
    network: Network = make()  # type: ignore[operator]
    assert network.count_params() == parameters
    assert halo(network) == reach


def test_srresnet() -> None:
    """1,550,659 are trained; batch normalisation stores two statistics a channel more.

    The halo: 4 for the first 9x9, 32 for the blocks, 1 for the trunk, 1 + 1/2 for the
    sub-pixel steps and 4/4 for the last 9x9 at four times the pixels: 39.5, so 40.
    """
    network = SRResNet()
    trainable = sum(weight.value.shape.num_elements() for weight in network.variables)
    stored = 33 * 2 * 64
    assert network.count_params() == trainable == 1_550_659 + stored
    assert sum(w.shape[-1] for w in network.non_trainable_weights) == stored
    assert halo(network) == 40


@pytest.mark.parametrize(("filters", "published"), [(48, 2_236_728), (52, 2_621_964)])
def test_span_training_form(filters: int, published: int) -> None:
    """The released files hold, beside the branches, each merged 3x3 as `eval_conv`.

    That is one 3x3 from 3 channels and 19 (six blocks of three, and the trunk) from
    `filters`, each to `filters` with a bias; imgan computes them and stores none.
    """
    merged = (27 + 1) * filters + 19 * (9 * filters + 1) * filters
    assert SPAN(num_filters=filters).count_params() + merged == published
