"""Gradient energy, and its ratio to the truth's."""

import math

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.metrics.sharpness import gradient_energy
from imgan.metrics.sharpness import gradient_magnitude
from imgan.metrics.sharpness import sharpness


def test_a_ramp_has_its_squared_slope():
    """Sobel / 8 of 3 levels a pixel is 3 everywhere, so 9; across it is 0."""
    ramp = np.tile(3 * np.arange(20, dtype=np.uint8), (10, 1))
    assert gradient_energy(ramp) == pytest.approx(9, abs=1e-6)
    assert gradient_energy(ramp.T) == pytest.approx(9, abs=1e-6)


def test_both_directions_add():
    """Slopes 3 and 4 levels a pixel: 9 + 16 = 25."""
    rows, columns = np.indices((12, 15))
    assert gradient_energy(3.0 * rows + 4.0 * columns) == pytest.approx(25, abs=1e-5)


def test_a_step_is_seen_by_two_columns():
    """A step of 8 gives 4 in the columns beside it: 2 of 6 inner ones, 32 / 6."""
    step = np.zeros((5, 8))
    step[:, 4:] = 8
    assert gradient_energy(step) == pytest.approx(2 * 16 / 6, abs=1e-6)


def test_colour_is_measured_on_luma():
    """A grey level is 219/255 of a level of Y."""
    grey = np.tile(2 * np.arange(20, dtype=np.uint8), (10, 1))
    rgb = np.repeat(grey[..., None], 3, axis=2)
    assert gradient_energy(rgb) == pytest.approx(4 * (219 / 255) ** 2, abs=1e-5)


def test_the_border_is_ignored():
    flat = np.full((20, 30), 90, np.uint8)
    framed = np.pad(flat, 4, constant_values=255)
    assert gradient_energy(framed) > 0
    assert gradient_energy(framed, crop_border=4) == 0.0


def test_blur_lowers_and_noise_raises():
    cat = skimage.data.chelsea()
    blurred = cv2.GaussianBlur(cat, (0, 0), 2)
    noise = np.random.default_rng(0).normal(0, 10, cat.shape)
    assert sharpness(blurred, cat) < 0.5
    assert sharpness(cat, cat) == 1.0
    assert sharpness(np.clip(cat + noise, 0, 255), cat) > 1.1


def test_the_ratio_is_of_energies():
    """Twice the contrast is four times the energy."""
    grey = skimage.data.camera()[:64, :64].astype(np.float32)
    assert sharpness(grey, grey / 2) == pytest.approx(4, rel=1e-5)


def test_flat_truth():
    flat = np.full((8, 8), 3, np.uint8)
    assert sharpness(flat, flat) == 1.0
    assert sharpness(np.arange(64).reshape(8, 8) * 1.0, flat) == math.inf


@pytest.mark.parametrize(("shape", "border"), [((2, 9), 0), ((9, 9), 4), ((9,), 0)])
def test_what_has_no_inside_is_refused(shape, border):
    with pytest.raises(ValueError, match=f"crop_border={border}"):
        gradient_energy(np.zeros(shape), crop_border=border)


def test_the_magnitude_of_a_ramp_is_its_slope():
    """Slopes 3 and 4 levels a pixel: a length of 5, once and not squared."""
    rows, columns = np.indices((12, 15))
    ramp = 3.0 * rows + 4.0 * columns
    assert gradient_magnitude(ramp) == pytest.approx(5)
    rgb = np.repeat(ramp[..., None], 3, axis=2)
    assert gradient_magnitude(rgb) == pytest.approx(5 * 219 / 255)


def test_the_magnitude_counts_a_step_once():
    """A step of 8 between two of 8 columns is one of 7 differences."""
    step = np.zeros((5, 8))
    step[:, 4:] = 8
    assert gradient_magnitude(step) == pytest.approx(8 / 7)


def test_the_magnitude_leaves_the_border_out():
    image = np.zeros((9, 9))
    image[:2] = image[-2:] = image[:, :2] = image[:, -2:] = 100
    assert gradient_magnitude(image, crop_border=2) == 0.0
    with pytest.raises(ValueError, match="at least 2x2 without its border"):
        gradient_magnitude(image, crop_border=4)
