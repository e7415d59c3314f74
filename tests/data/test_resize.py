"""MATLAB's imresize, to the pixel."""

import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.resize import as_ratio
from imgan.data.resize import output_length
from imgan.data.resize import resample_axis
from imgan.data.resize import resample_weights
from imgan.data.resize import resize_bicubic
from imgan.types import Size

TESTS = Path(__file__).parent.parent

GOLDEN_CASES = {
    "half": (Fraction(1, 2), True),
    "third": (1 / 3, True),
    "quarter": (0.25, True),
    "two_fifths": (0.4, True),
    "quarter_plain": (0.25, False),
    "double": (2, True),
    "five_halves": (2.5, True),
}


@pytest.fixture(scope="module")
def golden():
    with np.load(TESTS / "golden" / "resize.npz") as arrays:
        yield dict(arrays)


@pytest.mark.parametrize("name", GOLDEN_CASES)
def test_equals_the_golden_pictures(golden, name):
    scale, antialias = GOLDEN_CASES[name]
    result = resize_bicubic(golden["source"], scale, antialias=antialias)
    np.testing.assert_array_equal(result, golden[name])


def test_every_golden_picture_is_tested(golden):
    assert set(golden) == {"source", "made_with", *GOLDEN_CASES}


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("name", ["baby", "bird", "butterfly", "head", "woman"])
def test_equals_matlab_on_set5(shared_data, name, factor):
    set5 = shared_data / "set5"
    hr = cv2.imread(str(set5 / "HR" / f"{name}.png"))
    expected = cv2.imread(str(set5 / f"LR_bicubic/X{factor}/{name}x{factor}.png"))
    height, width = expected.shape[:2]
    hr = hr[: height * factor, : width * factor]
    if factor == 8:  # made with a float picture between the two passes
        reduced = resize_bicubic(hr.astype(np.float64), Fraction(1, 8))
        reduced = np.clip(np.floor(reduced + 0.5), 0, 255).astype(np.uint8)
    else:
        reduced = resize_bicubic(hr, Fraction(1, factor))
    np.testing.assert_array_equal(reduced, expected)


def test_halving_an_edge_gives_the_weights_of_keys():
    """By hand, for a step from 0 to 100 and scale 1/2.

    Output x sits at u = 2x + 1/2, so its taps lie at ±1/2, ±3/2, ±5/2, ±7/2 and the
    stretched kernel reads Keys at 1/4, 3/4, 5/4, 7/4:
    k(1/4) = 111/128, k(3/4) = 29/128, k(5/4) = -9/128, k(7/4) = -3/128; their sum,
    twice for both sides, is 2, so each weight is half of that.
    In [0]*8 + [100]*8 output 3 sits at 6.5 and its four right taps are 7 to 10, of
    which 8, 9, 10 are bright: 100 * (29 - 9 - 3) / 256 = 6.640625. Output 4 is its
    mirror: 100 - 6.640625. Output 2 sits at 4.5: only tap 8 (7/2) is bright,
    100 * -3 / 256 = -1.171875.
    """
    edge = np.repeat([0.0, 100.0], 8)[np.newaxis]
    row = resize_bicubic(np.repeat(edge, 2, axis=0), 0.5)[0]
    np.testing.assert_allclose(
        row,
        [0, 0, -1.171875, 6.640625, 93.359375, 101.171875, 100, 100],
        atol=1e-12,
    )


def test_integers_are_rounded_and_clipped_after_each_axis():
    image = np.zeros((16, 16), np.uint8)
    image[:, 8:] = 255
    row = resize_bicubic(image, 0.5)[0]
    # 255 * 17 / 256 = 16.93; the overshoots of the float picture are cut off.
    assert row.tolist() == [0, 0, 0, 17, 238, 255, 255, 255]


def test_sixteen_bits_are_finer_than_eight():
    cat = skimage.data.chelsea()[:65, :70]
    fine = resize_bicubic(cat.astype(np.uint16) * 257, 0.25)
    coarse = resize_bicubic(cat, 0.25)
    assert fine.dtype == np.uint16
    difference = np.abs(fine / 257 - coarse)
    assert 0.1 < difference.max() < 1.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_dtype_and_overshoot(dtype):
    image = np.zeros((12, 12, 1), dtype)
    image[4:8, 4:8] = 1
    result = resize_bicubic(image, 3)
    assert result.dtype == dtype
    assert result.min() < 0
    assert result.max() > 1


@pytest.mark.parametrize(
    ("length", "scale", "expected"),
    [(30, 0.1, 3), (255, 1 / 3, 85), (256, 1 / 3, 86), (97, 2.5, 243), (1, 0.01, 1)],
)
def test_sides_are_rounded_up(length, scale, expected):
    assert output_length(length, scale) == expected
    image = np.full((length, 5), 7, np.uint8)
    assert resize_bicubic(image, scale).shape[0] == expected


def test_constant_pictures_stay_constant():
    for height, width in [(1, 1), (1, 9), (2, 3), (61, 97)]:
        image = np.full((height, width, 3), 200, np.uint8)
        for scale in (0.25, 0.37, 1, 1.5, 4):
            assert np.all(resize_bicubic(image, scale) == 200)


def test_scale_one_returns_the_picture():
    cat = skimage.data.chelsea()
    np.testing.assert_array_equal(resize_bicubic(cat, 1), cat)


def test_size_stretches_each_axis():
    cat = skimage.data.chelsea()[:40, :60]
    result = resize_bicubic(cat, size=Size(20, 90))
    wide = resize_bicubic(cat[:, :, 0].astype(float), size=Size(40, 90))
    assert result.shape == (20, 90, 3)
    assert wide.shape == (40, 90)


def test_the_axis_that_shrinks_more_comes_first():
    """The order shows in the rounding; MATLAB sorts the axes by their scale."""
    cat = np.ascontiguousarray(skimage.data.chelsea()[:64, :64, 0])
    result = resize_bicubic(cat, size=Size(32, 16))
    columns = resize_bicubic(cat, size=Size(64, 16))
    rows = resize_bicubic(cat, size=Size(32, 64))
    columns_first = resize_bicubic(columns, size=Size(32, 16))
    rows_first = resize_bicubic(rows, size=Size(32, 16))
    np.testing.assert_array_equal(result, columns_first)
    assert np.any(rows_first != columns_first)


def test_scale_with_size_cuts_at_the_same_coordinates():
    cat = skimage.data.chelsea()[:41, :50]
    whole = resize_bicubic(cat, 2.5)
    part = resize_bicubic(cat, 2.5, Size(100, 120))
    np.testing.assert_array_equal(part, whole[:100, :120])


@pytest.mark.parametrize("scale", [Fraction(5, 8), Fraction(1, 3), Fraction(5, 2)])
def test_rows_of_the_weights_resample_a_tile_like_the_whole(scale):
    values = skimage.data.camera()[:101, :64].astype(np.float64)
    length = output_length(101, scale)
    indices, weights = resample_weights(101, length, scale)
    whole = resample_axis(values, indices, weights, 0)
    low, high = length // 3, 2 * length // 3
    top, bottom = indices[low:high].min(), indices[low:high].max() + 1
    tile = resample_axis(
        values[top:bottom], indices[low:high] - top, weights[low:high], 0
    )
    np.testing.assert_allclose(tile, whole[low:high], rtol=0, atol=1e-9)


@pytest.mark.parametrize("length", [1, 2, 5, 64])
@pytest.mark.parametrize("scale", [0.1, 0.25, 1 / 3, 0.7, 1.0, 2.5])
def test_weights_are_of_the_picture_and_sum_to_one(length, scale):
    indices, weights = resample_weights(length, output_length(length, scale), scale)
    assert indices.shape == weights.shape
    assert indices.min() >= 0
    assert indices.max() < length
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)


def test_antialias_widens_the_kernel_only_when_reducing():
    assert resample_weights(64, 16, 0.25)[0].shape[1] == 16
    assert resample_weights(64, 16, 0.25, antialias=False)[0].shape[1] == 4
    assert resample_weights(64, 256, 4.0)[0].shape[1] == 4


def test_floats_mean_simple_ratios():
    assert as_ratio(0.1) == Fraction(1, 10)
    assert as_ratio(1 / 3) == Fraction(1, 3)
    assert as_ratio(2.5) == Fraction(5, 2)
    assert abs(as_ratio(np.pi) - np.pi) < 1e-11


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((np.zeros((4, 4), np.uint8),), ValueError, "scale, size or both"),
        ((np.zeros((4, 4), np.uint8), 0), ValueError, "scale=0"),
        ((np.zeros((4, 4), np.uint8), np.nan), ValueError, "scale=nan"),
        ((np.zeros((4, 4), np.uint8), 1e-9), ValueError, "1e-6"),
        ((np.zeros((4, 4), np.int64), 2), TypeError, "int64"),
        ((np.zeros(4, np.uint8), 2), ValueError, r"\(4,\)"),
        ((np.zeros((0, 4), np.uint8), 2), ValueError, r"\(0, 4\)"),
        ((np.zeros((4, 4), np.uint8), None, Size(0, 3)), ValueError, "3x0"),
    ],
)
def test_wrong_arguments_name_what_was_received(arguments, error, words):
    with pytest.raises(error, match=words):
        resize_bicubic(*arguments)


def test_twelve_megapixels_are_reduced_in_a_moment():
    image = np.zeros((3000, 4000, 3), np.uint8)
    start = time.perf_counter()
    assert resize_bicubic(image, Fraction(1, 4)).shape == (750, 1000, 3)
    assert time.perf_counter() - start < 5
