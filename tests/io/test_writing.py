import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tifffile

from imgan.errors import OutputError
from imgan.io.formats import WRITABLE_FORMATS
from imgan.io.formats import check_output
from imgan.io.images import Picture
from imgan.io.images import WriteCancelledError
from imgan.io.images import active_temporaries
from imgan.io.images import read_image
from imgan.io.images import remove_temporaries
from imgan.io.images import write_image
from imgan.io.temporaries import temporary_of
from imgan.types import Size
from tests.io.conftest import opened


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_lossless_formats_give_the_same_back(tmp_path, photo, suffix, grey, has_alpha):
    pixels = photo[..., 0] if grey else photo
    alpha = photo[..., 2].copy() if has_alpha else None
    path = tmp_path / f"ünïcode 名.{suffix}"
    write_image(Picture(pixels, alpha), path)
    shown = np.asarray(opened(path).convert("RGBA" if has_alpha else "RGB"))
    np.testing.assert_array_equal(shown[..., 0], photo[..., 0])
    np.testing.assert_array_equal(shown[..., 1], photo[..., 0 if grey else 1])
    if has_alpha:
        np.testing.assert_array_equal(shown[..., 3], alpha)
    if not (grey and has_alpha and suffix == "bmp"):
        np.testing.assert_array_equal(read_image(path).pixels, pixels)
    assert left_in(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("grey", [False, True])
def test_sixteen_bits_and_alpha_come_back(tmp_path, photo, suffix, grey):
    deep = photo.astype(np.uint16) * 256 + np.roll(photo, 7, 1)
    pixels = deep[..., 1].copy() if grey else deep
    path = tmp_path / f"x.{suffix}"
    write_image(Picture(pixels, deep[..., 0]), path)
    picture = read_image(path)
    np.testing.assert_array_equal(picture.pixels, pixels)
    np.testing.assert_array_equal(picture.alpha, deep[..., 0])
    if suffix == "tif":
        channels = np.dstack([pixels, deep[..., 0]])
        np.testing.assert_array_equal(tifffile.imread(path), channels)


@pytest.mark.parametrize("has_alpha", [False, True])
def test_floats_stay_floats_in_tiff_only(tmp_path, photo, has_alpha):
    values = np.random.default_rng(0).random((20, 30, 3), np.float32)
    alpha = values[..., 0].copy() if has_alpha else None
    write_image(Picture(values, alpha), tmp_path / "x.tif")
    expected = np.dstack([values, alpha]) if has_alpha else values
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "x.tif"), expected)
    write_image(Picture(values, alpha), tmp_path / "x.png")
    from_png = read_image(tmp_path / "x.png").pixels
    np.testing.assert_array_equal(from_png, np.rint(values * 65535))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "avif"])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_lossy_formats_stay_close(tmp_path, photo, suffix, has_alpha):
    alpha = np.full(photo.shape[:2], 255, np.uint8) if has_alpha else None
    path = tmp_path / f"x.{suffix}"
    if has_alpha:
        alpha[:, 50:] = 254
    write_image(Picture(photo, alpha), path)
    shown = np.asarray(opened(path).convert("RGB")).astype(float)
    assert np.abs(shown - photo).mean() < 3
    assert (read_image(path).alpha is not None) == (has_alpha and suffix != "jpg")


def test_quality_and_grey_in_jpeg(tmp_path, photo):
    for quality in (30, 95):
        write_image(Picture(photo), tmp_path / f"{quality}.jpg", quality=quality)
    assert (tmp_path / "30.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size
    write_image(Picture(photo[..., 1]), tmp_path / "grey.jpg")
    assert opened(tmp_path / "grey.jpg").mode == "L"


def test_sixteen_bits_are_rounded_not_cut(tmp_path, photo):
    deep = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    write_image(Picture(deep), tmp_path / "x.bmp")
    eight = np.rint(deep / 257)
    np.testing.assert_array_equal(read_image(tmp_path / "x.bmp").pixels, eight)
    white = np.full((40, 40, 3), 65535, np.uint16)
    write_image(Picture(white, white[..., 0]), tmp_path / "x.avif")
    picture = read_image(tmp_path / "x.avif")
    assert picture.pixels.dtype == np.uint16
    assert picture.pixels.min() > 65000
    assert picture.alpha.max() == 65535


def test_jpeg_is_laid_over_white(tmp_path, photo):
    alpha = np.zeros(photo.shape[:2], np.uint8)
    write_image(Picture(photo, alpha), tmp_path / "x.jpg")
    assert np.asarray(opened(tmp_path / "x.jpg")).min() > 250
    deep = Picture(photo.astype(np.uint16) * 257, alpha.astype(np.uint16))
    write_image(deep, tmp_path / "x.jpg")
    assert np.asarray(opened(tmp_path / "x.jpg")).min() > 250


def test_the_format_may_differ_from_the_suffix(tmp_path, photo):
    write_image(Picture(photo), tmp_path / "x.dat", image_format="webp")
    assert opened(tmp_path / "x.dat").format == "WEBP"
    with pytest.raises(OutputError, match="suffix"):
        write_image(Picture(photo), tmp_path / "y.dat")
    with pytest.raises(OutputError, match="GIF is not written"):
        write_image(Picture(photo), tmp_path / "y.gif")
    assert left_in(tmp_path) == ["x.dat"]


def test_views_of_arrays_are_written_right(tmp_path, photo):
    write_image(Picture(photo[::2, ::-1]), tmp_path / "x.png")
    shown = np.asarray(opened(tmp_path / "x.png"))
    np.testing.assert_array_equal(shown, photo[::2, ::-1])


def test_folders_are_made_and_files_replaced(tmp_path, photo):
    path = tmp_path / "a" / "b" / "x.png"
    write_image(Picture(photo), path)
    write_image(Picture(photo[:9]), path)
    assert read_image(path).size == (9, 97)


@pytest.mark.parametrize("image_format", WRITABLE_FORMATS)
def test_one_pixel(tmp_path, image_format):
    pixel = np.full((1, 1, 3), 128, np.uint8)
    write_image(Picture(pixel), tmp_path / "x", image_format=image_format)
    back = read_image(tmp_path / "x")
    assert back.size == (1, 1)
    assert np.abs(back.pixels.astype(int) - 128).max() < 6


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_narrow_pictures_of_16_bits_with_alpha_become_bmp(tmp_path, size, grey):
    shape = size if grey else (*size, 3)
    deep = Picture(np.full(shape, 0x8080, np.uint16), np.full(size, 0xFFFF, np.uint16))
    write_image(deep, tmp_path / "x.bmp")
    back = read_image(tmp_path / "x.bmp")
    assert back.size == size
    assert (back.pixels == 0x80).all()


def test_what_cannot_be_written_is_one_line(tmp_path, photo):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match=r"folder\.png"):
        write_image(Picture(photo), tmp_path / "folder.png")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="Cannot write"):
        write_image(Picture(photo), tmp_path / "file" / "x.png")
    assert left_in(tmp_path) == ["file", "folder.png"]


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, suffix):
    # A limit on the size of files stands for the disk; Python ignores its signal.
    program = f"""
import resource
import numpy as np
from imgan.io.images import Picture, write_image
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
try:
    write_image(Picture(noise), r"{tmp_path}/x.{suffix}")
except Exception as error:
    print(type(error).__name__, error)
"""
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("OutputError Cannot write")
    assert "File too large" in result.stdout
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""
    assert left_in(tmp_path) == []


def test_a_name_of_the_greatest_length(tmp_path, photo):
    path = tmp_path / ("é" * 125 + ".png")
    write_image(Picture(photo), path)
    assert left_in(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", ["png", "webp", "avif", "tif"])
def test_a_long_encode_is_cancelled_at_once(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8)
    large = Picture(np.tile(noise, (4, 2, 1)))
    cancelled = threading.Event()
    timer = threading.Timer(0.15, cancelled.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(WriteCancelledError):
        write_image(large, tmp_path / f"x.{suffix}", compression=9, cancelled=cancelled)
    assert time.monotonic() - started < 1.5
    assert left_in(tmp_path) == []
    assert active_temporaries() == []


def test_an_interrupt_handler_can_remove_what_is_being_written(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (3000, 3000, 3), np.uint8)
    cancelled = threading.Event()

    def write():
        with pytest.raises(OutputError):
            write_image(
                Picture(noise), tmp_path / "x.png", compression=9, cancelled=cancelled
            )

    thread = threading.Thread(target=write)
    thread.start()
    while not active_temporaries():
        time.sleep(0.005)
    names = left_in(tmp_path)
    assert names == [temporary_of(tmp_path / "x.png").name]
    assert [path.name for path in active_temporaries()] == names
    remove_temporaries()
    assert left_in(tmp_path) == []
    cancelled.set()
    thread.join()
    assert left_in(tmp_path) == []


def test_ctrl_c_ends_an_encode_at_once(tmp_path):
    program = f"""
import numpy as np
from imgan.io.images import Picture, write_image
noise = np.random.default_rng(0).integers(0, 256, (3000, 3000, 3), np.uint8)
print("ready", flush=True)
try:
    write_image(Picture(np.tile(noise, (2, 1, 1))), r"{tmp_path}/x.png", compression=9)
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        while not left_in(tmp_path):
            time.sleep(0.005)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10)[0] == "interrupted\n"
        assert time.monotonic() - started < 2
    assert left_in(tmp_path) == []


def test_formats_are_checked_before_computing():
    fine = Size(100, 100)
    assert check_output("png", fine, np.uint16, True) == []
    assert check_output("tiff", fine, np.float32, True) == []
    assert check_output("webp", fine, np.uint8, True) == []
    (lost,) = check_output("jpg", fine, np.uint8, True)
    assert "white" in lost
    assert len(check_output("jpg", fine, np.uint16, True)) == 2
    assert "16-bit" in check_output("webp", fine, np.uint16, False)[0]
    assert "float" in check_output("png", fine, np.float32, False)[0]
    for image_format, side in (("webp", 16_384), ("jpg", 65_536), ("avif", 16_385)):
        with pytest.raises(OutputError, match=f"{side - 1:,}|65,500"):
            check_output(image_format, Size(10, side), np.uint8, False)
    with pytest.raises(OutputError, match="2 GB"):
        check_output("bmp", Size(30_000, 30_000), np.uint8, False)
    with pytest.raises(OutputError, match="at least one pixel"):
        check_output("png", Size(0, 10), np.uint8, False)


@pytest.mark.parametrize(("image_format", "side"), [("webp", 16_383), ("jpg", 65_500)])
def test_the_limits_are_those_of_the_encoders(tmp_path, image_format, side):
    stripe = Picture(np.zeros((2, side), np.uint8))
    write_image(stripe, tmp_path / "x", image_format=image_format)
    assert opened(tmp_path / "x").size == (side, 2)
