"""Raw values in any number of bands, to and from files."""

import cv2
import numpy as np
import pytest
import tifffile

from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.io.bands import read_bands
from imgan.io.bands import write_bands


def values(bands, dtype, height=13, width=9):
    made = np.random.default_rng(bands).normal(500, 4000, (height, width, bands))
    if np.dtype(dtype).kind == "u":
        made = np.clip(made, 0, np.iinfo(dtype).max)
    return made.astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4, 5, 12])
def test_tiff_keeps_every_band_and_value(tmp_path, bands, dtype):
    path = tmp_path / "deep" / "some.tif"
    pixels = values(bands, dtype)
    write_bands(pixels, path)
    read = read_bands(path)
    assert (read.dtype, read.shape) == (np.dtype(dtype), (13, 9, bands))
    assert read.flags.c_contiguous
    np.testing.assert_array_equal(read, pixels)
    other = tifffile.imread(path)
    np.testing.assert_array_equal(other.reshape(pixels.shape), pixels)
    assert [one.name for one in path.parent.iterdir()] == ["some.tif"]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [1, 3])
def test_png_holds_integers(tmp_path, bands, dtype):
    pixels = values(bands, dtype)
    write_bands(pixels, tmp_path / "some.png")
    np.testing.assert_array_equal(read_bands(tmp_path / "some.png"), pixels)
    read = cv2.imread(str(tmp_path / "some.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read.reshape(pixels.shape)[..., ::-1], pixels)


def test_transparency_is_a_band_like_others(tmp_path):
    rgba = values(4, "uint8")
    assert cv2.imwrite(str(tmp_path / "a.png"), rgba)
    read = read_bands(tmp_path / "a.png")
    np.testing.assert_array_equal(read, rgba[..., [2, 1, 0, 3]])


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_what_float32_holds_comes_as_such(tmp_path, dtype):
    pixels = values(1, "float32")[..., 0].clip(-100, 100).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    read = read_bands(tmp_path / "a.tif")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read[..., 0], pixels.astype(np.float32))


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize(
    ("bands", "dtype", "compression"),
    [(2, "uint8", None), (5, "uint16", "zlib"), (7, "float32", None)],
)
def test_bands_one_after_another(tmp_path, bands, dtype, compression, byte_order):
    """As GDAL writes them; libvips mixes their rows up."""
    pixels = values(bands, dtype, 40, 50)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.moveaxis(pixels, 2, 0),
        planarconfig="separate",
        photometric="minisblack",
        compression=compression,
        byteorder=byte_order,
        rowsperstrip=16,
    )
    read = read_bands(tmp_path / "a.tif")
    assert read.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read, pixels)


def test_bands_one_after_another_that_are_damaged(tmp_path):
    planes = np.moveaxis(values(5, "uint16", 40, 50), 2, 0)
    options = {"planarconfig": "separate", "photometric": "minisblack"}
    tifffile.imwrite(tmp_path / "a.tif", planes, compression="zlib", **options)
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    whole[-3000:-1000] = bytes(2000)
    (tmp_path / "a.tif").write_bytes(whole)
    with pytest.raises(ImageReadError, match=r"a\.tif .* interleaved bands"):
        read_bands(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("array", "options", "words"),
    [
        (np.full((4, 4), np.nan, np.float32), {}, "not finite"),
        (np.zeros((4, 4), np.int32), {}, "values of type int"),
        (np.zeros((3, 8, 8), np.uint8), {"photometric": "minisblack"}, "3 pages"),
    ],
)
def test_what_is_refused(tmp_path, array, options, words):
    tifffile.imwrite(tmp_path / "bad.tif", array, **options)
    with pytest.raises(ImageReadError, match=rf"bad\.tif.*{words}"):
        read_bands(tmp_path / "bad.tif")


def test_other_formats_and_large_ones_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ImageReadError, match=r"a\.jpg is a JPEG .* expected TIFF"):
        read_bands(tmp_path / "a.jpg")
    write_bands(np.zeros((100, 100), np.uint8), tmp_path / "a.tif")
    with pytest.raises(ImageReadError, match="--max-megapixels"):
        read_bands(tmp_path / "a.tif", max_megapixels=0.001)


def test_damaged_files_are_named(tmp_path):
    write_bands(values(5, "uint16", 60, 60), tmp_path / "a.tif")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageReadError, match=r"a\.tif"):
        read_bands(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("name", "bands", "dtype", "words"),
    [
        ("a.png", 2, "uint8", "PNG is not used for 8-bit values in 2 bands"),
        ("a.png", 1, "float32", "32-bit float values in 1 band;"),
        ("a.jpg", 1, "uint8", "JPEG .*--format tiff"),
        ("a", 1, "uint8", "without a suffix"),
    ],
)
def test_formats_that_cannot_hold_them(tmp_path, name, bands, dtype, words):
    with pytest.raises(OutputError, match=words):
        write_bands(values(bands, dtype), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
