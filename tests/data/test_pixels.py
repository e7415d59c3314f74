import numpy as np
import pytest

from imgan.data.pixels import to_channels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_grey_is_repeated_and_colour_becomes_luma(dtype: str) -> None:
    """Of BT.601, 0.299 of red, 0.587 of green and 0.114 of blue."""
    grey = np.arange(6, dtype=dtype).reshape(2, 3)
    for shaped in (grey, grey[..., np.newaxis]):
        colour = to_channels(shaped, 3)
        assert colour.dtype == grey.dtype
        assert colour.shape == (2, 3, 3)
        assert all((colour[..., channel] == grey).all() for channel in range(3))
        np.testing.assert_array_equal(to_channels(shaped, 1), grey[..., np.newaxis])
    red = np.zeros((1, 1, 3), dtype)
    red[..., 0] = 200
    luma = to_channels(red, 1)
    assert (luma.shape, luma.dtype) == ((1, 1, 1), red.dtype)
    assert luma.item() == pytest.approx(0.299 * 200, abs=0.5)


def test_any_other_picture_stays_as_it_is() -> None:
    for channels, wanted in ((3, 3), (5, 5), (5, 1), (2, 3)):
        bands = np.zeros((2, 2, channels), np.float32)
        assert to_channels(bands, wanted) is bands
