"""EXIF as a tree of entries: read from a blob or a TIFF file, changed, written back.

libvips carries EXIF between JPEG, PNG, WebP and AVIF, but neither reads nor writes it
in TIFF files, where it lies in the directories of the file itself.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from imgan.io.ifd import Directory
from imgan.io.ifd import Entry
from imgan.io.ifd import Layout
from imgan.io.ifd import ReadAt
from imgan.io.ifd import build_directory
from imgan.io.ifd import directory_size
from imgan.io.ifd import read_directory
from imgan.io.ifd import read_header
from imgan.io.ifd import swap_entry
from imgan.types import Size

_WIDTH = 0x0100
_HEIGHT = 0x0101
_ORIENTATION = 0x0112
_ACROSS = 0x011A
_DOWN = 0x011B
_UNIT = 0x0128
_DETAILS_POINTER = 0x8769
_GPS_POINTER = 0x8825
_INTEROPERABILITY_POINTER = 0xA005
_MAKER_NOTE = 0x927C
_PIXEL_WIDTH = 0xA002
_PIXEL_HEIGHT = 0xA003
_HEADER = 8  # bytes
_SHORT = 3
_LONG = 4
_LONG8 = 16
_MILLIMETRES = {2: 25.4, 3: 10.0}
_LONGEST = 65_000  # bytes; a segment of JPEG holds 65,533


@dataclass
class Exif:
    """The directories that describe a picture, without thumbnails."""

    order: str = "<"
    main: Directory = field(default_factory=dict)
    details: Directory = field(default_factory=dict)
    gps: Directory = field(default_factory=dict)
    interoperability: Directory = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.main or self.details or self.gps)

    @property
    def orientation(self) -> int:
        """1 to 8, and 1 if absent or invalid."""
        entry = self.main.get(_ORIENTATION)
        if entry is None or entry.kind != _SHORT or len(entry.data) < 2:
            return 1
        value = struct.unpack_from(self.order + "H", entry.data)[0]
        return int(value) if 1 <= value <= 8 else 1

    @property
    def resolution(self) -> tuple[float, float] | None:
        """Horizontal and vertical pixels per millimetre, if they are given."""
        unit = self.main.get(_UNIT)
        number = (
            struct.unpack_from(self.order + "H", unit.data)[0]
            if unit and len(unit.data) > 1
            else 2
        )
        values = []
        for tag in (_ACROSS, _DOWN):
            entry = self.main.get(tag)
            if entry is None or len(entry.data) != 8 or number not in _MILLIMETRES:
                return None
            over, under = struct.unpack(self.order + "LL", entry.data)
            values.append(over / under / _MILLIMETRES[number] if under else 0.0)
        return values[0], values[1]

    def reset_orientation(self) -> None:
        """Say that the pixels are upright."""
        if _ORIENTATION in self.main:
            self.main[_ORIENTATION] = self._entry(_SHORT, 1)

    def describe_pixels(self, size: Size) -> None:
        """Make the orientation upright and the pixel dimensions true."""
        self.reset_orientation()
        for directory, tag, value in (
            (self.main, _WIDTH, size.width),
            (self.main, _HEIGHT, size.height),
            (self.details, _PIXEL_WIDTH, size.width),
            (self.details, _PIXEL_HEIGHT, size.height),
        ):
            if tag in directory:
                directory[tag] = self._entry(_LONG, value)

    def swapped(self, order: str) -> "Exif":
        """Return a copy whose values are in the given byte order."""
        directories = [
            {tag: swap_entry(entry, self.order, order) for tag, entry in one.items()}
            for one in (self.main, self.details, self.gps, self.interoperability)
        ]
        return Exif(order, *directories)

    def _entry(self, kind: int, value: int) -> Entry:
        code = "H" if kind == _SHORT else "L"
        return Entry(kind, 1, struct.pack(self.order + code, value))


def parse_exif(blob: bytes) -> Exif:
    """Read an EXIF blob, with or without its `Exif` prefix; damage is left out."""
    body = blob[6:] if blob[:6] == b"Exif\0\0" else blob

    def read_at(offset: int, length: int) -> bytes:
        return body[offset : offset + length]

    layout, offset = read_header(read_at)
    if layout is None:
        return Exif()
    return read_tree(read_at, layout, offset)


def build_exif(exif: Exif) -> bytes:
    """Write a blob with its `Exif` prefix, in the byte order that it was read in.

    The notes of the camera's maker stay where they were, as what is in them is mostly
    found by its distance from the start; the directories come after them then. Where
    that would be too long for JPEG, they are moved.
    """
    note = exif.details.get(_MAKER_NOTE)
    if note and note.place >= _HEADER:
        blob = _around(note, exif)
        if len(blob) <= _LONGEST:
            return blob
    return _start(exif, _HEADER) + build_tree(exif, Layout(exif.order), _HEADER)


def _around(note: Entry, exif: Exif) -> bytes:
    """Return a block in which the maker's notes lie where they were read."""
    before = bytes(min(note.place, _LONGEST) - _HEADER) + note.data
    before += bytes(len(before) % 2)
    first = _HEADER + len(before)
    kept = {_MAKER_NOTE: note.place}
    tree = build_tree(exif, Layout(exif.order), first, kept)
    return _start(exif, first) + before + tree


def _start(exif: Exif, first: int) -> bytes:
    """Return what a block begins with, whose first directory is at an offset."""
    mark = b"II" if exif.order == "<" else b"MM"
    return b"Exif\0\0" + mark + Layout(exif.order).pack("HL", 42, first)


def read_tree(read_at: ReadAt, layout: Layout, offset: int) -> Exif:
    """Read the directory at an offset and those that it points to."""
    main, _ = read_directory(read_at, layout, offset)
    details = _follow(read_at, layout, main, _DETAILS_POINTER)
    gps = _follow(read_at, layout, main, _GPS_POINTER)
    inner = _follow(read_at, layout, details, _INTEROPERABILITY_POINTER)
    return Exif(layout.order, main, details, gps, inner)


def build_tree(
    exif: Exif, layout: Layout, offset: int, kept: Mapping[int, int] | None = None
) -> bytes:
    """Return the bytes of all directories, to be placed at an offset.

    The values must be in the byte order of the layout (`Exif.swapped`).

    Args:
        exif: What is written.
        layout: Of the file or the blob.
        offset: Where the bytes will lie.
        kept: Places of values of `details` that are there already, by tag.
    """
    main, details = dict(exif.main), dict(exif.details)
    for tag in kept or ():
        details[tag] = details[tag]._replace(data=b"")
    for directory, tag, child in (
        (details, _INTEROPERABILITY_POINTER, exif.interoperability),
        (main, _DETAILS_POINTER, exif.details),
        (main, _GPS_POINTER, exif.gps),
    ):
        directory.pop(tag, None)
        if child:
            directory[tag] = Entry(_LONG8 if layout.big else _LONG, 1, b"")
    parts: list[bytes] = []
    # Children first: a parent can then be written with the places of its children.
    pointers = dict(kept or {})
    place = offset + directory_size(main, layout)
    for tag, child in (
        (_INTEROPERABILITY_POINTER, exif.interoperability),
        (_DETAILS_POINTER, details),
        (_GPS_POINTER, exif.gps),
    ):
        if child:
            pointers[tag] = place
            parts.append(build_directory(child, layout, place, pointers))
            place += len(parts[-1])
    first = build_directory(main, layout, offset, pointers)
    return b"".join([first, *parts])


def _follow(
    read_at: ReadAt, layout: Layout, directory: Directory, tag: int
) -> Directory:
    entry = directory.get(tag)
    if entry is None or len(entry.data) not in (4, 8):
        return {}
    code = "L" if len(entry.data) == 4 else "Q"
    return read_directory(read_at, layout, layout.unpack(code, entry.data)[0])[0]
