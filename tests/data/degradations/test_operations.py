import math

import numpy as np
import pytest
import skimage.data

from imgan.config.degradation import RESIZE_MODES
from imgan.config.degradation import ResizeMode
from imgan.data.degradations.kernels import gaussian_kernel
from imgan.data.degradations.kernels import sinc_kernel
from imgan.data.degradations.operations import add_gaussian_noise
from imgan.data.degradations.operations import add_poisson_noise
from imgan.data.degradations.operations import blur
from imgan.data.degradations.operations import compress_jpeg
from imgan.data.degradations.operations import resize
from imgan.data.degradations.operations import to_8_bits
from imgan.data.degradations.operations import unsharp_mask
from imgan.types import Array
from imgan.types import Size


def photograph() -> Array:
    return skimage.data.astronaut()[:128, 150:300].astype(np.float32) / np.float32(255)


def stripes(values: list[float], rows: int = 5) -> Array:
    """Columns of one value each, one channel."""
    return np.tile(np.array(values, np.float32), (rows, 1))[..., np.newaxis]


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_blur_mirrors_without_doubling_the_border() -> None:
    """Row 0 3 6 9 by a third each: (3 + 0 + 3) / 3 = 2, 3, 6, (6 + 9 + 6) / 3 = 7."""
    kernel = np.full((3, 3), 1 / 9, np.float32)
    blurred = blur(stripes([0, 3, 6, 9]), kernel)
    np.testing.assert_allclose(blurred, stripes([2, 3, 6, 7]), rtol=1e-6)


@pytest.mark.parametrize("size", [7, 21])
def test_blur_in_two_passes_equals_the_sum_over_the_kernel(size: int) -> None:
    image = photograph()
    kernel = gaussian_kernel("isotropic", size, 2.0, 2.0, 0.0)
    half = size // 2
    padded = np.pad(image, ((half, half), (half, half), (0, 0)), mode="reflect")
    expected = np.zeros_like(image)
    for row in range(size):
        for column in range(size):
            part = padded[row : row + 128, column : column + 150]
            expected += kernel[row, column] * part
    np.testing.assert_allclose(blur(image, kernel), expected, atol=1e-5)
    # The same kernel with a disturbance too small to see, but not separable any more.
    kernel[0, 0] += 1e-5
    np.testing.assert_allclose(blur(image, kernel), expected, atol=3e-5)


@pytest.mark.parametrize("channels", [1, 3, 7])
@pytest.mark.parametrize("side", [1, 2, 9])
def test_blur_and_resize_take_any_channels_and_tiny_pictures(
    channels: int, side: int
) -> None:
    image = rng().random((side, side + 1, channels), dtype=np.float32)
    for kernel in (sinc_kernel(21, 2.0), gaussian_kernel("isotropic", 21, 3, 3, 0)):
        assert blur(image, kernel).shape == image.shape
        flat = np.full_like(image, 0.25)
        np.testing.assert_allclose(blur(flat, kernel), flat, atol=1e-6)
    for mode in RESIZE_MODES:
        for size in (Size(5, 13), Size(1, 1)):
            resized = resize(image, size, mode)
            assert resized.shape == (*size, channels)
            for channel in range(channels):
                alone = resize(image[..., channel : channel + 1], size, mode)
                np.testing.assert_allclose(
                    resized[..., channel : channel + 1], alone, atol=1e-6
                )


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("area", [3.0, 11.0]), ("bilinear", [2.0, 10.0]), ("bicubic", [1.625, 9.625])],
)
def test_resize_by_hand(mode: ResizeMode, expected: list[float]) -> None:
    """Columns 0 0 4 8 8 8 12 16 halved twice, centres at 1.5 and 5.5.

    Area: means of four, 12 / 4 and 44 / 4. Bilinear, without antialiasing: the two in
    the middle, (0 + 4) / 2 and (8 + 12) / 2. Bicubic with a = -0.75: weights -3/32,
    19/32 twice, -3/32: (19 * 4 - 3 * 8) / 32 and (-3 * 8 + 19 * 20 - 3 * 16) / 32.
    """
    image = stripes([0, 0, 4, 8, 8, 8, 12, 16])
    np.testing.assert_allclose(
        resize(image, Size(5, 2), mode), stripes(expected), rtol=1e-5
    )


def test_the_same_size_is_a_copy() -> None:
    image = photograph()
    same = resize(image, Size(128, 150), "bicubic")
    np.testing.assert_array_equal(same, image)
    assert not np.shares_memory(same, image)


@pytest.mark.parametrize("sigma", [5.0, 25.0])
def test_gaussian_noise_has_its_deviation_in_levels(sigma: float) -> None:
    flat = np.full((200, 200, 3), 0.5, np.float32)
    noise = (add_gaussian_noise(flat, sigma, rng()) - flat) * 255
    assert noise.std() == pytest.approx(sigma, rel=0.01)
    assert abs(noise.mean()) < 5 * sigma / math.sqrt(noise.size)
    across = np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]
    assert abs(across) < 0.03
    grey = add_gaussian_noise(flat, sigma, rng(), grey=True)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    assert (grey[..., 0] * 255).std() == pytest.approx(sigma, rel=0.02)


def test_poisson_noise_grows_with_brightness() -> None:
    """256 distinct values make 256 photons of white.

    A level v then has the variance v / 255 / 256, times the scale squared.
    """
    levels = np.tile(np.arange(256, dtype=np.float32) / 255, (3000, 1))[..., np.newaxis]
    noise = add_poisson_noise(levels, 0.5, rng()) - levels
    for level in (20, 80, 180):  # far enough from black and white not to be clipped
        expected = 0.25 * level / 255 / 256
        assert noise[:, level].var() == pytest.approx(expected, rel=0.1)
        assert noise[:, level].mean() == pytest.approx(0, abs=1e-3)


def test_poisson_noise_of_a_flat_picture_counts_single_photons() -> None:
    """One value, so one photon of white and 128 / 255 expected.

    None: 0.50196 - 0.50196 = 0, with the probability exp(-0.50196) = 0.60534. One:
    exactly white; more are clipped to it.
    """
    flat = np.full((300, 300, 1), 128 / 255, np.float32)
    noisy = add_poisson_noise(flat, 1.0, rng())
    assert np.minimum(noisy, 1 - noisy).max() < 1e-6
    assert (noisy < 0.5).mean() == pytest.approx(0.60534, abs=0.008)


def test_grey_poisson_noise_is_the_same_in_all_channels() -> None:
    image = 0.3 + 0.4 * photograph()  # away from black and white
    noise = add_poisson_noise(image, 0.5, rng(), grey=True) - image
    np.testing.assert_allclose(noise[..., 0], noise[..., 2], atol=1e-6)
    assert noise.std() > 0.01
    colour = add_poisson_noise(image, 0.5, rng()) - image
    assert np.abs(colour[..., 0] - colour[..., 2]).max() > 0.05


@pytest.mark.parametrize("add", [add_gaussian_noise, add_poisson_noise])
def test_noise_comes_from_the_generator_alone_and_stays_in_range(add: object) -> None:
    assert callable(add)
    image = photograph()
    before = image.copy()
    first, same, other = (add(image, 3.0, rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.any(first != other)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    np.testing.assert_array_equal(image, before)


def test_jpeg_loses_more_at_lower_quality() -> None:
    image = photograph()
    errors = [np.abs(compress_jpeg(image, q) - image).mean() for q in (95, 60, 20)]
    assert 0 < errors[0] < errors[1] < errors[2] < 0.1


def test_jpeg_halves_the_resolution_of_colour_but_not_of_light() -> None:
    light = np.zeros((32, 32, 3), np.float32)
    light[:, ::2] = 1.0
    assert np.abs(compress_jpeg(light, 100) - light).max() < 0.05
    # Red and a grey-green of the same luma, alternating: the mean of both remains.
    colour = np.zeros((32, 32, 3), np.float32)
    colour[:, ::2] = (0.8, 0.0, 0.0)
    colour[:, 1::2] = (0.0, 0.8 * 0.299 / 0.587, 0.0)
    columns = compress_jpeg(colour, 100)[16, :, 0]
    assert abs(columns[16] - columns[17]) < 0.1


def test_jpeg_of_one_channel() -> None:
    image = skimage.data.camera()[:100, :90, np.newaxis].astype(np.float32) / 255
    compressed = compress_jpeg(image, 90)
    assert compressed.shape == image.shape
    assert 0 < np.abs(compressed - image).mean() < 0.02
    np.testing.assert_array_equal(compressed, to_8_bits(compressed))


@pytest.mark.parametrize(("channels", "quality"), [(4, 50), (3, 0), (3, 101)])
def test_impossible_jpeg_is_refused(channels: int, quality: int) -> None:
    with pytest.raises(ValueError, match="1 or 3 channels"):
        compress_jpeg(np.zeros((8, 8, channels), np.float32), quality)


def test_sharpening_by_hand() -> None:
    """A step from 0 to 0.5, blurred by OpenCV's three taps 1/4, 1/2, 1/4.

    Differences are -1/8 and 1/8 at the step, more than 10 levels, and 0 elsewhere. The
    soft mask is 1/4 + 1/2 = 3/4 at both. 0.5 + 1/2 * 1/8 is 0.5625, of which 3/4 count:
    0.5 + 3/4 * 0.0625 = 0.546875. The dark side is clipped to 0.
    """
    step = stripes([0, 0, 0, 0.5, 0.5, 0.5])
    expected = stripes([0, 0, 0, 0.546875, 0.5, 0.5])
    np.testing.assert_allclose(unsharp_mask(step, radius=3), expected, atol=1e-6)


def test_sharpening_leaves_faint_edges_and_acts_on_photographs() -> None:
    # A step of 18 levels is at most 9 from its blurred self, below the threshold.
    faint = stripes([0.4] * 60 + [0.4 + 18 / 255] * 60)
    np.testing.assert_array_equal(unsharp_mask(faint), faint)
    image = photograph()
    sharp = unsharp_mask(image)
    assert sharp.shape == image.shape
    assert sharp.min() >= 0
    assert sharp.max() <= 1
    assert (
        np.abs(np.diff(sharp, axis=0)).mean()
        > 1.1 * np.abs(np.diff(image, axis=0)).mean()
    )


def test_rounding_to_8_bits() -> None:
    image = np.array([[[-0.1, 0.4 / 255, 0.6 / 255, 254.7 / 255, 1.2]]], np.float32)
    expected = np.array([[[0, 0, 1, 255, 255]]], np.float32) / np.float32(255)
    np.testing.assert_array_equal(to_8_bits(image), expected)
