"""Low frequencies of the input, given back to a result."""

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.inference import colors
from imgan.inference.colors import keep_colors
from imgan.metrics.sharpness import gradient_energy
from imgan.types import dtype_peak


def cat(height=90, width=121):
    return skimage.data.chelsea()[100 : 100 + height, 100 : 100 + width].copy()


def enlarge(image, scale):
    size = tuple(int(np.ceil(side * scale)) for side in image.shape[:2])
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)


def in_dtype(image, dtype):
    peak = dtype_peak(dtype)
    return (image.astype(np.float64) * peak / 255).astype(dtype)


@pytest.mark.parametrize("scale", [1, 4, 2.5, 0.7])
@pytest.mark.parametrize("grey", [False, True])
def test_a_tint_is_removed_to_within_a_level(scale, grey):
    source = cat()
    source = np.clip(source[..., 1] if grey else source, 40, 200)
    result = enlarge(source, scale)
    tint = 12 if grey else np.array([12, -7, 3])
    kept = keep_colors(source, (result + tint).astype(np.uint8))
    untinted = keep_colors(source, result)
    assert np.abs(kept.astype(int) - untinted).max() <= 1
    assert np.abs(kept.astype(float).mean() - source.mean()) < 0.5


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("more", [(), (3,), (5,)])
def test_an_identical_picture_is_unchanged(dtype, more):
    levels = np.random.default_rng(0).integers(0, 256, (33, 47, *more))
    source = in_dtype(levels, dtype)
    kept = keep_colors(source, source)
    assert kept.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(kept, source)
    replicated = source.repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(keep_colors(source, replicated), replicated)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_depths_equal_eight_bits(dtype):
    source, result = cat(), enlarge(cat(), 2) // 2 + 20
    expected = keep_colors(source, result).astype(float)
    made = keep_colors(in_dtype(source, dtype), in_dtype(result, dtype))
    assert np.abs(made * (255 / dtype_peak(dtype)) - expected).max() < 0.51


def test_texture_stays():
    """A grid of period 2 in the result is not the source's, and is kept whole."""
    source = np.full((64, 64), 100, np.uint8)
    grid = np.indices((256, 256)).sum(axis=0) % 2 * 40
    result = (grid + 80).astype(np.uint8)
    np.testing.assert_array_equal(keep_colors(source, result), result)
    photo = skimage.data.astronaut()[:240, :240]
    small = cv2.resize(photo, (60, 60), interpolation=cv2.INTER_AREA)
    tinted = np.clip(photo.astype(int) + [9, 0, -9], 0, 255).astype(np.uint8)
    energy = gradient_energy(keep_colors(small, tinted)) / gradient_energy(tinted)
    assert energy == pytest.approx(1, abs=0.02)


def test_a_slow_tint_goes_and_a_fast_one_stays():
    """Period P keeps 1 - exp(-2 pi² 8² / P²): 0.4 % taken at 15, 96 % at 180."""
    source = np.full((360, 8), 0.5, np.float32)
    rows = np.arange(360)[:, np.newaxis]
    for period, left in ((15, 0.996), (180, 0.04)):
        wave = 0.1 * np.cos(2 * np.pi * (rows + 0.5) / period) * np.ones((1, 8))
        kept = keep_colors(source, (source + wave).astype(np.float32)) - 0.5
        assert np.abs(kept).max() == pytest.approx(0.1 * left, abs=0.003)


@pytest.mark.parametrize("scale", [4, 2.5, 0.7])
def test_bands_do_not_show(scale, monkeypatch):
    source, result = cat(), enlarge(cat(), scale)
    tinted = np.clip(result.astype(int) + [9, 0, -9], 0, 255).astype(np.uint8)
    whole = keep_colors(source, tinted)
    for values in (1, 5000):
        monkeypatch.setattr(colors, "_BAND_VALUES", values)
        np.testing.assert_array_equal(keep_colors(source, tinted), whole)


def test_the_result_is_changed_in_place_only_if_asked():
    source, result = cat(), enlarge(cat(), 2) // 2
    before = result.copy()
    made = keep_colors(source, result)
    np.testing.assert_array_equal(result, before)
    assert keep_colors(source, result, out=result) is result
    np.testing.assert_array_equal(result, made)
    turned = np.swapaxes(before[..., 0], 0, 1).copy().swapaxes(0, 1)
    keep_colors(source[..., 0], turned, out=turned)
    np.testing.assert_array_equal(turned, made[..., 0])


def test_values_stay_within_their_limits_unless_raw():
    source = np.ones((20, 20), np.float32)
    result = np.full((40, 40), 0.5, np.float32)
    result[::2] = 0.9
    assert keep_colors(source, result).max() == 1.0
    assert keep_colors(source, result, raw=True).max() == pytest.approx(1.2, abs=1e-5)
    white = keep_colors(np.full((9, 9), 255, np.uint8), np.eye(36, dtype=np.uint8) * 99)
    assert white.max() == 255


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (2, 3)])
def test_tiny_pictures(size):
    source = np.full((*size, 3), 70, np.uint8)
    result = np.full((size[0] * 4, size[1] * 4, 3), 90, np.uint8)
    np.testing.assert_array_equal(keep_colors(source, result), 70)


def test_channels_and_types_must_agree():
    with pytest.raises(ValueError, match=r"\(4, 4, 3\) uint8 and \(8, 8\) uint8"):
        keep_colors(np.zeros((4, 4, 3), np.uint8), np.zeros((8, 8), np.uint8))
