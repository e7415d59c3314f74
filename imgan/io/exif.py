"""EXIF as a tree of entries: read from a blob or a TIFF file, changed, written back.

libvips carries EXIF between JPEG, PNG, WebP and AVIF, but neither reads nor writes it
in TIFF files, where it lies in the directories of the file itself (TIFF 6.0; EXIF 2.32,
section 4.6). Values are kept as bytes; nothing but the structure is interpreted.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

import numpy as np

from imgan.types import Size

ReadAt = Callable[[int, int], bytes]
"""`read_at(offset, length)` returns up to `length` bytes of the file or blob."""

ORIENTATION = 0x0112
DETAILS_POINTER = 0x8769
GPS_POINTER = 0x8825
INTEROPERABILITY_POINTER = 0xA005
SUBFILE_TYPE = 0x00FE
_PIXEL_WIDTH = 0xA002
_PIXEL_HEIGHT = 0xA003
_SHORT = 3
_LONG = 4

# Bytes of one value by type, and the bytes that swap together in the other byte order.
_VALUE_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8}
_VALUE_SIZE |= {11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_SWAP_SIZE = _VALUE_SIZE | {5: 4, 10: 4}
_LONGEST_VALUE = 2**24  # bytes; a longer one is damage, or pixels
_MOST_ENTRIES = 4096
_MOST_PAGES = 100_000


class Entry(NamedTuple):
    """One value of a directory: type, number of values, and their bytes."""

    kind: int
    number: int
    data: bytes


Directory = dict[int, Entry]


class Layout(NamedTuple):
    """Byte order (`<` or `>`) and whether offsets have 8 bytes (BigTIFF)."""

    order: str
    big: bool = False

    @property
    def word(self) -> str:
        """Struct code of an offset."""
        return "Q" if self.big else "L"

    @property
    def word_size(self) -> int:
        """Bytes of an offset, and of the values kept inside an entry."""
        return 8 if self.big else 4

    @property
    def entry_size(self) -> int:
        """Bytes of one entry in a directory."""
        return 20 if self.big else 12

    def pack(self, codes: str, *values: int) -> bytes:
        """Pack integers in this byte order."""
        return struct.pack(self.order + codes, *values)

    def unpack(self, codes: str, data: bytes) -> tuple[int, ...]:
        """Unpack integers in this byte order."""
        return struct.unpack(self.order + codes, data)


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
        entry = self.main.get(ORIENTATION)
        if entry is None or entry.kind != _SHORT or len(entry.data) < 2:
            return 1
        value = struct.unpack_from(self.order + "H", entry.data)[0]
        return int(value) if 1 <= value <= 8 else 1

    def reset_orientation(self) -> None:
        """Say that the pixels are upright."""
        if ORIENTATION in self.main:
            self.main[ORIENTATION] = self._entry(_SHORT, 1)

    def describe_pixels(self, size: Size) -> None:
        """Make the orientation upright and the pixel dimensions true."""
        self.reset_orientation()
        for tag, value in ((_PIXEL_WIDTH, size.width), (_PIXEL_HEIGHT, size.height)):
            if tag in self.details:
                self.details[tag] = self._entry(_LONG, value)

    def swapped(self, order: str) -> "Exif":
        """Return a copy whose values are in the given byte order."""
        directories = (self.main, self.details, self.gps, self.interoperability)
        return Exif(
            order,
            *(
                {tag: _swap(entry, self.order, order) for tag, entry in each.items()}
                for each in directories
            ),
        )

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
    """Write a blob with its `Exif` prefix, in the byte order that it was read in."""
    layout = Layout(exif.order)
    mark = b"II" if exif.order == "<" else b"MM"
    header = mark + layout.pack("HL", 42, 8)
    return b"Exif\0\0" + header + build_tree(exif, layout, 8)


def read_header(read_at: ReadAt) -> tuple[Layout | None, int]:
    """Return the layout of a TIFF structure and the offset of its first directory."""
    head = read_at(0, 16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return None, 0
    layout = Layout(order)
    if layout.unpack("H", head[2:4])[0] != 43:
        return layout, layout.unpack("L", head[4:8])[0]
    if len(head) < 16:
        return None, 0
    return Layout(order, big=True), layout.unpack("Q", head[8:16])[0]


def read_tree(read_at: ReadAt, layout: Layout, offset: int) -> Exif:
    """Read the directory at an offset and those that it points to."""
    main, _ = read_directory(read_at, layout, offset)
    details = _follow(read_at, layout, main, DETAILS_POINTER)
    gps = _follow(read_at, layout, main, GPS_POINTER)
    inner = _follow(read_at, layout, details, INTEROPERABILITY_POINTER)
    return Exif(layout.order, main, details, gps, inner)


def read_directory(
    read_at: ReadAt, layout: Layout, offset: int
) -> tuple[Directory, int]:
    """Return the entries of one directory and the offset of the next one, or 0."""
    count_code, count_size = ("Q", 8) if layout.big else ("H", 2)
    head = read_at(offset, count_size)
    if offset == 0 or len(head) < count_size:
        return {}, 0
    count = layout.unpack(count_code, head)[0]
    if count > _MOST_ENTRIES:
        return {}, 0
    start = offset + count_size
    table = read_at(start, count * layout.entry_size + layout.word_size)
    directory: Directory = {}
    for index in range(min(count, len(table) // layout.entry_size)):
        first = index * layout.entry_size
        entry = _read_entry(read_at, layout, table[first : first + layout.entry_size])
        if entry is not None:
            directory[entry[0]] = entry[1]
    tail = table[count * layout.entry_size :]
    complete = len(tail) == layout.word_size
    return directory, layout.unpack(layout.word, tail)[0] if complete else 0


def read_chain(read_at: ReadAt) -> list[Directory]:
    """Return the directory of every page of a TIFF file, in order."""
    layout, offset = read_header(read_at)
    pages: list[Directory] = []
    seen: set[int] = set()
    while layout is not None and offset and offset not in seen:
        seen.add(offset)
        directory, offset = read_directory(read_at, layout, offset)
        if not directory or len(pages) >= _MOST_PAGES:
            break
        pages.append(directory)
    return pages


def build_tree(exif: Exif, layout: Layout, offset: int) -> bytes:
    """Return the bytes of all directories, to be placed at an offset.

    The values must be in the byte order of the layout (`Exif.swapped`).
    """
    main, details = dict(exif.main), dict(exif.details)
    for directory, tag, child in (
        (details, INTEROPERABILITY_POINTER, exif.interoperability),
        (main, DETAILS_POINTER, exif.details),
        (main, GPS_POINTER, exif.gps),
    ):
        directory.pop(tag, None)
        if child:
            directory[tag] = Entry(16 if layout.big else _LONG, 1, b"")
    parts: list[bytes] = []
    # Children first: a parent can then be written with the places of its children.
    pointers: dict[int, int] = {}
    place = offset + _directory_size(main, layout)
    for tag, child in (
        (INTEROPERABILITY_POINTER, exif.interoperability),
        (DETAILS_POINTER, details),
        (GPS_POINTER, exif.gps),
    ):
        if child:
            pointers[tag] = place
            parts.append(_build_directory(child, layout, place, pointers))
            place += len(parts[-1])
    first = _build_directory(main, layout, offset, pointers)
    return b"".join([first, *parts])


def _build_directory(
    directory: Directory, layout: Layout, offset: int, pointers: dict[int, int]
) -> bytes:
    table = [layout.pack("Q" if layout.big else "H", len(directory))]
    values: list[bytes] = []
    place = offset + _table_size(directory, layout)
    for tag, entry in sorted(directory.items()):
        data = entry.data
        if tag in pointers:
            data = layout.pack(layout.word, pointers[tag])
        table.append(layout.pack("HH" + layout.word, tag, entry.kind, entry.number))
        if len(data) <= layout.word_size:
            table.append(data.ljust(layout.word_size, b"\0"))
        else:
            table.append(layout.pack(layout.word, place))
            values.append(data + b"\0" * (len(data) % 2))
            place += len(values[-1])
    table.append(layout.pack(layout.word, 0))
    return b"".join(table + values)


def _read_entry(
    read_at: ReadAt, layout: Layout, record: bytes
) -> tuple[int, Entry] | None:
    tag, kind = layout.unpack("HH", record[:4])
    count = layout.unpack(layout.word, record[4 : 4 + layout.word_size])[0]
    length = _VALUE_SIZE.get(kind, 0) * count
    if not 0 < length <= _LONGEST_VALUE:
        return None
    inline = record[4 + layout.word_size :]
    if length <= layout.word_size:
        return tag, Entry(kind, count, inline[:length])
    data = read_at(layout.unpack(layout.word, inline)[0], length)
    return (tag, Entry(kind, count, data)) if len(data) == length else None


def _follow(
    read_at: ReadAt, layout: Layout, directory: Directory, tag: int
) -> Directory:
    entry = directory.get(tag)
    if entry is None or len(entry.data) not in (4, 8):
        return {}
    code = "L" if len(entry.data) == 4 else "Q"
    return read_directory(read_at, layout, layout.unpack(code, entry.data)[0])[0]


def _swap(entry: Entry, source: str, target: str) -> Entry:
    unit = _SWAP_SIZE[entry.kind]
    if source == target or unit == 1:
        return entry
    data = np.frombuffer(entry.data, f"u{unit}").byteswap().tobytes()
    return entry._replace(data=data)


def _table_size(directory: Directory, layout: Layout) -> int:
    count_size = 8 if layout.big else 2
    return count_size + len(directory) * layout.entry_size + layout.word_size


def _directory_size(directory: Directory, layout: Layout) -> int:
    long_values = (
        len(entry.data) + len(entry.data) % 2
        for entry in directory.values()
        if len(entry.data) > layout.word_size
    )
    return _table_size(directory, layout) + sum(long_values)
