from typing import Any

import keras
import numpy as np
import pytest
import skimage.data
from keras import layers

from imgan.layers.depth_to_space import DepthToSpace
from imgan.layers.space_to_depth import SpaceToDepth
from imgan.networks.base import Network
from imgan.networks.base import conv as conv3
from imgan.networks.halo import halo
from imgan.networks.measured_halo import measured_halo
from imgan.networks.rrdb import RRDBNet
from imgan.types import Array
from tests.contracts import randomize
from tests.networks.small import make_positive


class Chain(Network):
    """Three 3x3, after squares of `unit` pixels if it is not 1."""

    def __init__(self, unit: int = 1) -> None:
        images = keras.Input((None, None, 3))
        x = SpaceToDepth(unit)(images)
        for index in range(3):
            x = conv3(3 * unit**2, f"conv_{index}", "float32")(x)
        self.unit = unit
        super().__init__(images, DepthToSpace(unit)(x), arguments={})

    @property
    def size_multiple(self) -> int:
        return self.unit


@pytest.mark.parametrize("unit", [1, 2])
def test_measured_halo_of_a_sharp_network_is_the_exact_one(unit: int) -> None:
    """Every tap of a positive kernel counts; in squares the exact 7 becomes 6.

    Tiles start where squares start, so that a pixel's own square is always read.
    """
    chain = Chain(unit)
    make_positive(chain)
    found, error = measured_halo(chain, tolerance=1e-6, size=32)
    assert found == 3 * unit
    assert halo(chain) == 3 * unit + unit - 1
    assert error <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.thorough
def test_measured_halo_is_the_smallest_that_holds_on_a_photograph(scale: int) -> None:
    rrdb = RRDBNet(scale=scale, num_filters=4, growth=2, num_blocks=6)
    randomize(rrdb)
    unit = rrdb.size_multiple
    photo = skimage.data.chelsea()[:96, :96][None].astype(np.float32) / 255.0
    found, error = measured_halo(rrdb, images=photo)
    assert found % unit == 0
    assert 0 < found < halo(rrdb) // 4
    whole, side = np.asarray(rrdb(photo)), 12

    def difference(reach: int) -> float:
        """Largest one in tiles that begin in several places."""
        found = 0.0
        for start in range(reach, 96 - side - reach, 6 * unit):
            outer = slice(start - reach, start + side + reach)
            made = centre(rrdb(photo[:, outer, outer]), reach, side, scale)
            error = np.abs(made - centre(whole, start, side, scale))
            found = max(found, float(error.max()))
        return found

    # A cut on one side and on the other may add up.
    assert difference(found) <= 2 * error
    assert 0 < error <= 1 / 1020 < difference(found // 2 // unit * unit)
    pattern, _ = measured_halo(rrdb, size=96 // unit)
    assert abs(pattern - found) <= 4 * unit, "the fixed pattern stands for photographs"


def test_a_measured_halo_holds_at_cuts_before_and_behind() -> None:
    """A kernel that looks one way only is not missed: each cut is tried by itself."""
    for tap in (0, 6):
        images = keras.Input((None, None, 3))
        layer = layers.Conv2D(3, 7, padding="same", use_bias=False)
        one_way = Network(images, layer(images), arguments={}, name="one_way")
        kernel = np.zeros((7, 7, 3, 3), np.float32)
        kernel[tap, tap] = np.eye(3)
        layer.set_weights([kernel])
        assert measured_halo(one_way, size=16, tolerance=1e-6) == (3, 0.0)


def centre(images: Any, start: int, side: int, scale: int) -> Array:
    kept = slice(start * scale, (start + side) * scale)
    return np.asarray(images)[:, kept, kept]


def test_exact_halo_where_no_measured_one_is_enough() -> None:
    """Halos of half of the picture are tried: 4 of 8 pixels, and 5 are needed."""
    images = keras.Input((None, None, 3))
    layer = layers.Conv2D(3, 11, padding="same")
    wide = Network(images, layer(images), arguments={}, name="wide")
    make_positive(wide)
    assert measured_halo(wide, size=8, tolerance=1e-6) == (5, 0.0)


def test_measured_halo_needs_an_exact_one_and_room() -> None:
    with pytest.raises(ValueError, match="size must be at least 8.*Received: size=7"):
        measured_halo(Chain(), size=7)
    images = keras.Input((None, None, 3))
    normed = layers.GroupNormalization(1)(images)
    blind = Network(images, normed, arguments={}, name="blind")
    with pytest.raises(ValueError, match="blind sees the whole picture"):
        measured_halo(blind)
