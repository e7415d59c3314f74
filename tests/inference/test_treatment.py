"""Self-ensemble and seamless textures, through the predictor."""

import numpy as np
import pytest

from imgan.errors import UsageError
from imgan.inference.engines import BicubicEngine
from imgan.inference.engines import NetworkEngine
from imgan.inference.graph import TileResult
from imgan.inference.pictures import predict_picture
from imgan.inference.predictor import Predictor
from imgan.inference.sizing import TargetSize
from imgan.inference.symmetries import SYMMETRIES
from imgan.inference.symmetries import turn
from imgan.inference.symmetries import turn_back
from imgan.inference.symmetries import turn_region
from imgan.inference.treatment import Treatment
from imgan.inference.treatment import check_treatment
from imgan.inference.wrapping import bleed_wrapped
from imgan.inference.wrapping import wrapped_axes
from imgan.io.alpha import bleed_colour
from imgan.io.images import Picture
from imgan.types import Region
from imgan.types import Size

from .networks import NearestEngine
from .networks import card
from .networks import convolutions
from .networks import picture
from .networks import translation_card


@pytest.fixture(scope="module")
def engine():
    return NetworkEngine(card(), convolutions, "cpu")


@pytest.fixture(scope="module")
def stepped():
    """A network that takes multiples of 4 only: it computes at a quarter of it."""
    import keras

    def load(dtype):
        images = keras.Input((None, None, 3))
        options = {"padding": "same", "activation": "relu"}
        x = keras.layers.Conv2D(8, 4, strides=4, **options)(images)
        x = keras.layers.Conv2D(8, 3, **options)(x)
        x = keras.layers.UpSampling2D(4)(x)
        return keras.Model(images, keras.layers.Conv2D(3, 3, padding="same")(x))

    values = {"scale": 1, "size_multiple": 4, "halo": 9, "minimum_size": 4}
    return NetworkEngine(card(**values), load, "cpu")


def test_symmetries_are_all_eight_and_come_back():
    image = np.arange(6).reshape(2, 3)
    turned = [turn(image, symmetry) for symmetry in SYMMETRIES]
    assert len({(one.shape, one.tobytes()) for one in turned}) == 8
    for symmetry, one in zip(SYMMETRIES, turned, strict=True):
        np.testing.assert_array_equal(turn_back(one, symmetry), image)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_a_part_is_found_after_turning(symmetry):
    image, part = np.arange(35).reshape(5, 7), Region(1, 2, 3, 4)
    moved = turn_region(part, Size(5, 7), symmetry)
    np.testing.assert_array_equal(
        turn(image, symmetry)[moved.slices()],
        turn(image[part.slices()], symmetry),
    )


def test_the_ensemble_is_the_mean_in_float(engine):
    image = picture(20, 27, 3, dtype="float32")
    plain = Predictor(engine, precision="float32", tile=0)
    each = [turn_back(plain(turn(image, one).copy()), one) for one in SYMMETRIES]
    made = Predictor(engine, precision="float32", tile=0, tta=True)(image)
    inside = (np.stack(each) > 0).all(0) & (np.stack(each) < 1).all(0)
    assert inside.sum() > 100
    np.testing.assert_allclose(made[inside], np.mean(each, 0)[inside], atol=1e-6)


def test_the_ensemble_of_a_turned_picture_is_turned(engine):
    image = picture(20, 27, 3)
    predictor = Predictor(engine, precision="float32", tta=True)
    made = predictor(image).astype(int)
    turned = predictor(np.ascontiguousarray(turn(image, 3))).astype(int)
    assert np.abs(turn_back(turned, 3) - made).max() <= 1


@pytest.mark.parametrize("size", [(5, 3), (33, 47)])
@pytest.mark.parametrize("scale", [None, 1.5])
def test_a_tiled_ensemble_equals_the_whole(engine, size, scale):
    image = picture(*size, 3)
    whole = Predictor(engine, tile=0, scale=scale, tta=True)(image)
    tiled = Predictor(engine, tile=16, scale=scale, tta=True)(image)
    np.testing.assert_array_equal(tiled, whole)


@pytest.mark.parametrize("size", [(16, 24), (33, 47)])
def test_a_tiled_ensemble_equals_the_whole_with_a_multiple(stepped, size):
    image = picture(*size, 3)
    whole = Predictor(stepped, tile=0, precision="float32", tta=True)(image)
    tiled = Predictor(stepped, tile=16, precision="float32", tta=True)(image)
    np.testing.assert_array_equal(tiled, whole)
    assert (whole != Predictor(stepped, tile=0, precision="float32")(image)).any()


def test_a_tile_that_was_redone_eight_times_is_told_once():
    class Fragile(NearestEngine):
        def run(self, pixels, crop, precision, **how):
            made = super().run(pixels, crop, precision, **how)
            return TileResult(made.pixels, precision == "float32", False)

    predictor = Predictor(Fragile(tile=0), precision="bfloat16", tta=True)
    assert predictor.predict(picture(9, 8, 3)).warnings == [
        "1 tiles came out black or not finite in bfloat16 and were computed again in "
        "float32"
    ]


def middle(image, height, width):
    top, left = (
        (side // one) // 2 * one
        for side, one in zip(image.shape[:2], (height, width), strict=True)
    )
    return image[top : top + height, left : left + width]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("size", "count"), [((2, 4), 9), ((16, 22), 3), ((40, 34), 3)])
@pytest.mark.parametrize("scale", [2, 3, 1, 0.5])
def test_a_texture_is_the_middle_of_nine(engine, precision, size, count, scale):
    image = picture(*size, 3)
    options = {"precision": precision, "scale": scale, "tile": 16}
    nine = Predictor(engine, **options)(np.tile(image, (count, count, 1)))
    seamless = Predictor(engine, **options, wrap="both")(image)
    height, width = (int(side * scale) for side in size)
    assert seamless.shape == (height, width, 3)
    np.testing.assert_array_equal(seamless, middle(nine, height, width))


@pytest.mark.parametrize(("wrap", "repeats"), [("x", (1, 3, 1)), ("y", (3, 1, 1))])
def test_one_direction_alone(engine, wrap, repeats):
    image = picture(18, 25, 3)
    nine = Predictor(engine)(np.tile(image, repeats))
    top, left = (36 * (repeats[0] > 1), 50 * (repeats[1] > 1))
    made = Predictor(engine, wrap=wrap)(image)
    np.testing.assert_array_equal(made, nine[top : top + 36, left : left + 50])
    assert (made != Predictor(engine)(image)).any()


def test_a_texture_with_a_multiple_and_an_ensemble(stepped):
    image = picture(24, 32, 3)
    options = {"precision": "float32", "tta": True}
    nine = Predictor(stepped, tile=0, **options)(np.tile(image, (3, 3, 1)))
    for tile in (0, 16):
        made = Predictor(stepped, tile=tile, wrap="both", **options)(image)
        np.testing.assert_array_equal(made, middle(nine, 24, 32))


def test_a_texture_of_any_scale_repeats_in_whole_pixels(engine):
    """Where none repeat at the scale itself, the texture is stretched until they do."""
    image = picture(17, 19, 3)
    made = Predictor(engine, scale=2.5, wrap="both")(image)
    assert made.shape == (43, 48, 3)
    target = TargetSize(3 * 48, 3 * 43, "stretch")
    nine = Predictor(engine).predict(np.tile(image, (3, 3, 1)), target=target)
    np.testing.assert_array_equal(made, middle(nine.pixels, 43, 48))
    tiled = Predictor(engine, scale=2.5, wrap="both", tile=16)(image)
    np.testing.assert_array_equal(tiled, made)


def test_bicubic_textures_wrap_too():
    image = picture(12, 9, 3)
    for scale in (2, 3, 1 / 3):
        nine = Predictor(BicubicEngine(), scale=scale)(np.tile(image, (3, 3, 1)))
        made = Predictor(BicubicEngine(), scale=scale, wrap="both")(image)
        expected = middle(nine, round(12 * scale), round(9 * scale))
        np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("wrap", ["x", "y", "both"])
def test_hidden_colour_is_the_nearest_across_the_border(wrap):
    random = np.random.default_rng(0)
    down, across = (3 if axis else 1 for axis in wrapped_axes(wrap))
    for height, width in ((1, 7), (8, 8), (13, 30)):
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        alpha = np.where(random.random((height, width)) < 0.9, 0, 255).astype(np.uint8)
        alpha[0, 0] = 255
        laid = np.tile(pixels, (down, across, 1)), np.tile(alpha, (down, across))
        top, left = height * (down // 2), width * (across // 2)
        expected = bleed_colour(*laid)[top : top + height, left : left + width]
        np.testing.assert_array_equal(bleed_wrapped(pixels, alpha, wrap), expected)


@pytest.mark.parametrize("options", [{"wrap": "x"}, {"keep_colors": True}])
def test_what_needs_whole_pictures_refuses_a_crop(engine, options):
    predictor = Predictor(engine, **options)
    with pytest.raises(UsageError, match="--fit crop cuts them"):
        predictor.predict(picture(20, 40, 3), target=TargetSize(20, 20, "crop"))


def test_transparency_wraps_as_well(engine):
    image, alpha = picture(24, 30, 3), np.full((24, 30), 255, np.uint8)
    alpha[20:, :6] = 0
    alpha[5:9, 27:] = 0
    image[alpha == 0] = 0
    nine, _ = predict_picture(
        Predictor(engine), Picture(np.tile(image, (3, 3, 1)), np.tile(alpha, (3, 3)))
    )
    made, _ = predict_picture(Predictor(engine, wrap="both"), Picture(image, alpha))
    np.testing.assert_array_equal(made.pixels, middle(nine.pixels, 48, 60))
    np.testing.assert_array_equal(made.alpha, middle(nine.alpha, 48, 60))


@pytest.mark.parametrize(
    ("treatment", "model", "more", "expected"),
    [
        (Treatment(tta=True), None, {}, "bicubic"),
        (Treatment(tta=True), translation_card(), {}, "for enlarged pictures"),
        (Treatment(wrap="all"), card(), {}, "--wrap must be one of"),
        (Treatment(wrap="x"), card(halo=None), {}, "sees all it is given"),
        (Treatment(wrap="x"), translation_card(), {"stochastic": True}, "--stochastic"),
        (Treatment(wrap="x"), card(), {"keep_colors": True}, "--keep-colors"),
        (Treatment(grey=True), card(), {"keep_colors": True}, "--keep-colors"),
        (Treatment(grey=True), card(input_channels=4), {}, "bands"),
    ],
)
def test_what_does_not_go_together(treatment, model, more, expected):
    with pytest.raises(UsageError, match=expected):
        check_treatment(treatment, model, **more)


def test_what_does_go_together():
    check_treatment(Treatment(tta=True, wrap="both", grey=True), card())
    check_treatment(Treatment(wrap="x"), translation_card())
    check_treatment(Treatment(wrap="y", grey=True), None)
