"""Peak signal-to-noise ratio."""

import math

import numpy as np
import pytest
import skimage.data
from skimage.metrics import peak_signal_noise_ratio

from imgan.metrics.psnr import psnr


def grey(value, shape=(20, 30)):
    return np.full((*shape, 3), value, np.uint8)


def test_one_level_everywhere_is_48_db():
    """Mean squared difference 1, so 10 log10(255²) = 20 log10(255) = 48.1308 dB."""
    score = psnr(grey(100), grey(101), crop_border=0, channel="rgb")
    assert score == pytest.approx(48.130804, abs=1e-6)


def test_luma_shrinks_a_level_to_219_255ths():
    """A grey level is 219/255 of a Y level, so Y scores 20 log10(255/219) higher.

    48.130804 + 1.321983 = 49.452786: why the PSNR of grey pictures depends on whether
    they pass through RGB first.
    """
    score = psnr(grey(100), grey(101), crop_border=0)
    assert score == pytest.approx(48.130804 + 20 * math.log10(255 / 219), abs=1e-6)


def test_one_channel_off_is_averaged_over_three():
    """Red off by 3 levels: mean squared difference 9 / 3 = 3, 48.1308 - 4.7712 dB."""
    other = grey(100)
    other[..., 0] += 3
    score = psnr(grey(100), other, crop_border=0, channel="rgb")
    assert score == pytest.approx(48.130804 - 10 * math.log10(3), abs=1e-6)


def test_the_border_is_ignored_on_all_four_sides():
    other = grey(100)
    other[4:-4, 4:-4] = 101
    inner = psnr(grey(100), other, crop_border=4, channel="rgb")
    assert inner == pytest.approx(48.130804, abs=1e-6)
    assert psnr(grey(100), other, crop_border=3, channel="rgb") > inner


def test_equal_pictures_are_infinitely_close():
    assert psnr(grey(7), grey(7), crop_border=4) == math.inf


def test_order_does_not_matter_and_uint8_does_not_wrap():
    """Difference 250: 20 log10(255/250) = 0.172003 dB, either way round."""
    for pair in ((grey(250), grey(0)), (grey(0), grey(250))):
        score = psnr(*pair, crop_border=0, channel="rgb")
        assert score == pytest.approx(0.172003, abs=1e-6)


def test_equals_scikit_image_on_a_photograph():
    cat = skimage.data.chelsea()
    noisy = cat ^ (np.arange(cat.size).reshape(cat.shape) % 16).astype(np.uint8)
    expected = peak_signal_noise_ratio(cat[2:-2, 2:-2], noisy[2:-2, 2:-2])
    score = psnr(cat, noisy, crop_border=2, channel="rgb")
    assert score == pytest.approx(expected, abs=1e-9)


def test_single_channel_is_taken_as_it_is():
    a, b = grey(100)[..., 0], grey(101)[..., 0]
    assert psnr(a, b, crop_border=1) == pytest.approx(48.130804, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_any_number_of_channels_makes_one_error(channels):
    """Every channel off by its number, counted from 1."""
    a = np.full((20, 30, channels), 100, np.uint8)
    b = a + np.arange(1, channels + 1, dtype=np.uint8)
    error = sum(n * n for n in range(1, channels + 1)) / channels
    score = psnr(a, b, crop_border=2, channel="rgb")
    assert score == pytest.approx(48.130804 - 10 * math.log10(error), abs=1e-6)


@pytest.mark.parametrize(
    ("other", "options", "words"),
    [
        (grey(1, (20, 31)), {"crop_border": 0}, r"\(20, 31, 3\)"),
        (grey(1), {"crop_border": 10}, "crop_border=10"),
        (grey(1), {"crop_border": -1}, "crop_border=-1"),
        (grey(1), {"crop_border": 0, "channel": "luma"}, "'luma'"),
    ],
)
def test_impossible_comparisons_are_refused(other, options, words):
    with pytest.raises(ValueError, match=words):
        psnr(grey(0), other, **options)
