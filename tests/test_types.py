import numpy as np
import pytest

from imgan.types import Region
from imgan.types import Size
from imgan.types import dtype_peak


def test_size_is_written_as_people_write_it() -> None:
    """1080 rows of 1920 pixels are 2.0736 megapixels and "1920x1080"."""
    size = Size(1080, 1920)
    assert str(size) == "1920x1080"
    assert size.megapixels == 2.0736
    assert tuple(size) == (1080, 1920)


def test_region_indexes_its_pixels() -> None:
    region = Region(top=1, left=2, height=3, width=4)
    assert (region.bottom, region.right) == (4, 6)
    picture = np.arange(10 * 10 * 3).reshape(10, 10, 3)
    cut = picture[region.slices()]
    assert cut.shape == (3, 4, 3)
    assert cut[0, 0, 0] == picture[1, 2, 0]
    assert cut[-1, -1, -1] == picture[3, 5, 2]


def test_peaks() -> None:
    assert dtype_peak("uint8") == 255.0
    assert dtype_peak(np.uint16) == 65535.0
    assert dtype_peak(np.dtype("float32")) == 1.0


@pytest.mark.parametrize("dtype", ["float64", "int16", bool])
def test_other_dtypes_have_no_peak(dtype: str) -> None:
    with pytest.raises(TypeError, match=r"one of uint8, uint16, float32\. Received: "):
        dtype_peak(dtype)
