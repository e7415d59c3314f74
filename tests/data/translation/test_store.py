from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.data.pixels import PixelFormat
from imgan.data.translation import stack
from imgan.data.translation.records import PictureFile
from imgan.data.translation.store import PictureStore
from imgan.data.translation.store import Side
from imgan.data.translation.store import squeeze
from imgan.errors import DataError
from imgan.types import Size
from tests.data.translation.helpers import ramp
from tests.data.translation.helpers import save


def test_labels_are_the_nearest_pixel() -> None:
    """5 columns to 3: the centres of thirds, at 5/6, 15/6 and 25/6, lie in 0, 2, 4."""
    labels = np.array([10, 20, 30, 40, 50], np.uint8)[np.newaxis, :, np.newaxis]
    assert squeeze(labels, Size(1, 3), labels=True).ravel().tolist() == [10, 30, 50]
    assert squeeze(labels, Size(2, 10), labels=True)[1, :, 0].tolist() == [
        *(10, 10, 20, 20, 30, 30, 40, 40, 50, 50)
    ]


def test_pictures_are_reduced_by_the_mean() -> None:
    levels = np.array([[0, 10], [20, 32]], np.uint16)[..., np.newaxis]
    assert squeeze(levels, Size(1, 1)).tolist() == [[[16]]]  # 15.5 rounded up
    assert squeeze(levels, Size(1, 1)).dtype == np.uint16


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_enlarged_pictures_keep_their_values_and_colours(dtype: str) -> None:
    photo = skimage.data.astronaut()[60:130, 200:270].astype(dtype)
    enlarged = squeeze(photo, Size(150, 40))
    assert enlarged.shape == (150, 40, 3)
    assert enlarged.dtype == photo.dtype
    assert enlarged.min() >= photo.min()
    assert enlarged.max() <= photo.max()
    means = enlarged.mean(axis=(0, 1)) / photo.mean(axis=(0, 1), dtype=np.float64)
    np.testing.assert_allclose(means, 1.0, atol=0.02)


def test_any_number_of_bands_is_resized() -> None:
    bands = np.arange(7, dtype=np.float32) * np.ones((9, 6, 1), np.float32)
    expected = bands[:5, :1].repeat(8, 1)
    np.testing.assert_allclose(squeeze(bands, Size(5, 8)), expected, rtol=1e-6)


def test_pictures_are_kept_resized_and_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "x.png", np.hstack([ramp(20, 20), 255 - ramp(20, 20)]))
    decoded = []
    read = PixelFormat.read
    monkeypatch.setattr(
        PixelFormat, "read", lambda self, path: decoded.append(1) or read(self, path)
    )
    side = Side(PixelFormat(), square=10)
    requests = [(PictureFile(path, "left"), side), (PictureFile(path, "right"), side)]
    store = PictureStore(requests, keep=True)
    left, right = store.read(requests)
    assert left.shape == right.shape == (10, 10, 3)
    assert store.read(requests)[0] is left
    assert len(decoded) == 1
    frugal = PictureStore(requests, keep=False)
    np.testing.assert_array_equal(frugal.read(requests)[1], right)
    assert frugal.read(requests)[0] is not frugal.read(requests)[0]


@pytest.mark.parametrize(("memory", "keep"), [(40_000, True), (39_999, False)])
def test_pictures_are_kept_if_they_fit_in_a_quarter_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int, keep: bool
) -> None:
    """50 by 40 RGB, its left half as 10 by 10, and both again: 6,000 + 300 bytes.

    The same of 16 bits and in grey: 50 * 37 * 2 bytes. Together 10,000.
    """
    path = save(tmp_path / "x.png", ramp(40, 50))
    deep = save(tmp_path / "deep.png", ramp(37, 50, 1).astype(np.uint16))
    whole = (PictureFile(path), Side(PixelFormat()))
    half = (PictureFile(path, "left"), Side(PixelFormat(), square=10))
    grey = (PictureFile(deep), Side(PixelFormat(1)))
    total = type("Memory", (), {"total": memory})
    monkeypatch.setattr("psutil.virtual_memory", total)
    assert PictureStore([whole, half, whole, half, grey]).keep is keep


def test_frames_are_stacked_channel_after_channel() -> None:
    first, second = ramp(4, 5), 255 - ramp(4, 5)
    stacked = stack([first, second])
    np.testing.assert_array_equal(stacked[..., :3], first)
    np.testing.assert_array_equal(stacked[..., 3:], second)
    assert stack([first]) is first
    mixed = stack([ramp(4, 5, 1), np.full((4, 5), 65535, np.uint16)])
    assert mixed.dtype == np.float32
    assert mixed[2, 1].tolist() == [pytest.approx(2 / 255), 1.0]


def test_frames_of_two_sizes_are_not_stacked() -> None:
    with pytest.raises(DataError, match="Received: 5x4, 4x4"):
        stack([ramp(4, 5), ramp(4, 4)])


def test_resized_labels_lie_where_the_resized_photograph_lies() -> None:
    """A disc and its mask, both squeezed: the mask is the disc's brighter half."""
    disc = cv2.circle(np.zeros((97, 131), np.uint8), (50, 60), 30, 200, -1)
    image = squeeze(disc[..., np.newaxis], Size(40, 40))
    labels = squeeze(disc[..., np.newaxis], Size(40, 40), labels=True)
    assert set(np.unique(labels)) == {0, 200}
    assert np.mean((image > 100) == (labels > 0)) > 0.99
