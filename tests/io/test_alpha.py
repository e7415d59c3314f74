import numpy as np
import pytest

from imgan.io.images import bleed_colour


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("grey", [False, True])
def test_nearest_colour_fills_what_is_hidden(photo, dtype, grey):
    pixels = (photo[..., 0] if grey else photo).astype(dtype)
    alpha = np.zeros(photo.shape[:2], dtype)
    alpha[20:30, 20:40] = 1
    before = pixels.copy()
    bled = bleed_colour(pixels, alpha)
    assert bled.dtype == dtype
    assert bled.shape == pixels.shape
    np.testing.assert_array_equal(bled[20:30, 20:40], pixels[20:30, 20:40])
    np.testing.assert_array_equal(bled[:20, 25], np.stack([pixels[20, 25]] * 20))
    np.testing.assert_array_equal(bled[25, 40:], np.stack([pixels[25, 39]] * 57))
    np.testing.assert_array_equal(bled[0, 0], pixels[20, 20])
    np.testing.assert_array_equal(pixels, before)


def test_two_islands_keep_to_themselves():
    pixels = np.zeros((9, 40, 3), np.uint8)
    alpha = np.zeros((9, 40), np.uint8)
    pixels[4, 5], pixels[4, 34] = (255, 0, 0), (0, 0, 255)
    alpha[4, [5, 34]] = 255
    bled = bleed_colour(pixels, alpha)
    assert (bled[:, :19] == (255, 0, 0)).all()
    assert (bled[:, 21:] == (0, 0, 255)).all()


def test_nothing_to_do_returns_the_input(photo):
    for value in (0, 255):
        alpha = np.full(photo.shape[:2], value, np.uint8)
        assert bleed_colour(photo, alpha) is photo
