"""Batched degradations against those of numpy and OpenCV, and against statistics."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import skimage.data
import skimage.metrics
import tensorflow as tf

from imgan.config.degradation import KERNEL_KINDS
from imgan.config.degradation import RESIZE_MODES
from imgan.config.degradation import ResizeMode
from imgan.data.degradations import kernels
from imgan.data.degradations import operations
from imgan.data.graph_degradations.jpeg import compress_jpeg
from imgan.data.graph_degradations.kernels import gaussian_kernels
from imgan.data.graph_degradations.kernels import identity_kernels
from imgan.data.graph_degradations.kernels import sinc_kernels
from imgan.data.graph_degradations.operations import add_noise
from imgan.data.graph_degradations.operations import blur
from imgan.data.graph_degradations.operations import luma
from imgan.data.graph_degradations.operations import resize
from imgan.data.graph_degradations.operations import to_8_bits
from imgan.types import Array
from imgan.types import Size

PHOTO = skimage.data.astronaut()[40:137, 170:269] / np.float32(255)
COFFEE = skimage.data.coffee()[100:197, 200:299] / np.float32(255)
PHOTOS = np.stack([PHOTO, COFFEE])


def _numbers(*values: float) -> tf.Tensor:
    return tf.constant(values, tf.float32)


@pytest.mark.parametrize("kind", KERNEL_KINDS)
def test_gaussian_kernels_are_those_of_numpy(kind: str) -> None:
    rows = [
        (7, 0.2, 0.2, 0.0, 0.5),
        (21, 3.0, 0.7, -2.5, 4.0),
        (13, 0.4, 2.0, 1.0, 1.0),
        (9, 1.3, 1.1, 3.0, 1.7),
    ]
    size, *rest = map(list, zip(*rows, strict=True))
    index = [KERNEL_KINDS.index(kind)] * len(rows)
    found = gaussian_kernels(
        tf.constant(index),
        tf.constant(size),
        *(_numbers(*column) for column in rest),
        21,
    )
    assert found.shape == (4, 21, 21)
    for kernel, row in zip(found, rows, strict=True):
        expected = np.pad(kernels.gaussian_kernel(kind, *row), (21 - row[0]) // 2)
        np.testing.assert_allclose(kernel, expected, atol=1e-6)


def test_sinc_kernels_are_those_of_numpy() -> None:
    sizes, cutoffs = (7, 13, 21, 15), (math.pi / 3, math.pi / 5, math.pi, 2.0)
    found = sinc_kernels(tf.constant(sizes), _numbers(*cutoffs), 21)
    for kernel, size, cutoff in zip(found, sizes, cutoffs, strict=True):
        expected = np.pad(kernels.sinc_kernel(size, cutoff), (21 - size) // 2)
        np.testing.assert_allclose(kernel, expected, atol=1e-6)


@pytest.mark.parametrize("size", [(97, 99), (5, 3), (1, 30)])
def test_blur_is_that_of_numpy(size: tuple[int, int]) -> None:
    """Each sample has its own kernel; images may be smaller than kernels."""
    images = PHOTOS[:, : size[0], : size[1]]
    turned = kernels.gaussian_kernel("anisotropic", 21, 3.0, 0.6, 0.7)
    ringing = np.pad(kernels.sinc_kernel(13, 1.2), 4)
    found = blur(images, np.stack([turned, ringing]))
    for index, kernel in enumerate((turned, ringing)):
        expected = operations.blur(images[index], kernel)
        np.testing.assert_allclose(found[index], expected, atol=1e-4)
    np.testing.assert_array_equal(blur(images, identity_kernels(2, 21)), images)


@pytest.mark.parametrize("mode", RESIZE_MODES)
@pytest.mark.parametrize(
    "size", [(97, 99), (20, 20), (48, 33), (60, 71), (140, 141), (194, 198), (1, 2)]
)
def test_resize_is_that_of_opencv(mode: ResizeMode, size: tuple[int, int]) -> None:
    found = resize(PHOTOS, *size, RESIZE_MODES.index(mode))
    for image, photo in zip(found, PHOTOS, strict=True):
        expected = operations.resize(photo, Size(*size), mode)
        np.testing.assert_allclose(image, expected, atol=1e-5)
    np.testing.assert_array_equal(resize(PHOTOS, *size, mode), found)


def test_area_when_one_side_grows_by_rounding() -> None:
    found = resize(PHOTOS[:1], 90, 101, "area")[0]
    expected = operations.resize(PHOTO, Size(90, 101), "area")
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("quality", [5, 30, 50, 75, 95])
def test_jpeg_is_that_of_opencv(quality: int) -> None:
    """Means of 0.1 to 0.6 levels: libjpeg computes the transform in integers."""
    found = np.asarray(compress_jpeg(PHOTOS, tf.constant([quality] * 2)))
    for image, photo in zip(found, PHOTOS, strict=True):
        expected = operations.compress_jpeg(photo, quality)
        assert np.abs(image - expected).mean() * 255 < 1.0
        loss = skimage.metrics.peak_signal_noise_ratio
        own, theirs = (loss(photo, each, data_range=1) for each in (image, expected))
        assert own == pytest.approx(theirs, abs=0.15)


def test_jpeg_of_each_sample_has_its_own_quality() -> None:
    grey = PHOTOS[..., :1]
    found = compress_jpeg(grey, tf.constant([10, 90]))
    for image, photo, quality in zip(found, grey, (10, 90), strict=True):
        expected = operations.compress_jpeg(photo, quality)
        assert np.abs(image - expected).mean() * 255 < 0.5
    tiny = compress_jpeg(PHOTOS[:, :1, :3], tf.constant([50, 50]))[0]
    expected = operations.compress_jpeg(PHOTO[:1, :3], 50)
    np.testing.assert_allclose(tiny, expected, atol=2.01 / 255)


def _noisy(
    images: Array, gaussian: bool, strength: float, grey: bool = False
) -> np.ndarray[Any, Any]:
    batch = len(images)
    noisy = add_noise(
        images,
        tf.random.stateless_normal(images.shape, (1, 2)),
        tf.fill((batch,), gaussian),
        tf.fill((batch,), strength),
        tf.fill((batch,), grey),
    )
    return np.asarray(noisy)


@pytest.mark.parametrize("grey", [False, True])
def test_gaussian_noise(grey: bool) -> None:
    images = np.full((2, 200, 200, 3), 0.5, np.float32)
    noise = (_noisy(images, True, 10.0, grey) - images) * 255
    assert noise.mean() == pytest.approx(0.0, abs=0.15)
    assert noise.std() == pytest.approx(10.0, rel=0.02)
    assert bool(np.ptp(noise, axis=3).max() < 1e-3) is grey
    assert abs(np.corrcoef(noise[0, ..., 0].flat, noise[1, ..., 0].flat)[0, 1]) < 0.03


def test_few_photons_follow_the_poisson_distribution() -> None:
    """Levels 51 and 153, so 2 photons are white: means 0.4 and 1.2.

    A strength of 0.05 turns `n` photons into 0.05 (n - mean) / 2.
    """
    images = np.full((1, 200, 400, 1), 51 / 255, np.float32)
    images[:, :, 200:] = 153 / 255
    noise = _noisy(images, False, 0.05) - images
    for part, mean in ((noise[:, :, :200], 0.4), (noise[:, :, 200:], 1.2)):
        counts = part.ravel() * 2 / 0.05 + mean
        np.testing.assert_allclose(counts, np.rint(counts), atol=1e-4)
        for number in range(5):
            share = np.mean(np.rint(counts) == number)
            expected = scipy.stats.poisson.pmf(number, mean)
            assert share == pytest.approx(expected, abs=0.01)


def test_many_photons_have_the_mean_and_variance_of_poisson() -> None:
    """All 256 levels in a row, so level L stands for about L photons."""
    row = np.arange(256, dtype=np.float32) / 255
    images = np.tile(row[None, None, :, None], (1, 4000, 1, 1))
    noise = (_noisy(images, False, 0.5) - images)[0, ..., 0] * 256 / 0.5
    for level in (4, 7, 9, 20, 100, 200):
        mean = level * 256 / 255
        assert noise[:, level].mean() == pytest.approx(0, abs=4 * (mean / 4000) ** 0.5)
        assert noise[:, level].var() == pytest.approx(mean, rel=0.09)
    assert np.all(noise[:, 0] == 0.0)


@pytest.mark.parametrize("grey", [False, True])
def test_poisson_noise_is_as_strong_as_that_of_numpy(grey: bool) -> None:
    """Of photographs, whose distinct levels count."""
    images = 0.25 + 0.5 * PHOTOS
    noisy = _noisy(images, False, 1.5, grey)
    for image, photo in zip(noisy, images, strict=True):
        rng = np.random.default_rng(1)
        expected = operations.add_poisson_noise(photo, 1.5, rng, grey)
        np.testing.assert_allclose(
            (image - photo).std(), (expected - photo).std(), rtol=0.04
        )
        # But for what is clipped.
        colorful = np.ptp(image - photo, axis=2) > 1e-5
        assert np.mean(colorful) < 0.05 if grey else np.mean(colorful) > 0.95


def test_rounding_and_luma() -> None:
    values = np.array([-0.1, 0.0, 0.4999 / 255, 0.5001 / 255, 1.0, 1.2], np.float32)
    found = np.asarray(to_8_bits(values)) * 255
    np.testing.assert_allclose(found, [0, 0, 0, 1, 255, 255], atol=1e-4)
    colors = np.eye(3, dtype=np.float32)[None, None]
    np.testing.assert_allclose(luma(colors)[0, 0, :, 0], [0.299, 0.587, 0.114])
    np.testing.assert_allclose(luma(colors[..., :2])[0, 0, :, 0], [0.5, 0.5, 0.0])
