import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL import ImageCms

from imgan.errors import ImageReadError
from imgan.io.images import read_image
from imgan.io.images import read_size
from imgan.io.vips import pyvips
from tests.io.conftest import SRGB
from tests.io.conftest import exif
from tests.io.conftest import jpeg_bytes
from tests.io.conftest import opened
from tests.io.conftest import save_frames
from tests.io.conftest import tiff_pages
from tests.io.conftest import turned_away


def refused(path, **options):
    with pytest.raises(ImageReadError) as caught:
        read_image(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "bmp"])
@pytest.mark.parametrize("grey", [False, True])
def test_pixels_come_back(tmp_path, photo, suffix, grey):
    pixels = photo[..., 0].copy() if grey else photo
    path = tmp_path / f"ünïcode 名.{suffix}"
    Image.fromarray(pixels).save(path, lossless=True)
    picture = read_image(path)
    expected = np.dstack([pixels] * 3) if grey and suffix == "webp" else pixels
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.flags.writeable
    assert picture.alpha is None
    assert picture.size == read_size(path) == (61, 97)
    assert picture.source_format == {"tif": "tiff"}.get(suffix, suffix)


@pytest.mark.parametrize(
    "name", ["ünïcode 名.jpg", "no suffix", "says.png", "a[1].jpg"]
)
def test_content_decides_and_names_may_be_anything(tmp_path, photo, name):
    path = tmp_path / name
    path.write_bytes(jpeg_bytes(photo, quality=95))
    picture = read_image(path)
    assert picture.source_format == "jpg"
    difference = picture.pixels.astype(float) - np.asarray(opened(path))
    assert np.abs(difference).mean() < 1.5


def test_a_name_that_is_no_unicode(tmp_path, photo):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    (tmp_path / "a.png").write_bytes(b"")
    Image.fromarray(photo).save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", path)
    assert read_image(os.fsdecode(path)).size == (61, 97)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(tmp_path, photo, suffix, orientation):
    path, upright = tmp_path / f"turned.{suffix}", tmp_path / f"upright.{suffix}"
    stored = turned_away(photo, orientation)
    options = {"quality": 100, "subsampling": 0} if suffix == "jpg" else {}
    tags = exif(orientation)
    Image.fromarray(stored).save(path, exif=tags, lossless=True, **options)
    Image.fromarray(photo).save(upright, lossless=True, **options)
    picture = read_image(path)
    assert picture.size == read_size(path) == (61, 97)
    difference = np.abs(picture.pixels.astype(int) - read_image(upright).pixels)
    assert difference.mean() < (1 if suffix == "jpg" else 1e-9)
    tags.load(picture.metadata.exif)
    assert tags.get(0x0112, 1) == 1
    assert tags[0x010F] == "Maker"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotated_and_mirrored_avif(tmp_path, photo, orientation):
    path, upright = tmp_path / "turned.avif", tmp_path / "upright.avif"
    stored = turned_away(photo, orientation)
    options = {"quality": 100, "subsampling": "4:4:4"}
    Image.fromarray(stored).save(path, exif=exif(orientation), **options)
    Image.fromarray(photo).save(upright, **options)
    picture = read_image(path)
    assert picture.size == read_size(path) == (61, 97)
    difference = np.abs(picture.pixels.astype(int) - read_image(upright).pixels)
    assert difference.mean() < 2


def test_palettes_are_expanded(tmp_path, photo):
    palette = Image.fromarray(photo).quantize(32)
    palette.save(tmp_path / "plain.png")
    palette.save(tmp_path / "holes.png", transparency=3)
    plain, holes = (
        read_image(tmp_path / "plain.png"),
        read_image(tmp_path / "holes.png"),
    )
    np.testing.assert_array_equal(plain.pixels, np.asarray(palette.convert("RGB")))
    assert plain.alpha is None
    np.testing.assert_array_equal(holes.alpha == 0, np.asarray(palette) == 3)
    np.testing.assert_array_equal(holes.pixels, plain.pixels)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_one_bit_becomes_eight_bit_grey(tmp_path, photo, suffix):
    one_bit = Image.fromarray(photo).convert("1")
    one_bit.save(tmp_path / f"x.{suffix}")
    picture = read_image(tmp_path / f"x.{suffix}")
    np.testing.assert_array_equal(picture.pixels, np.asarray(one_bit) * np.uint8(255))
    assert picture.pixels.dtype == np.uint8


def test_sixteen_bit_grey_with_alpha(tmp_path, photo):
    grey = photo[..., 0].astype(np.uint16) * 256 + photo[..., 1]
    alpha = photo[..., 2].astype(np.uint16) * 257
    both = np.dstack([grey, alpha])
    tifffile.imwrite(
        tmp_path / "x.tif",
        both,
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"],
    )
    rgba = np.dstack([grey, grey, grey, alpha])
    cv2.imwrite(str(tmp_path / "x.png"), rgba)
    from_tiff, from_png = read_image(tmp_path / "x.tif"), read_image(tmp_path / "x.png")
    np.testing.assert_array_equal(from_tiff.pixels, grey)
    np.testing.assert_array_equal(from_tiff.alpha, alpha)
    np.testing.assert_array_equal(from_png.pixels, rgba[..., :3])
    np.testing.assert_array_equal(from_png.alpha, alpha)
    assert from_tiff.alpha.dtype == np.uint16


def test_float_tiff_keeps_its_values(tmp_path, photo):
    values = photo.astype(np.float32) / 255
    tifffile.imwrite(tmp_path / "x.tif", values, photometric="rgb")
    picture = read_image(tmp_path / "x.tif")
    np.testing.assert_array_equal(picture.pixels, values)
    assert picture.pixels.dtype == np.float32
    for wrong in (values * 255, values - 0.5):
        tifffile.imwrite(tmp_path / "x.tif", wrong, photometric="rgb")
        assert "expected 0 to 1" in refused(tmp_path / "x.tif")
    for wrong in (np.nan, np.inf, -np.inf):
        holed = np.where(values > 0.9, np.float32(wrong), values)
        tifffile.imwrite(tmp_path / "x.tif", holed, photometric="rgb")
        assert "holds a value that is not finite" in refused(tmp_path / "x.tif")


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_becomes_srgb(tmp_path, photo, suffix):
    path = tmp_path / f"x.{suffix}"
    flat = np.zeros((40, 60, 4), np.uint8)
    flat[:20, :, 0] = 255  # cyan
    flat[20:, :, 3] = 255  # black
    Image.fromarray(flat, "CMYK").save(path)
    picture = read_image(path)
    assert picture.pixels.shape == (40, 60, 3)
    assert picture.alpha is None
    red, green, blue = picture.pixels[5, 5].astype(int)
    assert red < 60 < 130 < green < blue
    assert picture.pixels[35].max() < 60
    assert picture.metadata.icc is None


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_through_its_own_profile(tmp_path, photo, suffix):
    profile = pyvips.Image.profile_load("cmyk")
    path = tmp_path / f"x.{suffix}"
    cmyk = Image.fromarray(photo).convert("CMYK")
    options = {"quality": 100, "subsampling": 0} if suffix == "jpg" else {}
    cmyk.save(path, icc_profile=bytes(profile), **options)
    picture = read_image(path)
    own = ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile)))
    srgb = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(
        cmyk, own, srgb, outputMode="RGB", renderingIntent=1
    )
    difference = np.abs(picture.pixels.astype(int) - np.asarray(expected))
    assert difference.mean() < 2
    assert picture.metadata.icc is None


def test_bmp_details(tmp_path, photo):
    path = tmp_path / "x.bmp"
    Image.fromarray(photo).save(path, dpi=(300, 150))
    across, down = read_image(path).metadata.resolution
    assert (across, down) == pytest.approx((300 / 25.4, 150 / 25.4), abs=1e-2)
    path.write_bytes(path.read_bytes()[:-500])
    assert "truncated" in refused(path)
    for damaged in (b"BMBMBMBMBM", b"BM" + bytes(12) + bytes([12, 0, 0, 0, 9])):
        path.write_bytes(damaged)
        assert "damaged" in refused(path)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "avif"])
def test_animations_are_refused_with_their_frames(tmp_path, photo, suffix):
    path = save_frames(tmp_path / f"moves.{suffix}", photo)
    assert "3 animation frames" in refused(path)


def test_a_still_gif_is_read(tmp_path, photo):
    palette = Image.fromarray(photo).quantize(16)
    palette.save(tmp_path / "still.gif")
    picture = read_image(tmp_path / "still.gif")
    np.testing.assert_array_equal(picture.pixels, np.asarray(palette.convert("RGB")))
    assert picture.source_format == "gif"


def test_pages_of_a_tiff_are_refused_but_previews_are_not_pages(tmp_path, photo):
    pages = tiff_pages(tmp_path / "p.tif", [(photo, {})] * 4, photometric="rgb")
    assert "4 pages" in refused(pages)
    preview = {"subfiletype": 1}
    both = [(photo, {}), (photo[::2, ::2].copy(), preview)]
    path = tiff_pages(tmp_path / "q.tif", both, photometric="rgb")
    np.testing.assert_array_equal(read_image(path).pixels, photo)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated_files_are_refused(tmp_path, photo, suffix, kept):
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(photo).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    assert "truncated" in refused(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "avif", "bmp", "gif"])
def test_damage_anywhere_is_one_line_or_a_picture(tmp_path, photo, suffix, capfd):
    path = tmp_path / f"x.{suffix}"
    tags = {} if suffix in ("bmp", "gif") else {"exif": exif(6), "icc_profile": SRGB}
    Image.fromarray(photo).save(path, **tags)
    whole = path.read_bytes()
    random = np.random.default_rng(7)
    refusals = []
    for _ in range(40):
        hurt = bytearray(whole)
        for at in random.integers(0, min(len(hurt), 400), 4):
            hurt[at] = random.integers(0, 256)
        path.write_bytes(hurt)
        try:
            picture = read_image(path, max_megapixels=1)
        except ImageReadError as error:
            refusals.append(str(error))
        else:
            assert picture.pixels.size > 0
    assert refusals
    assert not [message for message in refusals if "\n" in message]
    assert capfd.readouterr() == ("", "")


def test_what_is_no_picture(tmp_path):
    for content, words in (
        (b"", "empty"),
        (b"just some text, long enough for a header", "is not a picture"),
        (b"8BPS\0\1" + bytes(60), "Photoshop"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
    ):
        path = tmp_path / "x.png"
        path.write_bytes(content)
        assert words in refused(path)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "named pipe" in refused(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert "symbolic links" in refused(tmp_path / "loop.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    assert "a device" in refused(tmp_path / "zero.png")
    (tmp_path / "folder.png").mkdir()
    assert "a folder" in refused(tmp_path / "folder.png")
    assert "No such file" in refused(tmp_path / "absent.png")


def test_links_to_pictures_are_followed(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "real.png")
    (tmp_path / "link.png").symlink_to("real.png")
    assert read_size(tmp_path / "link.png") == (61, 97)


def test_a_file_that_an_ordinary_user_may_not_read(tmp_path, photo):
    path = tmp_path / "secret.png"
    Image.fromarray(photo).save(path)
    path.chmod(0)
    if os.geteuid() != 0:
        assert "Permission denied" in refused(path)
        return
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    program = (
        "import os, sys; from imgan.io.images import read_image; os.setuid(65534)\n"
        "try: read_image(sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", program, str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "PermissionError" not in shown:
        assert shown.startswith("ImageReadError")
        assert "Permission denied" in shown


def test_megapixels_are_decided_by_the_header(tmp_path, photo):
    path = tmp_path / "bomb.png"
    Image.fromarray(photo).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = (40_000).to_bytes(4, "big") * 2
    # A true checksum, so that only the area can be the reason.
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    message = refused(path)
    assert "1,600.0 megapixels" in message
    assert "--max-megapixels" in message
    Image.fromarray(photo).save(path)
    assert "at most 0.001" in refused(path, max_megapixels=0.001)


@pytest.mark.parametrize("suffix", ["bmp", "jpg", "tif", "webp", "avif"])
def test_megapixels_hold_for_every_format(tmp_path, photo, suffix):
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(photo).save(path)
    assert "megapixels" in refused(path, max_megapixels=0.005)


def test_unusual_channels_and_types(tmp_path, photo):
    path = tmp_path / "x.tif"
    five = np.dstack([photo, photo[..., :2]])
    tifffile.imwrite(path, five, photometric="minisblack", planarconfig="contig")
    assert "5 channels" in refused(path)
    tifffile.imwrite(path, photo.astype(np.uint32), photometric="rgb")
    assert "of type uint" in refused(path)


def test_heic_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "x.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    assert 'pip install "imgan[heic]"' in refused(path)


def test_a_changed_file_is_read_again(tmp_path, photo):
    path = tmp_path / "x.png"
    for shift in range(3):
        changed = np.roll(photo, shift, 0)
        Image.fromarray(changed).save(path)
        np.testing.assert_array_equal(read_image(path).pixels, changed)


def test_no_descriptor_stays_open(tmp_path, photo):
    path = tmp_path / "x.jpg"
    Image.fromarray(photo).save(path)
    read_image(path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        read_image(path)
        read_size(path)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_metadata_is_read(tmp_path, photo):
    path = tmp_path / "x.png"
    image = Image.fromarray(photo)
    image.save(path, icc_profile=SRGB, exif=exif(6), dpi=(300, 300))
    metadata = read_image(path).metadata
    assert metadata.icc == SRGB
    assert metadata.resolution == pytest.approx((300 / 25.4, 300 / 25.4), rel=1e-4)
    Image.fromarray(photo).save(path)
    assert read_image(path).metadata.exif is None


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize(("channels", "model"), [(2, "minisblack"), (4, "rgb")])
@pytest.mark.parametrize("kind", ["unspecified", "unassalpha", "assocalpha"])
def test_a_band_is_transparency_only_where_the_file_says_so(
    tmp_path, photo, kind, channels, model, planes
):
    """Pictures from the air have infrared in its place."""
    pixels = np.repeat(photo[..., :2], 2, axis=2)[..., :channels]
    shown = pixels if planes == "contig" else np.moveaxis(pixels, 2, 0)
    path = tmp_path / "a.tif"
    options = {"photometric": model, "extrasamples": [kind], "planarconfig": planes}
    tifffile.imwrite(path, shown, **options)
    if kind == "unspecified":
        with pytest.raises(ImageReadError, match=rf"{channels} channels, .* the last"):
            read_image(path)
    else:
        np.testing.assert_array_equal(read_image(path).alpha, pixels[..., -1])


@pytest.mark.parametrize("model", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16"])
def test_one_band_is_the_same_one_after_another(tmp_path, photo, dtype, model):
    grey = photo[..., 0]
    pixels = grey > 99 if dtype == "bool" else grey.astype(dtype)
    usual, other = tmp_path / "usual.tif", tmp_path / "other.tif"
    tifffile.imwrite(usual, pixels, photometric=model)
    with tifffile.TiffFile(usual) as file:
        # Has the same type and length, and would stand at the same place.
        unit = file.pages[0].tags["ResolutionUnit"]
    content = bytearray(usual.read_bytes())
    struct.pack_into("<H", content, unit.offset, 284)
    struct.pack_into("<H", content, unit.valueoffset, 2)
    other.write_bytes(content)
    with tifffile.TiffFile(other) as file:
        assert file.pages[0].planarconfig == 2
    np.testing.assert_array_equal(read_image(other).pixels, read_image(usual).pixels)


def test_a_place_on_earth_that_is_left_out_is_told(tmp_path, photo):
    scale = (33550, "d", 3, (0.5, 0.5, 0.0), True)
    tifffile.imwrite(tmp_path / "map.tif", photo, extratags=[scale])
    tifffile.imwrite(tmp_path / "photo.tif", photo)
    assert "GeoTIFF" in read_image(tmp_path / "map.tif").warnings[0]
    assert read_image(tmp_path / "photo.tif").warnings == []


def test_grey_and_alpha_one_after_another(tmp_path, photo):
    """libvips mixes up the rows of such files."""
    planes = np.moveaxis(photo[..., :2], 2, 0)
    tifffile.imwrite(
        tmp_path / "a.tif",
        planes,
        planarconfig="separate",
        photometric="minisblack",
        extrasamples=["unassalpha"],
        rowsperstrip=16,
    )
    picture = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, photo[..., 0])
    np.testing.assert_array_equal(picture.alpha, photo[..., 1])
