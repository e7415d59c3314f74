"""Open files safely and look at their structure before anything is decoded."""

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imgan.errors import ImageReadError
from imgan.io.formats import brands_of
from imgan.io.formats import foreign_name
from imgan.io.formats import sniff
from imgan.io.ifd import ReadAt
from imgan.io.tiff import count_tiff_pages
from imgan.io.tiff import reader

_HEAD = 64  # bytes
_MOST_CHUNKS = 100_000
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass
class Source:
    """An open regular file whose first bytes are those of a picture."""

    path: Path
    file: BinaryIO
    image_format: str
    length: int
    """Bytes in the file."""
    content: bytes = b""
    """All of it, where it is decoded from memory."""

    @property
    def read_at(self) -> ReadAt:
        """Function that reads the file at an offset."""
        return reader(self.file)

    @contextlib.contextmanager
    def position_kept(self) -> Iterator[None]:
        """Let the block read while libvips reads on by the same descriptor."""
        position = self.file.tell()
        try:
            yield
        finally:
            self.file.seek(position)


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a picture's file and recognise it by its content, never by its name.

    Raises:
        ImageReadError: If it is no regular, readable file, empty, or no picture.
    """
    try:
        # Even opening a pipe or a device can wait for ever, or do something.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = next(
                (name for is_, name in _KINDS if is_(status.st_mode)), "special"
            )
            raise ImageReadError(f"{path} is {kind}, not a regular file")
        file = path.open("rb", buffering=0)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageReadError(f"Cannot open {path}: {reason}") from error
    except ValueError as error:
        raise ImageReadError(f"Cannot open {str(path)!r}: {error}") from error
    with file:
        yield _recognise(path, file)


def count_frames(source: Source) -> int:
    """Return the pictures that a file says it holds: pages of a TIFF, or frames.

    libvips counts those of GIF, WebP and HEIF itself; this is for what it overlooks.
    """
    if source.image_format == "tiff":
        return count_tiff_pages(source.read_at)
    if source.image_format == "png":
        return _count_png_frames(source)
    if source.image_format in ("avif", "heic"):
        return _count_sequence_frames(source)
    return 1


def _recognise(path: Path, file: BinaryIO) -> Source:
    try:
        head = file.read(_HEAD)
        length = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if not head:
        raise ImageReadError(f"{path} is empty (0 bytes)")
    image_format = sniff(head)
    if image_format is None:
        name = foreign_name(head)
        found = f"is a {name} file, which is not read" if name else "is not a picture"
        raise ImageReadError(
            f"{path} {found}; expected PNG, JPEG, WebP, TIFF, BMP, AVIF, HEIC or GIF"
        )
    return Source(path, file, image_format, length)


def unreadable(path: Path, error: OSError) -> ImageReadError:
    """Return one line for a file that the system does not let us read."""
    return ImageReadError(f"Cannot read {path}: {error.strerror or error}")


def _count_png_frames(source: Source) -> int:
    # An animation announces itself in an acTL chunk before the first pixels.
    position = 8
    for _ in range(_MOST_CHUNKS):
        head = source.read_at(position, 12)
        kind = head[4:8]
        if len(head) < 12 or kind in (b"IDAT", b"IEND"):
            return 1
        if kind == b"acTL":
            return int.from_bytes(head[8:12], "big")
        position += 12 + int.from_bytes(head[:4], "big")
    return 1


def _count_sequence_frames(source: Source) -> int:
    head = source.read_at(0, _HEAD)
    if head[8:12] not in (b"avis", b"hevc", b"msf1"):
        return 1
    if not brands_of(head) & {b"avis", b"hevc", b"msf1"}:
        return 1
    counts = _sample_counts(source, 0, source.length)
    return max(counts, default=2)


def _sample_counts(source: Source, start: int, end: int) -> list[int]:
    """Return the sample count of each track (ISO 14496-12, boxes down to `stsz`)."""
    counts: list[int] = []
    while start + 8 <= end and len(counts) < 64:
        head = source.read_at(start, 20)
        length = int.from_bytes(head[:4], "big")
        kind = head[4:8]
        header = 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = end - start
        if length < header:
            break
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            counts += _sample_counts(source, start + header, min(end, start + length))
        elif kind == b"stsz":
            counts.append(int.from_bytes(head[16:20], "big"))
        start += length
    return counts
