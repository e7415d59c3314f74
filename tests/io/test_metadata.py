import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL import IptcImagePlugin
from PIL.ExifTags import IFD

from imgan.io.exif import build_exif
from imgan.io.exif import parse_exif
from imgan.io.images import Metadata
from imgan.io.images import Picture
from imgan.io.images import metadata_losses
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.types import Size
from tests.io.conftest import SRGB
from tests.io.conftest import XMP
from tests.io.conftest import exif
from tests.io.conftest import opened

IPTC = b"\x1c\x02\x05\x00\x05Title\x1c\x02\x19\x00\x03key"
RESOLUTION = (300 / 25.4, 150 / 25.4)


def enlarged(path):
    """Read, and enlarge as a network would."""
    picture = read_image(path)
    pixels = picture.pixels.repeat(2, 0).repeat(2, 1)
    return Picture(pixels, None, picture.metadata, picture.source_format)


def stored_exif(image):
    """Return main, details and GPS values as Pillow sees them."""
    tags = image.getexif()
    return dict(tags), dict(tags.get_ifd(0x8769)), dict(tags.get_ifd(0x8825))


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif", "avif"])
@pytest.mark.parametrize("source", ["png", "jpg", "webp", "tif", "avif"])
def test_everything_travels(tmp_path, photo, source, target):
    first, second = tmp_path / f"a.{source}", tmp_path / f"b.{target}"
    tags = exif(6)
    options = {"xmp": XMP} if source in ("jpg", "webp", "avif") else {}
    options |= {"exif": tags, "icc_profile": SRGB, "dpi": (300, 300)}
    if source == "tif":
        # Pillow writes no EXIF below the main directory of a TIFF file.
        Image.fromarray(photo).save(tmp_path / "c.jpg", quality=95, **options)
        write_image(read_image(tmp_path / "c.jpg"), first)
    else:
        Image.fromarray(photo).save(first, **options)
    large = enlarged(first)
    write_image(large, second)
    image = opened(second)
    assert image.size == (122, 194)
    assert image.info["icc_profile"] == SRGB
    main, details, gps = stored_exif(image)
    assert main[0x010F] == "Maker"
    assert main.get(0x0112, 1) == 1
    assert details[0x9003] == "2020:01:02 03:04:05"
    assert float(details[0x829A]) == pytest.approx(0.004)
    assert (details[0xA002], details[0xA003]) == (122, 194)
    assert gps[1] == "N"
    if source in ("jpg", "png", "tif") and target in ("jpg", "png", "tif"):
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    if "xmp" in options:
        assert large.metadata.xmp == XMP
        name = {"png": "XML:com.adobe.xmp"}.get(target, "xmp")
        found = image.info[name]
        assert (found.encode() if isinstance(found, str) else found) == XMP
    again = read_image(second).metadata
    assert again.icc == SRGB
    assert parse_exif(again.exif).gps


@pytest.mark.parametrize("target", ["jpg", "tif"])
@pytest.mark.parametrize("source", ["jpg", "tif"])
def test_iptc_travels(tmp_path, photo, source, target):
    first, second = tmp_path / f"a.{source}", tmp_path / f"b.{target}"
    write_image(Picture(photo, None, Metadata(iptc=IPTC)), first)
    assert read_image(first).metadata.iptc == IPTC
    write_image(enlarged(first), second)
    assert read_image(second).metadata.iptc == IPTC
    info = IptcImagePlugin.getiptcinfo(opened(second))
    if target == "jpg":
        assert info[(2, 5)] == b"Title"
    else:
        with tifffile.TiffFile(second) as file:
            assert bytes(file.pages[0].tags[33723].value).startswith(IPTC)


@pytest.mark.parametrize("target", ["jpg", "png", "webp", "avif"])
def test_stale_thumbnails_are_removed(tmp_path, photo, target):
    tags = exif(1)
    buffer = io.BytesIO()
    Image.fromarray(photo[:16, :16]).save(buffer, "jpeg")
    base = tags.tobytes()
    # A second directory with a JPEG thumbnail, appended by hand.
    thumbnail = buffer.getvalue()
    order = "little" if base[6:8] == b"II" else "big"
    body = bytearray(base[6:])
    at = int.from_bytes(body[4:8], order)
    tail = at + 2 + 12 * int.from_bytes(body[at : at + 2], order)
    place = len(body)
    body[tail : tail + 4] = place.to_bytes(4, order)
    second = (2).to_bytes(2, order)
    for tag, value in ((0x0201, place + 30), (0x0202, len(thumbnail))):
        second += tag.to_bytes(2, order) + (4).to_bytes(2, order)
        second += (1).to_bytes(4, order) + value.to_bytes(4, order)
    blob = b"Exif\0\0" + bytes(body) + second + bytes(4) + thumbnail
    path = tmp_path / "a.jpg"
    Image.fromarray(photo).save(path, exif=blob)
    assert opened(path).getexif().get_ifd(IFD.IFD1), (
        "the test must start with a thumbnail"
    )
    write_image(enlarged(path), tmp_path / f"b.{target}")
    assert not opened(tmp_path / f"b.{target}").getexif().get_ifd(IFD.IFD1)
    assert thumbnail not in (tmp_path / f"b.{target}").read_bytes()


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "bmp"])
def test_resolution_travels(tmp_path, photo, suffix):
    path = tmp_path / f"x.{suffix}"
    write_image(Picture(photo, None, Metadata(resolution=RESOLUTION)), path)
    image = opened(path)
    tags = image.getexif()
    shown = (tags[282], tags[283]) if suffix == "jpg" else image.info["dpi"]
    assert shown == pytest.approx((300, 150), abs=0.6)
    assert read_image(path).metadata.resolution == pytest.approx(RESOLUTION, abs=0.02)


def test_resolution_turns_with_the_pixels(tmp_path, photo):
    path = tmp_path / "x.tif"
    Image.fromarray(photo).save(path, exif=exif(6), dpi=(300, 150))
    across, down = read_image(path).metadata.resolution
    assert (across, down) == pytest.approx((150 / 25.4, 300 / 25.4))


def test_a_profile_of_another_colour_model_is_left_out(tmp_path, photo):
    write_image(Picture(photo[..., 0], None, Metadata(icc=SRGB)), tmp_path / "x.png")
    assert "icc_profile" not in opened(tmp_path / "x.png").info


def test_a_cmyk_profile_does_not_travel(tmp_path, photo):
    fake = bytearray(SRGB)
    fake[16:20] = b"CMYK"
    Image.fromarray(photo).convert("CMYK").save(
        tmp_path / "x.jpg", icc_profile=bytes(fake), exif=exif(6)
    )
    picture = read_image(tmp_path / "x.jpg")
    assert picture.size == (97, 61)
    assert picture.metadata.icc is None
    write_image(picture, tmp_path / "y.jpg")
    written = opened(tmp_path / "y.jpg")
    assert written.mode == "RGB"
    assert "icc_profile" not in written.info


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_rebuilt_without_loss(order):
    tags = exif(8)
    tags.get_ifd(0x8769)[0x927C] = b"maker's own bytes"
    tags.endian = order
    parsed = parse_exif(tags.tobytes())
    assert parsed.orientation == 8
    assert parsed.order == order
    for turned in (parsed, parsed.swapped("<" if order == ">" else ">")):
        rebuilt = Image.Exif()
        rebuilt.load(build_exif(turned))
        assert rebuilt[0x010F] == "Maker"
        details = rebuilt.get_ifd(0x8769)
        assert details[0x927C] == b"maker's own bytes"
        assert float(details[0x829A]) == pytest.approx(0.004)
        assert rebuilt.get_ifd(0x8825)[1] == "N"


OWNER = b"Owner Jane Doe\0\0"


def canon_exif(place):
    """EXIF with a note as Canon's cameras write it: it points into the whole block."""

    def entry(tag, kind, number, value):
        return struct.pack("<HHII", tag, kind, number, value)

    note = struct.pack("<H", 1) + entry(9, 2, len(OWNER), place + 18)
    note += struct.pack("<I", 0) + OWNER
    main = struct.pack("<H", 2) + entry(0x010F, 2, 6, 38)
    main += entry(0x8769, 4, 1, 44) + struct.pack("<I", 0)
    details = struct.pack("<H", 1) + entry(0x927C, 7, len(note), place)
    body = struct.pack("<2sHI", b"II", 42, 8) + main + b"Canon\0" + details
    return b"Exif\0\0" + body.ljust(place, b"\0") + note


def canon_owner(blob):
    """Return what the note in a block of EXIF points to."""
    note = parse_exif(blob).details[0x927C].data
    tag, _, number, place = struct.unpack_from("<HHII", note, 2)
    assert tag == 9
    return blob[6 + place : 6 + place + number]


@pytest.mark.parametrize("place", [62, 333, 2000])
@pytest.mark.parametrize("target", ["png", "jpg", "webp", "avif"])
def test_notes_of_the_maker_still_point_to_what_they_say(
    tmp_path, photo, place, target
):
    given = canon_exif(place)
    assert canon_owner(given) == OWNER
    Image.fromarray(photo).save(tmp_path / "a.jpg", exif=given)
    write_image(enlarged(tmp_path / "a.jpg"), tmp_path / f"b.{target}")
    with Image.open(tmp_path / f"b.{target}") as file:
        assert canon_owner(file.info["exif"]) == OWNER


@pytest.mark.parametrize("place", [64_950, 64_990, 2**31])
def test_a_note_too_far_away_is_moved(place):
    """Rather than a block that is too long for JPEG, which would be dropped whole."""
    exif = parse_exif(canon_exif(333))
    exif.details[0x927C] = exif.details[0x927C]._replace(place=place)
    moved = build_exif(exif)
    assert len(moved) < 200
    assert OWNER in parse_exif(moved).details[0x927C].data


def test_a_note_that_fills_the_block_is_moved(tmp_path, photo):
    given = canon_exif(62)
    exif = parse_exif(given)
    note = exif.details[0x927C]
    long = note.data + bytes(63_000)
    exif.details[0x927C] = note._replace(data=long, number=len(long), place=1_950)
    assert len(build_exif(exif)) < 65_000
    assert len(parse_exif(build_exif(exif)).details[0x927C].data) == len(long)


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tiff", "avif"])
def test_profiles_of_grey_are_kept_or_told(tmp_path, photo, target):
    grey = Metadata(icc=SRGB[:16] + b"GRAY" + SRGB[20:])
    write_image(Picture(photo[..., 0], None, grey), tmp_path / f"a.{target}")
    kept = read_image(tmp_path / f"a.{target}").metadata.icc == grey.icc
    assert bool(metadata_losses(grey, target)) != kept


def test_damaged_exif_is_survived(tmp_path, photo):
    blob = exif(6).tobytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        hurt = bytearray(blob[: random.integers(6, len(blob) + 1)])
        for at in random.integers(6, len(hurt) + 1, 8):
            if at < len(hurt):
                hurt[at] = random.integers(0, 256)
        parsed = parse_exif(bytes(hurt))
        parsed.describe_pixels(Size(4, 5))
        build_exif(parsed)
    for blob in (b"", b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"):
        assert not parse_exif(blob)


def test_bigtiff_gets_exif_too(tmp_path, photo, monkeypatch):
    monkeypatch.setattr("imgan.io.writing._BIG_TIFF", 10)
    Image.fromarray(photo).save(tmp_path / "a.jpg", exif=exif(1), quality=95)
    large = enlarged(tmp_path / "a.jpg")
    write_image(large, tmp_path / "b.tif")
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.is_bigtiff
        tags = file.pages[0].tags
        assert tags["Make"].value == "Maker"
        assert tags["ExifTag"].value["DateTimeOriginal"] == "2020:01:02 03:04:05"
        assert tags["GPSTag"].value["GPSLatitudeRef"] == "N"
        np.testing.assert_array_equal(file.pages[0].asarray(), large.pixels)
    again = read_image(tmp_path / "b.tif")
    np.testing.assert_array_equal(again.pixels, large.pixels)
    assert parse_exif(again.metadata.exif).gps


@pytest.mark.parametrize(
    "turn", [b"<tiff:Orientation>6</tiff:Orientation>", b'<r tiff:Orientation="6"/>']
)
def test_xmp_does_not_ask_for_a_second_turn(tmp_path, photo, turn):
    Image.fromarray(photo).save(tmp_path / "x.jpg", exif=exif(6), xmp=XMP + turn)
    xmp = read_image(tmp_path / "x.jpg").metadata.xmp
    assert xmp == XMP + turn.replace(b"6", b"1")


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif", "avif"])
def test_dimensions_are_those_of_the_result_everywhere(tmp_path, photo, target):
    """Cameras write them into the first directory too, and into XMP."""
    given = exif(1)
    given[0x0100], given[0x0101] = photo.shape[1], photo.shape[0]
    sides = (
        b"<r tiff:ImageWidth=\"%d\" exif:PixelXDimension = '%d'/>"
        b"<tiff:ImageLength>%d</tiff:ImageLength>"
        b"<exif:PixelYDimension> %d</exif:PixelYDimension>"
    )
    width, height = photo.shape[1], photo.shape[0]
    xmp = XMP + sides % (width, width, height, height)
    Image.fromarray(photo).save(tmp_path / "a.jpg", exif=given, xmp=xmp)
    large = enlarged(tmp_path / "a.jpg")
    write_image(large, tmp_path / f"b.{target}")
    height, width = large.pixels.shape[:2]
    made = read_image(tmp_path / f"b.{target}").metadata
    assert made.xmp == XMP + sides % (width, width, height, height)
    with Image.open(tmp_path / f"b.{target}") as file:
        tags = file.getexif()
        assert (tags[0x0100], tags[0x0101]) == (width, height)


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif", "avif", "bmp"])
def test_damaged_metadata_does_not_cost_the_picture(tmp_path, photo, target):
    hurt = bytearray(SRGB)
    hurt[:4] = b"\xff" * 4  # a length that it has not
    metadata = Metadata(
        icc=bytes(hurt),
        exif=b"Exif\0\0nothing of the kind",
        xmp=b"\xff\xfe\x80 no text" * 9000,
        iptc=b"\0",
        resolution=(1e12, float("nan")),
    )
    path = tmp_path / f"x.{target}"
    write_image(Picture(photo, None, metadata), path)
    assert opened(path).size == (97, 61)


@pytest.mark.parametrize("source", ["webp", "avif"])
def test_resolution_that_only_exif_knows(tmp_path, photo, source):
    tags = exif(1)
    tags[0x011A], tags[0x011B], tags[0x0128] = 300.0, 150.0, 2
    Image.fromarray(photo).save(tmp_path / f"x.{source}", exif=tags)
    write_image(read_image(tmp_path / f"x.{source}"), tmp_path / "y.png")
    assert opened(tmp_path / "y.png").info["dpi"] == pytest.approx((300, 150), abs=0.1)


def test_a_damaged_profile_is_told(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "x.jpg", icc_profile=SRGB[:-8])
    picture = read_image(tmp_path / "x.jpg")
    assert picture.metadata.icc is None
    assert "colour profile" in picture.warnings[0]
    Image.fromarray(photo).save(tmp_path / "x.jpg", icc_profile=SRGB)
    assert read_image(tmp_path / "x.jpg").warnings == []


def test_metadata_that_a_format_does_not_keep_is_told():
    metadata = Metadata(icc=SRGB, exif=b"Exif", xmp=b"x" * 70_000, iptc=IPTC)
    assert metadata_losses(metadata, "tiff") == []
    assert metadata_losses(metadata, "webp") == ["WebP holds no IPTC"]
    assert "too long" in metadata_losses(metadata, "jpg")[0]
    assert len(metadata_losses(metadata, "bmp")) == 2
    assert metadata_losses(Metadata(), "bmp") == []


def test_iptc_that_ends_too_early_does_not_cost_the_picture(tmp_path, photo):
    cut = b"Photoshop 3.0\0" + b"8BIM"
    Image.fromarray(photo).save(tmp_path / "x.jpg")
    data = (tmp_path / "x.jpg").read_bytes()
    segment = b"\xff\xed" + (len(cut) + 2).to_bytes(2, "big") + cut
    (tmp_path / "x.jpg").write_bytes(data[:2] + segment + data[2:])
    assert read_image(tmp_path / "x.jpg").metadata.iptc is None
