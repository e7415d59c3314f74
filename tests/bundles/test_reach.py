from collections.abc import Sequence

import keras
import numpy as np

from imgan.bundles.reach import enlarging_reach
from imgan.bundles.reach import translating_reach
from imgan.networks.base import Network
from imgan.networks.rrdb import RRDBNet
from imgan.networks.unet import UNetGenerator


def looking(seen: Sequence[int], blind: Sequence[int] = ()) -> Network:
    """A sum of dilated 3x3 on one channel.

    Args:
        seen: Pixels to the left that the output depends on.
        blind: Pixels to all sides that a kernel of zeros covers.
    """
    images = keras.Input((None, None, 1))
    branches = []
    for distance in (*seen, *blind):
        layer = keras.layers.Conv2D(
            1, 3, padding="same", dilation_rate=distance, use_bias=False
        )
        branches.append(layer(images))
        kernel = np.zeros((3, 3, 1, 1), np.float32)
        kernel[1, 0] = 0.5 if distance in seen else 0.0
        layer.set_weights([kernel])
    return Network(images, keras.layers.Add()(branches), arguments={}, name="looking")


def test_a_narrow_halo_is_the_exact_one() -> None:
    assert enlarging_reach(looking([4], [2])) == {"halo": 4}


def test_a_wide_halo_is_measured_where_nothing_comes_from_afar() -> None:
    values = enlarging_reach(looking([3, 10], [70]))
    assert values["halo"] == 70
    assert values["tile_halo"].halo == 10
    assert values["tile_halo"].error < 1e-6


def test_a_wide_halo_that_is_needed_is_looked_for_on_a_larger_picture() -> None:
    values = enlarging_reach(looking([40], [90]))
    assert values["halo"] == 90
    assert values["tile_halo"].halo == 40, "more than half of the first picture"


def test_the_exact_halo_where_none_is_enough() -> None:
    """Each picture has one that is further than its half."""
    assert enlarging_reach(looking([40, 80, 150])) == {"halo": 150}


def test_squares_count_in_pixels() -> None:
    values = enlarging_reach(RRDBNet(scale=2, num_filters=4, growth=2, num_blocks=3))
    assert values["tile_halo"].halo % 2 == 0


def test_translations() -> None:
    shallow = UNetGenerator(num_filters=2, num_levels=2, normalization="none")
    assert translating_reach(shallow) == {"halo": 9, "tile": 512}
    whole = UNetGenerator(num_filters=2, num_levels=2, normalization="instance")
    assert translating_reach(whole) == {"halo": None, "tile": 1024, "overlap": 128}
