"""CycleGAN's generator."""

import keras
import numpy as np
import pytest

from imgan.networks.halo import halo
from imgan.networks.resnet import ResNetGenerator
from tests.contracts import randomize


@pytest.mark.parametrize(("blocks", "parameters"), [(9, 11_378_179), (6, 7_837_699)])
def test_published_size(blocks: int, parameters: int) -> None:
    """A block is two 3x3 of 256 channels with biases: 2 * (9 * 256 + 1) * 256."""
    network = ResNetGenerator(num_residual_blocks=blocks)
    assert network.count_params() == parameters
    assert parameters == 11_378_179 - (9 - blocks) * 2 * (9 * 256 + 1) * 256
    assert network.size_multiple == 4
    assert network.minimum_size == 8
    assert halo(network) is None
    assert network.inference_normalization == "instance"


def test_halo_with_stored_statistics() -> None:
    """3 of the first, 1 + 2 of the halvings, 2 * 4 of each block, 2 + 1, and 3."""
    network = ResNetGenerator(normalization="batch", num_filters=2)
    assert halo(network) == 3 + (1 + 2) + 9 * 2 * 4 + (2 + 1) + 3


def test_no_border_shows_on_a_flat_picture() -> None:
    """Mirrored borders continue a flat picture; only the halvings fill with zeros."""
    network = ResNetGenerator(
        num_filters=4,
        num_residual_blocks=2,
        num_downsamplings=0,
        normalization="none",
    )
    randomize(network)
    outputs = np.asarray(network(np.full((1, 12, 12, 3), 0.4, np.float32)))
    assert float(np.ptp(outputs, axis=(1, 2)).max()) < 1e-5
    assert float(np.ptp(outputs)) > 0.01


def test_halves_and_doubles_about_the_same_pixels() -> None:
    """An impulse at an even pixel comes back around it, as in the released code."""
    network = ResNetGenerator(
        num_filters=2, num_residual_blocks=0, num_downsamplings=1, normalization="none"
    )
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([np.full_like(w, 0.1) for w in layer.get_weights()])
    images = np.zeros((1, 32, 32, 3), np.float32)
    flat = np.asarray(network(images))
    images[0, 16, 16] = 1.0
    moved = np.abs(np.asarray(network(images)) - flat)[0].max(-1) > 1e-7
    rows = np.flatnonzero(moved.any(axis=1))
    assert rows.min() + rows.max() == 2 * 16


@pytest.mark.parametrize(
    ("downsamplings", "least"), [(0, 4), (1, 4), (2, 8), (3, 16), (4, 32)]
)
def test_shortest_sides(downsamplings: int, least: int) -> None:
    network = ResNetGenerator(
        num_filters=2, num_residual_blocks=1, num_downsamplings=downsamplings
    )
    assert network.minimum_size == least
    images = np.zeros((1, least, least, 3), np.float32)
    assert network(images).shape == (1, least, least, 3)


def test_resize_convolution_leaves_no_checkerboard() -> None:
    contrast = []
    for resize_convolution in (False, True):
        network = ResNetGenerator(
            num_filters=4,
            num_residual_blocks=1,
            normalization="none",
            resize_convolution=resize_convolution,
        )
        randomize(network)
        outputs = np.asarray(network(np.full((1, 96, 96, 3), 0.3, np.float32)))
        centre = outputs[0, 32:64, 32:64].astype(np.float64)
        phases = [centre[y::2, x::2].mean((0, 1)) for y, x in np.ndindex(2, 2)]
        contrast.append(float(np.ptp(phases, axis=0).max()))
    assert contrast[0] > 0.01
    assert contrast[1] < 1e-5


def test_dropout_within_the_blocks() -> None:
    network = ResNetGenerator(num_filters=2, num_residual_blocks=3, dropout=0.5)
    names = [n.name for n in network.layers if isinstance(n, keras.layers.Dropout)]
    assert names == ["block_00_drop", "block_01_drop", "block_02_drop"]
