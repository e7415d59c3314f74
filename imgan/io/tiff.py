"""What libvips leaves out of TIFF files: EXIF, IPTC, and which pages are previews.

libvips 8.18 has no EXIF in TIFF and writes a quarter of the IPTC bytes.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np

from imgan.io.exif import Exif
from imgan.io.exif import build_tree
from imgan.io.exif import read_tree
from imgan.io.ifd import Directory
from imgan.io.ifd import Entry
from imgan.io.ifd import Layout
from imgan.io.ifd import ReadAt
from imgan.io.ifd import read_chain
from imgan.io.ifd import read_directory
from imgan.io.ifd import read_header
from imgan.types import Array

# Entries of a TIFF page that describe the picture and not the layout of its pixels:
# description, make, model, software, date, artist, host, rating, copyright, and title,
# comment, author, keywords and subject as Windows writes them.
_DESCRIPTIVE = {0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746, 0x8298}
_DESCRIPTIVE |= set(range(0x9C9B, 0x9CA0))

# GeoTIFF: size of a pixel, a point on the ground, a matrix instead, and keys.
_GEOGRAPHIC = {0x830E, 0x8482, 0x85D8, 0x87AF}

_SUBFILE_TYPE = 0x00FE
_IPTC = 0x83BB
_COLOUR_MODEL = 0x0106
_BITS = 0x0102
_BANDS = 0x0115
_PLANES = 0x011C
_EXTRA_BANDS = 0x0152
_UNDEFINED = 7  # type number: bytes that mean nothing to TIFF


def count_tiff_pages(read_at: ReadAt) -> int:
    """Return how many full pictures a TIFF file holds.

    Reduced copies of the first page, which scanners and map tools add, do not count as
    long as the first page is the full one.
    """
    pages = read_chain(read_at)
    reduced = [_is_reduced(page) for page in pages]
    if not pages or reduced[0]:
        return max(1, len(pages))
    return reduced.count(False)


def read_tiff_metadata(read_at: ReadAt) -> tuple[Exif, bytes | None]:
    """Return the description of a TIFF file's first page as EXIF, and its IPTC."""
    layout, offset = read_header(read_at)
    if layout is None:
        return Exif(), None
    exif = read_tree(read_at, layout, offset)
    iptc = exif.main.get(_IPTC)
    exif.main = _described(exif)
    return exif, iptc.data if iptc else None


def add_tiff_metadata(path: Path, exif: Exif, iptc: bytes | None) -> None:
    """Add EXIF and IPTC to a complete one-page TIFF file, classic or BigTIFF.

    The first directory is written again at the end of the file with the new entries;
    pixels stay where they are. The old directory remains as a few unused bytes.
    """
    with path.open("r+b") as file:
        read_at = reader(file)
        layout, offset = read_header(read_at)
        if layout is None:
            return
        page, _ = read_directory(read_at, layout, offset)
        end = file.seek(0, 2)
        end += end % 2
        if not layout.big and end > 2**32 - 2**20:
            return
        merged = exif.swapped(layout.order)
        merged.main = _described(merged) | page
        if iptc:
            merged.main[_IPTC] = Entry(_UNDEFINED, len(iptc), iptc)
        file.seek(end)
        file.write(build_tree(merged, layout, end))
        file.seek(8 if layout.big else 4)
        file.write(layout.pack(layout.word, end))


def is_georeferenced(read_at: ReadAt) -> bool:
    """Return whether a TIFF file says where on earth its pixels lie."""
    page, _ = _first_page(read_at)
    return bool(_GEOGRAPHIC & page.keys())


def has_unnamed_band(read_at: ReadAt) -> bool:
    """Return whether a TIFF file says that its last band is not transparency.

    That is infrared in pictures from the air, a second measurement in those of radar,
    and a stored selection in those of Photoshop.
    """
    page, layout = _first_page(read_at)
    return layout is not None and _number(page, _EXTRA_BANDS, layout) == 0


def has_planes(read_at: ReadAt) -> bool:
    """Return whether a TIFF file keeps bands without a colour model one by one.

    libvips 8.18 mixes up the rows of such files, which map tools write by default, and
    the bits of a single band of less than 8, for which it is the same to say so.
    """
    page, layout = _first_page(read_at)
    if layout is None:
        return False
    tags = _PLANES, _COLOUR_MODEL, _BANDS, _BITS
    planes, model, bands, bits = (_number(page, tag, layout) for tag in tags)
    several = bands not in (None, 1)
    return planes == 2 and model in (0, 1) and (several or (bits or 1) < 8)


def read_planes(file: BinaryIO) -> Array:
    """Return the bands of the first page of a file that `has_planes`.

    Returns:
        `(height, width, bands)` in the file's dtype, not turned upright.

    Raises:
        ValueError: If the file is damaged, or compressed by a means that needs more
            than tifffile.
    """
    import tifffile

    file.seek(0)
    try:
        with tifffile.TiffFile(file) as opened:
            page = opened.pages.first
            values = page.asarray()
    except Exception as error:  # tifffile lets through what its decoders raise
        raise ValueError(str(error)) from error
    if page.bitspersample < 8:
        values = values.astype(np.uint8) * (255 // (2**page.bitspersample - 1))
        if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            values = 255 - values
    planes = values if values.ndim == 3 else values[np.newaxis]
    return np.ascontiguousarray(np.moveaxis(planes, 0, 2))


def reader(file: BinaryIO) -> ReadAt:
    """Return a function that reads a seekable file at an offset."""

    def read_at(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    return read_at


def _first_page(read_at: ReadAt) -> tuple[Directory, Layout | None]:
    layout, offset = read_header(read_at)
    if layout is None:
        return {}, None
    return read_directory(read_at, layout, offset)[0], layout


def _described(exif: Exif) -> Directory:
    return {tag: exif.main[tag] for tag in exif.main if tag in _DESCRIPTIVE}


def _number(page: Directory, tag: int, layout: Layout) -> int | None:
    entry = page.get(tag)
    if entry is None:
        return None
    little = layout.order == "<"
    return int.from_bytes(entry.data[:2], "little" if little else "big")


def _is_reduced(page: Directory) -> bool:
    entry = page.get(_SUBFILE_TYPE)
    # Bit 0 of the number is set; the bytes before or after it are zero in either order.
    return entry is not None and bool((entry.data[0] | entry.data[-1]) & 1)
