from typing import Any

import keras
import numpy as np

from imgan.bundles.reach import enlarging_reach
from imgan.bundles.reach import translating_reach
from imgan.networks.base import Network
from imgan.networks.rrdb import RRDBNet
from imgan.networks.unet import UNetGenerator


def blur(kernel: Any) -> Network:
    """One channel, convolved with one kernel of odd sides."""
    images = keras.Input((None, None, 1))
    side = kernel.shape[0]
    layer = keras.layers.Conv2D(1, side, padding="same", use_bias=False)
    network = Network(images, layer(images), arguments={}, name="blur")
    layer.set_weights([kernel[..., None, None].astype(np.float32)])
    return network


def test_a_narrow_halo_is_the_exact_one() -> None:
    assert enlarging_reach(blur(np.ones((9, 9)) / 81)) == {"halo": 4}


def test_a_wide_halo_is_measured_where_little_comes_from_afar() -> None:
    kernel = np.zeros((141, 141))
    kernel[70, 70], kernel[70, 80] = 0.5, 0.5
    values = enlarging_reach(blur(kernel))
    assert values["halo"] == 70
    assert values["tile_halo"].halo == 10
    assert values["tile_halo"].error < 1e-6


def test_a_wide_halo_that_is_needed_is_looked_for_on_a_larger_picture() -> None:
    kernel = np.zeros((181, 181))
    kernel[90, 90], kernel[90, 50] = 0.5, 0.5
    values = enlarging_reach(blur(kernel))
    assert values["halo"] == 90
    assert values["tile_halo"].halo == 40, "more than half of the first picture"


def test_the_exact_halo_where_none_is_enough() -> None:
    kernel = np.zeros((301, 301))
    kernel[150, 10:150] = 1 / 140
    assert enlarging_reach(blur(kernel)) == {"halo": 150}


def test_squares_count_in_pixels() -> None:
    values = enlarging_reach(RRDBNet(scale=2, num_filters=4, growth=2, num_blocks=3))
    assert values["tile_halo"].halo % 2 == 0


def test_translations() -> None:
    shallow = UNetGenerator(num_filters=2, num_levels=2, normalization="none")
    assert translating_reach(shallow) == {"halo": 9, "tile": 512}
    whole = UNetGenerator(num_filters=2, num_levels=2, normalization="instance")
    assert translating_reach(whole) == {"halo": None, "tile": 1024, "overlap": 128}
