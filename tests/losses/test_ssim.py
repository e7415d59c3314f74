import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.pixel import PixelL1Loss
from imgan.losses.ssim import SSIMLoss
from imgan.metrics.ssim import ssim
from tests.contracts import check_loss


def test_contract() -> None:
    check_loss(SSIMLoss(window=3), symmetric=True, at_equal=0.0)
    check_loss(SSIMLoss(0.5, window=3), symmetric=True, at_equal=0.0)


def test_it_is_what_the_metric_measures() -> None:
    """Two channels of images that differ; odd sides."""
    a, b = np.random.default_rng(1).random((2, 3, 23, 34, 2)).astype(np.float32)
    expected = [
        1 - np.mean([ssim(x[..., c], y[..., c], crop_border=0) for c in range(2)])
        for x, y in zip(255 * a, 255 * b, strict=True)
    ]
    np.testing.assert_allclose(SSIMLoss(1.0).call(a, b), expected, rtol=1e-4)


def test_constants_have_luminance_alone() -> None:
    """0.2 and 0.6: (2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4); L1 is 0.4."""
    low, high = np.full((2, 1, 12, 12, 1), [[[[[0.2]]]], [[[[0.6]]]]], np.float32)
    expected = 0.75 * (1 - 0.2401 / 0.4001) + 0.25 * 0.4
    np.testing.assert_allclose(SSIMLoss(0.75).call(low, high), [expected], rtol=2e-4)


def test_contrast_that_cannot_be_known_is_kept() -> None:
    """Of all strengths of a texture half of which is right, SSIM likes the true one.

    The best mean square has half the strength.
    """
    right, wrong = np.random.default_rng(2).normal(0, 0.1, (2, 1, 64, 64, 1))
    true = (0.5 + right).astype(np.float32)
    texture = (right + wrong) / np.sqrt(2)
    strengths = np.arange(0.3, 1.5, 0.1)

    def best(loss) -> float:
        values = [
            float(loss((0.5 + strength * texture).astype(np.float32)))
            for strength in strengths
        ]
        return strengths[int(np.argmin(values))]

    assert best(lambda image: SSIMLoss(1.0)(true, image)) == pytest.approx(
        0.95, abs=0.11
    )
    squared = np.square
    assert best(lambda image: squared(true - image).mean()) == pytest.approx(
        0.7, abs=0.01
    )


def test_without_similarity_it_is_an_l1() -> None:
    a, b = np.random.default_rng(3).random((2, 2, 11, 12, 3)).astype(np.float32)
    np.testing.assert_allclose(
        SSIMLoss(0.0).call(a, b), PixelL1Loss().call(a, b), rtol=1e-6
    )


def test_values_of_another_range() -> None:
    a, b = np.random.default_rng(5).random((2, 2, 11, 12, 3)).astype(np.float32)
    wide = SSIMLoss(value_range=(-1.0, 1.0))
    expected = SSIMLoss().call(a, b)
    np.testing.assert_allclose(wide.call(2 * a - 1, 2 * b - 1), expected, rtol=1e-5)


def test_inside_a_function_of_unknown_sizes() -> None:
    a, b = np.random.default_rng(4).random((2, 2, 16, 15, 3)).astype(np.float32)
    spec = tf.TensorSpec((None, None, None, 3))
    traced = tf.function(SSIMLoss().call, input_signature=[spec, spec])
    np.testing.assert_allclose(traced(a, b), SSIMLoss().call(a, b), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 1.2}, "`alpha` must be 0 to 1. Received: 1.2"),
        ({"window": 4}, "`window` must be an odd number from 3. Received: 4"),
    ],
)
def test_refusals(arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SSIMLoss(**arguments)
