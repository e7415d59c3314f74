"""One folder with everything that real folders hold, through the whole command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image
from PIL import ImageCms

from imgan.data.resize import resize_bicubic
from imgan.io.images import Metadata
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.types import Array

pytestmark = pytest.mark.skipif(os.name == "nt", reason="FIFOs and links")

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NORMAL = 200


def turned(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def make_readable(folder: Path, photo: Array) -> None:
    """Write what must come out right."""
    image = Image.fromarray(photo)
    image.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    for orientation in (2, 3, 6, 8):
        image.save(folder / f"turned{orientation}.jpg", exif=turned(orientation))
    image.save(folder / "turned.avif", exif=turned(6))
    image.convert("P", palette=Image.Palette.ADAPTIVE).save(
        folder / "palette.png", transparency=0
    )
    image.save(folder / "profile.png", icc_profile=SRGB)
    image.save(folder / "profile.tif", icc_profile=SRGB)
    image.save(folder / "ünïcode 名.jpg")
    grey = photo[..., 0].astype(np.uint16) * 257
    for name in ("deep.png", "deep.tif"):
        write_image(Picture(grey, grey[::-1].copy(), Metadata()), folder / name)
    frames = [Image.fromarray(np.roll(photo, 9 * n, 0)) for n in (1, 2)]
    image.save(folder / "animated.gif", save_all=True, append_images=frames)
    (folder / "many").mkdir()
    for number in range(NORMAL):
        rolled = np.roll(photo, number, axis=1)
        Image.fromarray(rolled).save(folder / "many" / f"{number}.jpg", quality=90)


def make_hostile(folder: Path, photo: Array) -> set[str]:
    """Write what must fail, each with a line of its own; return the names."""
    image = Image.fromarray(photo)
    with tifffile.TiffWriter(folder / "pages.tif") as writer:
        for _ in range(3):
            writer.write(photo)
    for suffix in ("jpg", "png"):
        image.save(folder / f"cut.{suffix}")
        whole = (folder / f"cut.{suffix}").read_bytes()
        (folder / f"cut.{suffix}").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("not a picture\n")
    os.mkfifo(folder / "fifo.png")
    (folder / "loop.png").symlink_to("loop.png")
    names = "pages.tif cut.jpg cut.png empty.png text.png fifo.png loop.png"
    bad = set(names.split())
    if os.getuid():
        image.save(folder / "secret.png")
        (folder / "secret.png").chmod(0)
        bad.add("secret.png")
    return bad


@pytest.mark.slow
def test_every_readable_one_comes_out_right_and_every_other_is_one_line(
    tmp_path: Path,
) -> None:
    photo = np.ascontiguousarray(skimage.data.astronaut()[20:81, 150:247])
    source, output, report = (tmp_path / n for n in ("in", "out", "report.json"))
    source.mkdir()
    make_readable(source, photo)
    bad = make_hostile(source, photo)
    (source / "notes.txt").write_text("ignored")
    (source / "cycle").symlink_to(source)
    command = [sys.executable, "-m", "imgan", "upscale", source, output]
    options = ["--recursive", "--model", "bicubic", "--scale", "2", "--report", report]
    result = subprocess.run(
        [*map(str, command), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode == 1, result.stderr
    told = json.loads(report.read_text())
    rows = {Path(row["input"]).name: row for row in told["files"]}
    assert {name for name, row in rows.items() if row["status"] == "failed"} == bad
    assert told["totals"]["failed"] == len(bad)
    assert told["totals"]["done"] == NORMAL + 13
    assert told["totals"]["ignored"] == 1
    for name in bad:
        (line,) = [
            line
            for line in result.stderr.splitlines()
            if line.startswith("imgan: ") and name in line
        ]
        assert rows[name]["error"] in line
    for name, row in rows.items():
        if name == "animated.gif":
            with Image.open(row["output"]) as animation:
                assert animation.n_frames == row["frames"] == 3
        elif name not in bad:
            check_output_of(Path(row["input"]), Path(row["output"]))
    kept = [path for path in output.rglob("*") if path.is_file()]
    assert len(kept) == NORMAL + 13


def check_output_of(source: Path, output: Path) -> None:
    """Compare an output with the enlargement of the upright input."""
    before, after = read_image(source), read_image(output)
    expected = resize_bicubic(before.pixels, 2)
    assert after.pixels.dtype == before.pixels.dtype
    assert after.pixels.shape == expected.shape
    assert (after.alpha is None) == (before.alpha is None)
    assert (before.metadata.icc or b"") == (after.metadata.icc or b"")
    if output.suffix in (".jpg", ".avif"):
        assert np.abs(after.pixels.astype(float) - expected).mean() < 4
    elif before.alpha is None:
        np.testing.assert_array_equal(after.pixels, expected)
    else:
        seen = after.alpha == after.alpha.max()
        scale = 255 if after.pixels.dtype == np.uint8 else 65535
        error = np.abs(after.pixels.astype(float) - expected)[seen]
        assert np.median(error) / scale < 0.02
