from fractions import Fraction

import numpy as np
import pytest

from imgan.data.resize import resize_bicubic
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.inference.engines import BicubicEngine
from imgan.inference.engines import NetworkEngine
from imgan.inference.predictor import Predictor
from imgan.inference.sizing import TargetSize
from imgan.inference.sizing import scaled_by
from imgan.types import Size

from .networks import NearestEngine
from .networks import card
from .networks import convolutions
from .networks import picture
from .networks import translation_card


@pytest.fixture(scope="module")
def engine():
    return NetworkEngine(card(), convolutions, "cpu")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (TargetSize(width=1920), (1440, 1920)),
        (TargetSize(height=1080), (1080, 1440)),
        (TargetSize(1920, 1080), (1080, 1440)),
        (TargetSize(1920, 1080, "outside"), (1440, 1920)),
        (TargetSize(1920, 1080, "crop"), (1080, 1920)),
        (TargetSize(1920, 1080, "stretch"), (1080, 1920)),
        (TargetSize(width=401), (301, 401)),
        (TargetSize(width=1), (1, 1)),
    ],
)
def test_each_fit_has_its_size(target, expected):
    assert target.scaling(Size(300, 400)).size == expected


def test_the_side_that_binds_is_met_to_the_pixel():
    target = TargetSize(1000, 1000)
    for height in range(90, 130):
        for width in (97, 100, 113):
            scaling = target.scaling(Size(height, width))
            assert max(scaling.size) == 1000
            short, long = sorted((height, width))
            assert abs(min(scaling.size) - 1000 * short / long) <= 0.5


def test_a_crop_takes_as_much_from_both_sides():
    scaling = TargetSize(100, 100, "crop").scaling(Size(50, 200))
    assert scaling.size == (100, 100)
    assert (scaling.top, scaling.left) == (0, 150)
    assert scaling.largest == 2


@pytest.mark.parametrize("height", [1, 2, 3])
def test_a_thin_picture_keeps_a_pixel(height):
    assert TargetSize(width=10).scaling(Size(height, 1000)).size == (1, 10)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "--width and --height"),
        ({"width": 0}, "at least 1"),
        ({"width": 10, "fit": "crop"}, "needs both"),
        ({"width": 10, "height": 9, "fit": "insides"}, "Did you mean 'inside'"),
    ],
)
def test_targets_that_name_no_size(values, expected):
    with pytest.raises(UsageError, match=expected):
        TargetSize(**values)


def test_an_enlargement_beyond_all_sense_is_refused():
    with pytest.raises(OutputError, match="150 times"):
        TargetSize(width=1500).scaling(Size(10, 10))


@pytest.mark.parametrize("fit", ["inside", "outside", "stretch"])
def test_without_a_network_a_target_is_a_stretch_to_its_size(fit):
    image = picture(30, 41, 3)
    target = TargetSize(100, 55, fit)
    made = Predictor(BicubicEngine()).predict(image, target=target).pixels
    size = target.scaling(Size(30, 41)).size
    assert made.shape == (*size, 3)
    # The axis that shrinks more goes first there, and rows do here.
    np.testing.assert_allclose(
        made, resize_bicubic(image, size=size).astype(int), atol=1
    )


def test_a_crop_is_the_middle_of_the_covering_picture(engine):
    image = picture(30, 50, 3)
    predictor = Predictor(engine, tile=16)
    covering = predictor.predict(image, target=TargetSize(70, 60, "outside")).pixels
    made = predictor.predict(image, target=TargetSize(70, 60, "crop")).pixels
    assert covering.shape == (60, 100, 3)
    np.testing.assert_array_equal(made, covering[:, 15:85])


@pytest.mark.parametrize("fit", ["inside", "crop", "stretch"])
@pytest.mark.parametrize("wanted", [(33, 29), (94, 122), (180, 150)])
def test_tiles_do_not_show_in_a_target(engine, fit, wanted):
    image, target = picture(47, 61, 3), TargetSize(*reversed(wanted), fit)
    whole = Predictor(engine, tile=0).predict(image, target=target).pixels
    tiled = Predictor(engine, tile=16).predict(image, target=target).pixels
    np.testing.assert_array_equal(tiled, whole)
    assert fit == "inside" or whole.shape == (*wanted, 3)


def test_the_networks_own_scale_as_a_target_is_not_resampled(engine):
    image = picture(20, 30, 3)
    made = Predictor(engine).predict(image, target=TargetSize(width=60)).pixels
    np.testing.assert_array_equal(made, Predictor(engine)(image))


def test_a_crop_at_the_networks_own_scale_computes_only_what_is_kept():
    engine = NearestEngine(2, tile=0)
    made = Predictor(engine).predict(
        picture(100, 10, 3), target=TargetSize(20, 20, "crop")
    )
    assert made.pixels.shape == (20, 20, 3)
    assert engine.shapes == [(14, 10, 3)]


@pytest.mark.parametrize(("width", "height"), [(19, 40), (20, 39), (17, 40)])
def test_a_crop_of_a_pixel_at_the_networks_own_scale(engine, width, height):
    """Half of one pixel is none: such a crop begins at the first row or column."""
    image = picture(20, 10, 3)
    target = TargetSize(width, height, "crop")
    made = Predictor(engine).predict(image, target=target).pixels
    whole, left = Predictor(engine)(image), (20 - width) // 2
    np.testing.assert_array_equal(made, whole[:height, left : left + width])


def test_a_translation_has_no_target():
    engine = NetworkEngine(translation_card(), lambda dtype: None, "cpu")
    with pytest.raises(UsageError, match="keeps the size"):
        Predictor(engine).predict(picture(8, 8, 3), target=TargetSize(4))


def test_a_factor_rounds_up_as_ever():
    assert scaled_by(Size(33, 30), 2.5) == (
        (83, 75),
        Fraction(5, 2),
        Fraction(5, 2),
        0,
        0,
    )
