"""Photographs and hostile files, made with Pillow, tifffile and OpenCV."""

import io
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image
from PIL import ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><r xmlns='r'>hello</r></x:xmpmeta>"


@pytest.fixture(scope="session")
def photo():
    """An odd-sized RGB photograph, `(61, 97, 3)` uint8."""
    return np.ascontiguousarray(skimage.data.astronaut()[20:81, 150:247])


def exif(orientation=1):
    """EXIF of a camera: main, details and GPS."""
    tags = Image.Exif()
    tags[0x010F] = "Maker"
    tags[0x0112] = orientation
    details = tags.get_ifd(0x8769)
    details[0x9003] = "2020:01:02 03:04:05"
    details[0xA002] = 97
    details[0xA003] = 61
    details[0x829A] = 0.004
    tags.get_ifd(0x8825)[1] = "N"
    return tags


def turned_away(pixels, orientation):
    """Return what a camera stores so that `orientation` shows `pixels` upright."""
    inverse = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, 1),
        7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
        8: lambda x: np.rot90(x, -1),
    }
    return np.ascontiguousarray(inverse[orientation](pixels))


def jpeg_bytes(pixels, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", **options)
    return buffer.getvalue()


def save_frames(path, photo, count=3):
    frames = [Image.fromarray(np.roll(photo, 9 * step, 0)) for step in range(count)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path


def opened(path: Path):
    """Open with Pillow, independent of the library under test, and load."""
    with Image.open(path) as image:
        image.load()
        return image


def tiff_pages(path, pages, **options):
    with tifffile.TiffWriter(path) as writer:
        for page, extra in pages:
            writer.write(page, **options, **extra)
    return path
