import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.checking.registration import busiest_window
from imgan.data.checking.registration import certain_shift
from imgan.data.checking.registration import correlation
from imgan.types import Array


def photo() -> Array:
    return cv2.cvtColor(skimage.data.coffee(), cv2.COLOR_RGB2GRAY).astype(np.float32)


def moved(image: Array, x: float, y: float) -> Array:
    """Return content that lies `x` further right and `y` further down."""
    warp = np.array([[1, 0, x], [0, 1, y]], np.float32)
    size = image.shape[::-1]
    return np.asarray(
        cv2.warpAffine(image, warp, size, borderMode=cv2.BORDER_REFLECT_101)
    )


@pytest.mark.parametrize("shift", [(0.5, 0.0), (-1.5, 2.25), (0.0, -3.0), (40.0, 9.0)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(shift: tuple[float, float]) -> None:
    first = photo()[:256, :256]
    found = certain_shift(first, moved(first, *shift), 0.25)
    assert found is not None
    assert (found.x, found.y) == pytest.approx(shift, abs=0.1)


def test_light_noise_and_contrast_are_no_shift() -> None:
    first = photo()[100:300, 100:300]
    noise = np.random.default_rng(0).normal(0, 20, first.shape)
    second = (0.6 * first + 40 + noise).astype(np.float32)
    assert certain_shift(first, second, 0.25) is None
    assert correlation(first, second) > 0.9


def test_other_pictures_have_no_shift() -> None:
    first, second = photo()[:200, :200], photo()[200:400, 300:500]
    assert certain_shift(first, second, 0.25) is None
    assert abs(correlation(first, second)) < 0.3
    assert certain_shift(first, np.zeros_like(first), 0.25) is None


@pytest.mark.parametrize("shape", [(1, 64), (64, 1), (1, 1), (2, 64)])
def test_strips_are_looked_at_without_an_error(shape: tuple[int, int]) -> None:
    first, second = photo()[: shape[0], : shape[1]], photo()[9:, 9:]
    assert certain_shift(first, second[: shape[0], : shape[1]], 0.25) is None


def test_the_busiest_window_holds_the_only_detail() -> None:
    luma = np.zeros((900, 1200), np.float32)
    luma[700:760, 1000:1060] = np.random.default_rng(0).uniform(0, 255, (60, 60))
    window = busiest_window(luma)
    assert luma[window].shape == (512, 512)
    assert luma[window].sum() == pytest.approx(luma.sum(), rel=1e-3)
