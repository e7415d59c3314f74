"""Pictures written by rows: the same files as whole ones, and just as safe."""

import itertools
import threading
import time
import weakref

import numpy as np
import pytest

from imgan.errors import OutputError
from imgan.io.images import Picture
from imgan.io.images import WriteCancelledError
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.metadata import Metadata
from imgan.io.rows import write_rows

FORMATS = ("png", "jpg", "webp", "tif", "avif")
KINDS = list(itertools.product(("uint8", "uint16", "float32"), (1, 3), (False, True)))


def values(shape, dtype, seed=0):
    random = np.random.default_rng(seed)
    if dtype == "float32":
        return random.random(shape, np.float32)
    return random.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def make(height, width, dtype, channels, alpha):
    shape = (height, width) if channels == 1 else (height, width, channels)
    return Picture(
        values(shape, dtype),
        values((height, width), dtype, 1) if alpha else None,
        Metadata(resolution=(11.0, 12.0), xmp=b"<x:xmpmeta/>"),
    )


def in_rows(picture, count):
    pixels = picture.pixels.reshape(*picture.size, -1)
    if picture.alpha is not None:
        pixels = np.concatenate([pixels, picture.alpha[..., None]], axis=2)
    return (pixels[top : top + count] for top in range(0, len(pixels), count))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("dtype", "channels", "alpha"), KINDS)
def test_rows_make_the_file_of_the_whole(tmp_path, suffix, dtype, channels, alpha):
    picture = make(61, 43, dtype, channels, alpha)
    whole, rows = tmp_path / f"whole.{suffix}", tmp_path / f"rows.{suffix}"
    write_image(picture, whole)
    write_rows(in_rows(picture, 7), picture.form, rows)
    if suffix != "tif":
        assert rows.read_bytes() == whole.read_bytes()
    expected, made = read_image(whole), read_image(rows)
    np.testing.assert_array_equal(made.pixels, expected.pixels)
    np.testing.assert_array_equal(made.alpha, expected.alpha)
    assert made.metadata == expected.metadata


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 3000), (2000, 1), (700, 500)]
)
@pytest.mark.parametrize("count", [1, 3, 256, 5000])
def test_any_size_in_any_parts(tmp_path, height, width, count):
    picture = make(height, width, "uint8", 3, alpha=False)
    write_rows(in_rows(picture, count), picture.form, tmp_path / "a.png")
    made = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(made.pixels, picture.pixels)


@pytest.mark.parametrize("bands", [2, 4, 7])
def test_bands_without_colour(tmp_path, bands):
    picture = Picture(values((40, 30, bands), "float32"))
    write_image(picture, tmp_path / "whole.tif")
    write_rows(in_rows(picture, 9), picture.form, tmp_path / "rows.tif")
    from imgan.io.bands import read_bands

    expected = read_bands(tmp_path / "whole.tif")
    np.testing.assert_array_equal(read_bands(tmp_path / "rows.tif"), expected)


@pytest.mark.parametrize("height", [59, 63])
def test_too_few_or_too_many_rows_are_no_file(tmp_path, height):
    picture = make(61, 43, "uint8", 3, alpha=False)
    rows = in_rows(make(height, 43, "uint8", 3, alpha=False), 7)
    with pytest.raises(ValueError, match="Expected 61 rows"):
        write_rows(rows, picture.form, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_wrong_rows_and_formats_are_refused(tmp_path):
    form = make(61, 43, "uint8", 3, alpha=False).form
    with pytest.raises(ValueError, match="Expected rows of shape"):
        write_rows([np.zeros((61, 43, 4), np.uint8)], form, tmp_path / "a.png")
    with pytest.raises(OutputError, match="by rows"):
        write_rows([], form, tmp_path / "a.bmp")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_between_rows_is_passed_on_and_leaves_nothing(tmp_path):
    picture = make(610, 430, "uint8", 3, alpha=False)
    (tmp_path / "a.png").write_bytes(b"earlier")

    def failing():
        yield from itertools.islice(in_rows(picture, 100), 3)
        raise KeyError("tile")

    with pytest.raises(KeyError):
        write_rows(failing(), picture.form, tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"earlier"


def test_given_up_while_the_next_rows_are_awaited(tmp_path):
    picture = make(610, 430, "uint8", 3, alpha=False)
    cancelled = threading.Event()

    def rows():
        for some in in_rows(picture, 100):
            yield some
            cancelled.set()

    started = time.process_time()
    with pytest.raises(WriteCancelledError):
        write_rows(rows(), picture.form, tmp_path / "a.png", cancelled=cancelled)
    assert time.process_time() - started < 2
    assert list(tmp_path.iterdir()) == []


def test_rows_are_not_kept(tmp_path):
    """At most one part waits while the next is made, however slow the encoder is."""
    picture = make(900, 300, "uint16", 3, alpha=False)
    handed = []

    class Rows(np.ndarray):
        pass

    most = []

    def rows():
        for some in in_rows(picture, 50):
            part = some.copy().view(Rows)
            handed.append(weakref.ref(part))
            most.append(sum(one() is not None for one in handed))
            yield part
            del part

    write_rows(rows(), picture.form, tmp_path / "a.png", compression=9)
    assert max(most) <= 2
