"""The directory of a zip archive, and entries that are no larger than they say.

Python's `zipfile` trusts an archive in more than is good here: entries that overlap,
that say nothing of their size before they fill the memory, names that come twice.
"""

import struct
import zlib
from dataclasses import dataclass

from imgan.errors import CheckpointError
from imgan.importing.reading.source import AGAIN
from imgan.importing.reading.source import Source

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END_64, _LOCATOR_64 = b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _LOCATOR_BYTES, _END_64_BYTES = 22, 20, 56
_CENTRAL_BYTES, _LOCAL_BYTES = 46, 30
_LONGEST_COMMENT = 0xFFFF
_IN_EXTRA, _COUNT_IN_EXTRA, _EXTRA_64 = 0xFFFFFFFF, 0xFFFF, 1
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1

_LONGEST_NAME = 300
_MOST_ENTRIES = 100_000
_MOST_DIRECTORY_BYTES = 32 << 20
# Numbers deflate to nine tenths, a pickle to a third; a bomb to a thousandth.
_MOST_INFLATION = 16
_FREE_INFLATION = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file in the archive."""

    name: str
    method: int
    flags: int
    checksum: int
    packed: int
    """Bytes in the archive."""
    size: int
    """Bytes unpacked."""
    start: int
    """Position of its local header."""


def is_zip(head: bytes) -> bool:
    """Return whether a file that starts so is meant as a zip archive."""
    return head[:4] in (_LOCAL, _END)


def read_directory(source: Source) -> dict[str, Entry]:
    """Return the entries of an archive by name, folders left out.

    Raises:
        CheckpointError: If it is truncated or damaged, if entries overlap, come twice
            or are encrypted, or if they unpack to more than numbers do.
    """
    count, length, start = _directory_place(source)
    if count > _MOST_ENTRIES or length > _MOST_DIRECTORY_BYTES:
        raise CheckpointError(
            f"The archive has {count} entries; those of a network have up to "
            f"{_MOST_ENTRIES}"
        )
    data = bytes(source.read(start, length, "the archive's directory"))
    entries: dict[str, Entry] = {}
    position = 0
    for _ in range(count):
        entry, position = _entry(data, position)
        if entry.name.endswith("/"):
            continue
        if entry.name in entries:
            raise CheckpointError(f"The archive holds {entry.name} twice")
        entries[entry.name] = entry
    _refuse_bombs(source, list(entries.values()), start)
    return entries


def read_entry(source: Source, entry: Entry) -> bytearray:
    """Return the bytes of an entry, unpacked and checked.

    Raises:
        CheckpointError: If it is damaged, or packed in a way that is not supported.
    """
    name = entry.name
    local = source.read(entry.start, _LOCAL_BYTES, name)
    if local[:4] != _LOCAL:
        raise _damaged(f"{name} is not where the directory says")
    lengths = struct.unpack_from("<HH", local, 26)
    data = source.read(entry.start + _LOCAL_BYTES + sum(lengths), entry.packed, name)
    if entry.method == _DEFLATED:
        data = _inflated(entry, data)
    # PyTorch writes 0 where it was told not to compute checksums.
    if entry.checksum and zlib.crc32(data) != entry.checksum:
        raise _damaged(f"the checksum of {name} is wrong")
    return data


def _inflated(entry: Entry, data: bytearray) -> bytearray:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unpacked = bytearray(unpacker.decompress(data, entry.size + 1))
    except zlib.error as error:
        raise _damaged(f"{entry.name} cannot be unpacked") from error
    if len(unpacked) != entry.size or not unpacker.eof:
        raise _damaged(f"{entry.name} does not unpack to its {entry.size} bytes")
    return unpacked


def _directory_place(source: Source) -> tuple[int, int, int]:
    """Return number of entries, length and position of the directory."""
    tail = source.tail(_LONGEST_COMMENT + _END_BYTES)
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise CheckpointError(
            f"The archive is truncated: its end is missing after {source.size} bytes, "
            f"as in a download that stopped. {AGAIN}"
        )
    count, length, start = struct.unpack_from("<HLL", tail, at + 10)
    end = source.size - len(tail) + at
    if count == _COUNT_IN_EXTRA or _IN_EXTRA in (length, start):
        where = source.read(end - _LOCATOR_BYTES, _LOCATOR_BYTES, "the archive's end")
        if where[:4] != _LOCATOR_64:
            raise _damaged("its end is not of a known form")
        end = struct.unpack_from("<Q", where, 8)[0]
        large = source.read(end, _END_64_BYTES, "the archive's end")
        if large[:4] != _END_64:
            raise _damaged("its end is not of a known form")
        count, length, start = struct.unpack_from("<QQQ", large, 32)
    if start + length > end:
        raise _damaged("its directory lies behind its end")
    return count, length, start


def _entry(data: bytes, position: int) -> tuple[Entry, int]:
    """Return the entry at a position of the directory, and the position after it."""
    if data[position : position + 4] != _CENTRAL:
        raise _damaged("its directory is not of a known form")
    if position + _CENTRAL_BYTES > len(data):
        raise _damaged("its directory is cut off")
    flags, method = struct.unpack_from("<HH", data, position + 8)
    checksum, packed, size, name_bytes, extra_bytes, comment_bytes = struct.unpack_from(
        "<LLLHHH", data, position + 16
    )
    start = struct.unpack_from("<L", data, position + 42)[0]
    after = position + _CENTRAL_BYTES
    name = data[after : after + name_bytes].decode("utf-8", "replace")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise _damaged("a name in its directory is no text")
    extra = data[after + name_bytes : after + name_bytes + extra_bytes]
    size, packed, start = _large(extra, [size, packed, start])
    if flags & _ENCRYPTED:
        raise CheckpointError(f"{name} in the archive is encrypted; unpack it first")
    if method not in (_STORED, _DEFLATED) or (method == _STORED and packed != size):
        raise CheckpointError(
            f"{name} in the archive is packed by method {method} from {size} to "
            f"{packed} bytes; expected 0, stored, or 8, deflated"
        )
    following = after + name_bytes + extra_bytes + comment_bytes
    return Entry(name, method, flags, checksum, packed, size, start), following


def _large(extra: bytes, numbers: list[int]) -> list[int]:
    """Return numbers of 32 bits, those that did not fit taken from the extra field."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        field = extra[position + 4 : position + 4 + length]
        if kind == _EXTRA_64:
            large = [
                value[0]
                for value in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])
            ]
            return [
                large.pop(0) if number == _IN_EXTRA and large else number
                for number in numbers
            ]
        position += 4 + length
    return numbers


def _refuse_bombs(source: Source, entries: list[Entry], directory: int) -> None:
    end, before = 0, ""
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < end:
            raise CheckpointError(
                f"{entry.name} and {before} overlap in the archive; refused, as "
                "archives that unpack to far more than their size are made so"
            )
        end, before = entry.start + _LOCAL_BYTES + entry.packed, entry.name
        if end > directory:
            raise _damaged(f"{entry.name} reaches into the directory")
    unpacked = sum(entry.size for entry in entries)
    if unpacked > _MOST_INFLATION * source.size + _FREE_INFLATION:
        raise CheckpointError(
            f"The archive of {source.size} bytes would unpack to {unpacked}; weights "
            f"do not compress more than {_MOST_INFLATION} times"
        )


def _damaged(reason: str) -> CheckpointError:
    return CheckpointError(f"The archive is damaged: {reason}. {AGAIN}")
