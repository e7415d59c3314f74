"""Structural similarity."""

import numpy as np
import pytest
import skimage.data

from imgan.metrics import ssim as ssim_module
from imgan.metrics.ssim import ssim


def noisy_cat():
    cat = skimage.data.chelsea()[:80, :90]
    noise = np.random.default_rng(5).normal(0, 12, cat.shape)
    return cat, np.clip(cat + noise, 0, 255).astype(np.uint8)


def reference_ssim(a, b):
    """Wang's formula, one window at a time."""
    offsets = np.arange(11) - 5
    bell = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    scores = []
    for top in range(a.shape[0] - 10):
        for left in range(a.shape[1] - 10):
            x, y = (p[top : top + 11, left : left + 11] for p in (a, b))
            mx, my = np.sum(window * x), np.sum(window * y)
            vx, vy = np.sum(window * (x - mx) ** 2), np.sum(window * (y - my) ** 2)
            vxy = np.sum(window * (x - mx) * (y - my))
            luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
            scores.append(luminance * (2 * vxy + c2) / (vx + vy + c2))
    return np.mean(scores)


def test_flat_pictures_differ_in_luminance_only():
    """Without variance the second factor is 1; for 100 and 110, C1 = 2.55² = 6.5025.

    (2·100·110 + 6.5025) / (100² + 110² + 6.5025) = 22006.5025 / 22106.5025 = 0.995476.
    """
    a, b = np.full((16, 16), 100.0), np.full((16, 16), 110.0)
    score = ssim(a, b, crop_border=0)
    assert score == pytest.approx(22006.5025 / 22106.5025, abs=1e-9)


def test_equal_pictures_score_one():
    cat, _ = noisy_cat()
    assert ssim(cat, cat, crop_border=4) == pytest.approx(1, abs=1e-12)


def test_equals_the_formula_window_by_window():
    cat, noisy = (p[:24, :27, 1].astype(float) for p in noisy_cat())
    score = ssim(cat, noisy, crop_border=3)
    expected = reference_ssim(cat[3:-3, 3:-3], noisy[3:-3, 3:-3])
    assert score == pytest.approx(expected, abs=1e-9)


def test_bands_do_not_show(monkeypatch):
    cat, noisy = noisy_cat()
    whole = ssim(cat, noisy, crop_border=4)
    monkeypatch.setattr(ssim_module, "_BAND", 13)
    assert ssim(cat, noisy, crop_border=4) == pytest.approx(whole, abs=1e-12)


def test_rgb_is_the_mean_of_the_channels():
    cat, noisy = noisy_cat()
    channels = [
        ssim(cat[..., i], noisy[..., i], crop_border=2) for i in range(cat.shape[2])
    ]
    score = ssim(cat, noisy, crop_border=2, channel="rgb")
    assert score == pytest.approx(np.mean(channels), abs=1e-12)


def test_pictures_smaller_than_the_window_are_refused():
    a = np.zeros((18, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="32x10 after crop_border=4"):
        ssim(a, a, crop_border=4)
