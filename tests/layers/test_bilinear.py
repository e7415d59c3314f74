import cv2
import numpy as np
import pytest

from imgan.layers.bilinear import BilinearPhases
from imgan.layers.depth_to_space import DepthToSpace
from tests.contracts import check_layer


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_contract(scale: int) -> None:
    check_layer(BilinearPhases(scale), np.random.rand(2, 4, 5, 3).astype(np.float32))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 2), (9, 7)])
def test_equals_opencv(scale: int, size: tuple[int, int]) -> None:
    picture = np.random.rand(*size, 3).astype(np.float32)
    made = DepthToSpace(scale)(BilinearPhases(scale)(picture[None]))[0]
    expected = cv2.resize(picture, (size[1] * scale, size[0] * scale))
    np.testing.assert_allclose(made, expected, atol=1e-6)
