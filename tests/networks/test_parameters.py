"""Parameter counts of the published sizes, and their halos."""

from itertools import pairwise

import numpy as np
import pytest

from imgan.networks.anchored_edsr import AnchoredEDSR
from imgan.networks.base import Network
from imgan.networks.compact import Compact
from imgan.networks.edsr import EDSR
from imgan.networks.halo import halo
from imgan.networks.repsr import RepSR
from imgan.networks.rrdb import RRDBNet
from imgan.networks.span import SPAN
from imgan.networks.srresnet import MSRResNet
from imgan.networks.srresnet import SRResNet
from imgan.networks.unet_discriminator import UNetDiscriminator
from imgan.networks.vgg_discriminator import ESRGANDiscriminator
from imgan.networks.vgg_discriminator import SRGANDiscriminator

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
    pytest.param(lambda: EDSR(), 1_517_571, 36, id="edsr-baseline"),
    pytest.param(
        lambda: EDSR(num_filters=256, num_blocks=32, residual_scale=0.1),
        43_089_923,
        68,
        id="edsr",
    ),
    pytest.param(lambda: RRDBNet(), 16_697_987, 349, id="rrdb"),
    pytest.param(lambda: RRDBNet(num_blocks=6), 4_467_779, 94, id="rrdb-6"),
    # 349 of squares of 2x2 pixels.
    pytest.param(lambda: RRDBNet(scale=2), 16_703_171, 698, id="rrdb-x2"),
    # 3x3: 3 to 64, 16 of 64 to 64, 64 to 48; with biases.
    pytest.param(
        lambda: RepSR(fused=True),
        (27 * 64 + 64) + 16 * (9 * 64 * 64 + 64) + (9 * 64 * 48 + 48),
        18,
        id="repsr",
    ),
    pytest.param(
        lambda: AnchoredEDSR(),
        (27 * 64 + 64) + 32 * (9 * 64 * 64 + 64) + (9 * 64 * 48 + 48),
        34,
        id="anchored-edsr",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("make", "parameters", "reach"), PUBLISHED)
def test_published_size(make: object, parameters: int, reach: int) -> None:
    network: Network = make()  # type: ignore[operator]
    assert network.count_params() == parameters
    assert halo(network) == reach


def test_srgan_discriminator() -> None:
    """3x3 with biases, seven scales and offsets, 6 * 6 * 512 to 1024 to 1."""
    widths = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    convolutions = sum((9 * a + 1) * b for a, b in pairwise(widths))
    expected = convolutions + 2 * sum(widths[2:]) + (6 * 6 * 512 + 1) * 1024 + 1025
    assert trained(SRGANDiscriminator()) == expected == 23_565_505


@pytest.mark.parametrize(("size", "stages"), [(128, 5), (192, 5), (256, 6)])
def test_esrgan_discriminator(size: int, stages: int) -> None:
    """3x3 of growing width and 4x4 in each stage; a bias at the first 3x3 only."""
    widths = [64, 128, 256, 512, 512, 512][:stages]
    wide = sum(9 * a * b for a, b in pairwise([3, *widths])) + 64
    halving = sum(16 * width**2 for width in widths)
    scales = 2 * (2 * sum(widths) - 64)
    dense = ((size // 2**stages) ** 2 * 512 + 1) * 100 + 101
    expected = wide + halving + scales + dense
    assert trained(ESRGANDiscriminator(image_size=size)) == expected
    assert (expected == 14_499_401) is (size == 128)


def test_unet_discriminator() -> None:
    assert trained(UNetDiscriminator()) == 4_376_897


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


def trained(network: Network) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
