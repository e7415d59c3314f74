"""Directories of TIFF files: tagged values, in either byte order, also of BigTIFF.

EXIF uses the same structure (TIFF 6.0, section 2; EXIF 2.32, section 4.6). Values are
kept as bytes; nothing but the structure is interpreted.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ReadAt = Callable[[int, int], bytes]
"""`read_at(offset, length)` returns up to `length` bytes of the file or blob."""

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
    place: int = 0
    """Where the bytes were read, if not in the directory itself."""


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


def build_directory(
    directory: Directory, layout: Layout, offset: int, pointers: dict[int, int]
) -> bytes:
    """Return a directory and its long values, to be placed at an offset; no next one.

    The offsets in `pointers` take the place of the values of those tags.
    """
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


def swap_entry(entry: Entry, source: str, target: str) -> Entry:
    """Return the entry with its values in another byte order."""
    unit = _SWAP_SIZE[entry.kind]
    if source == target or unit == 1:
        return entry
    data = np.frombuffer(entry.data, f"u{unit}").byteswap().tobytes()
    return entry._replace(data=data)


def _table_size(directory: Directory, layout: Layout) -> int:
    count_size = 8 if layout.big else 2
    return count_size + len(directory) * layout.entry_size + layout.word_size


def directory_size(directory: Directory, layout: Layout) -> int:
    """Return the bytes of a directory with its long values."""
    long_values = (
        len(entry.data) + len(entry.data) % 2
        for entry in directory.values()
        if len(entry.data) > layout.word_size
    )
    return _table_size(directory, layout) + sum(long_values)


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
    place = layout.unpack(layout.word, inline)[0]
    data = read_at(place, length)
    return (tag, Entry(kind, count, data, place)) if len(data) == length else None
