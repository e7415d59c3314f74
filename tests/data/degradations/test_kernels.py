import math

import numpy as np
import pytest

from imgan.config.degradation import KERNEL_KINDS
from imgan.data.degradations.kernels import Kernel
from imgan.data.degradations.kernels import gaussian_kernel
from imgan.data.degradations.kernels import sinc_kernel
from imgan.types import Array


def covariance(kernel: Kernel) -> Array:
    positions = np.arange(len(kernel)) - len(kernel) // 2
    grid = np.stack(np.meshgrid(positions, positions)).reshape(2, -1)
    return np.einsum("ip,jp,p->ij", grid, grid, kernel.ravel())


def response(kernel: Kernel, frequency: float) -> float:
    """How much of a wave along the rows passes; `frequency` in radians per pixel."""
    positions = np.arange(len(kernel)) - len(kernel) // 2
    return float((kernel.sum(axis=0) * np.cos(frequency * positions)).sum())


@pytest.mark.parametrize("kind", KERNEL_KINDS)
@pytest.mark.parametrize("size", [7, 21])
def test_every_family_sums_to_one_and_is_symmetric_about_its_centre(
    kind: str, size: int
) -> None:
    kernel = gaussian_kernel(kind, size, 2.0, 0.7, 0.6, 0.8)
    assert kernel.shape == (size, size)
    assert kernel.dtype == np.float32
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], rtol=1e-6)
    assert kernel.argmax() == size * size // 2
    round_kernel = np.allclose(kernel, kernel.T, rtol=1e-6)
    assert round_kernel == (not kind.endswith("anisotropic"))


def test_the_second_moments_of_a_gaussian_are_its_turned_covariance() -> None:
    """R diag(4, 1) R' for 30 degrees.

    cos^2 = 3/4, sin^2 = 1/4: 4 * 3/4 + 1/4 = 3.25 along x, 4 * 1/4 + 3/4 = 1.75 along
    y, (4 - 1) sin cos = 3 * sqrt(3) / 4 = 1.29904 between them.
    """
    kernel = gaussian_kernel("anisotropic", 31, 2.0, 1.0, math.pi / 6)
    np.testing.assert_allclose(
        covariance(kernel), [[3.25, 1.29904], [1.29904, 1.75]], atol=1e-4
    )


def test_isotropic_kinds_take_the_first_sigma() -> None:
    kernel = gaussian_kernel("isotropic", 31, 2.0, 1.0, math.pi / 6)
    np.testing.assert_allclose(covariance(kernel), 4 * np.eye(2), atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "one_sigma", "two_sigmas"),
    [
        ("isotropic", math.exp(-0.5), math.exp(-2)),
        ("generalized_isotropic", math.exp(-0.5), math.exp(-8)),
        ("plateau_isotropic", 1 / 2, 1 / 17),
    ],
)
def test_profiles(kind: str, one_sigma: float, two_sigmas: float) -> None:
    """At one sigma q = 1, whatever beta; at two q = 4 and q^2 = 16 for beta = 2."""
    kernel = gaussian_kernel(kind, 13, 2.0, 2.0, 0.0, 2.0)
    profile = kernel[6, 6:] / kernel[6, 6]
    assert profile[2] == pytest.approx(one_sigma, rel=1e-5)
    assert profile[4] == pytest.approx(two_sigmas, rel=1e-5)


def test_a_quarter_turn_exchanges_the_axes() -> None:
    upright = gaussian_kernel("plateau_anisotropic", 9, 2.5, 1.0, 0.0, 1.5)
    turned = gaussian_kernel("plateau_anisotropic", 9, 2.5, 1.0, math.pi / 2, 1.5)
    np.testing.assert_allclose(turned, upright.T, rtol=1e-5)


def test_the_sinc_at_pi_by_hand() -> None:
    """Centre pi^2 / (4 pi) = 0.785398; beside it pi J1(pi) / (2 pi) = 0.142308.

    With J1(pi) = 0.284615 the ratio is 0.181192.
    """
    kernel = sinc_kernel(21, math.pi)
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert kernel[10, 11] / kernel[10, 10] == pytest.approx(0.181192, rel=1e-5)
    np.testing.assert_array_equal(kernel, kernel.T)


def test_the_sinc_passes_what_is_below_its_cutoff_and_stops_the_rest() -> None:
    kernel = sinc_kernel(21, math.pi / 2)
    assert response(kernel, math.pi / 4) == pytest.approx(1, abs=0.1)
    assert response(kernel, 0.85 * math.pi) == pytest.approx(0, abs=0.1)
    # At pi everything along an axis passes: nearly a delta.
    assert response(sinc_kernel(21, math.pi), 0.8 * math.pi) > 0.85


@pytest.mark.parametrize("size", [0, 8])
def test_even_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd number of pixels. Received: {size}"):
        sinc_kernel(size, 2.0)
    with pytest.raises(ValueError, match="odd number"):
        gaussian_kernel("isotropic", size, 1.0, 1.0, 0.0)


def test_impossible_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="kind must name a kernel"):
        gaussian_kernel("box", 7, 1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="above 0"):
        gaussian_kernel("isotropic", 7, 0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="within 0 and pi"):
        sinc_kernel(7, 3.2)
