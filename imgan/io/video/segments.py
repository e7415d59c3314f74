"""Encoded parts of a clip on disk, each whole or not there, and the folder they are in.

A part holds the packets of a fixed number of frames, beginning with a key frame. The
folder is named after everything that its contents depend on, so that a command that is
given again finds its own parts and no others.
"""

import contextlib
import hashlib
import json
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import BinaryIO
from typing import NamedTuple
from typing import Self

from imgan.errors import OutputError
from imgan.io.temporaries import write_error

WORK_SUFFIX = ".imgan-work"

_HEAD = struct.Struct("<qqQ?")  # pts, duration, bytes, key frame
_END = struct.Struct("<8sQ")
_MAGIC = b"imganEND"
_LONGEST_STEM = 180


class Record(NamedTuple):
    """One encoded frame."""

    pts: int
    duration: int
    key: bool
    data: bytes


def work_folder(output: Path, settings: dict[str, Any]) -> Path:
    """Return the hidden folder beside an output for parts made with some settings."""
    text = json.dumps(settings, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = output.name
    while len(os.fsencode(name)) > _LONGEST_STEM:
        name = name[:-1]
    return output.with_name(f".{name}.{digest}{WORK_SUFFIX}")


def other_work_folders(folder: Path, output: Path) -> list[Path]:
    """Return the folders that other settings left for the same output."""
    start = folder.name[: -len(WORK_SUFFIX) - 12]
    with contextlib.suppress(OSError):
        return [
            path
            for path in sorted(output.parent.iterdir())
            if path.name.startswith(start)
            and path.name.endswith(WORK_SUFFIX)
            and path != folder
        ]
    return []


class WorkFolder:
    """The parts of one output; a single process at a time may have it open.

    Args:
        path: Made with its parents if it is missing.
        output: What the parts are of, for messages.

    Raises:
        OutputError: If it cannot be made, or another process works in it.
    """

    def __init__(self, path: Path, output: Path) -> None:
        self.path, self.output = path, output
        self._lock: BinaryIO | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / "lock").open("wb")
            self._claim()
        except OSError as error:
            if self._lock is not None:
                self._lock.close()
                self._lock = None
            raise write_error(output, error) from error
        for unfinished in path.glob("*.unfinished"):
            unfinished.unlink(missing_ok=True)

    def whole(self) -> int:
        """Return how many parts there are from the first on without a gap."""
        count = 0
        while _is_whole(self.part(count)):
            count += 1
        return count

    def part(self, index: int) -> Path:
        """Return the path of a part."""
        return self.path / f"{index:06d}.part"

    def writer(self, index: int) -> "PartWriter":
        """Return what writes a part."""
        return PartWriter(self.part(index), self.output)

    def discard(self) -> None:
        """Remove the folder with all parts."""
        # Before the lock is given up: nobody else may be in it yet.
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let go of the folder; it stays if there is a part in it."""
        if self._lock is None:
            return
        if not self.whole():
            shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()
        self._lock = None

    def _claim(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows: nothing tells that a process has died.
            return
        if self._lock is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            self._lock = None
            raise OutputError(
                f"Another process is making {self.output}; wait for it, or name "
                "another output"
            ) from error


class PartWriter:
    """Writes the packets of one part; use it as a context.

    Args:
        path: Of the part, which appears when the block ends without an error.
        output: What it is a part of, for messages.
    """

    def __init__(self, path: Path, output: Path) -> None:
        self._path, self._output = path, output
        self._unfinished = path.with_suffix(".unfinished")
        self._count = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self._unfinished.open("wb")
        except OSError as error:
            raise write_error(self._output, error) from error
        return self

    def add(self, record: Record) -> None:
        """Append one packet.

        Raises:
            OutputError: If it cannot be written.
        """
        if self._file is None:
            raise ValueError("The part is not open")
        head = _HEAD.pack(record.pts, record.duration, len(record.data), record.key)
        try:
            self._file.write(head)
            self._file.write(record.data)
        except OSError as error:
            raise write_error(self._output, error) from error
        self._count += 1

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._file is None:
            return
        try:
            if error is None:
                self._file.write(_END.pack(_MAGIC, self._count))
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
            if error is None:
                os.replace(self._unfinished, self._path)
        except OSError as failure:
            if error is None:
                raise write_error(self._output, failure) from failure
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
            with contextlib.suppress(OSError):
                self._unfinished.unlink(missing_ok=True)


def read_part(path: Path, *, data: bool = True) -> Iterator[Record]:
    """Yield the packets of a part, in the order in which they are decoded.

    Args:
        path: Of the part.
        data: Whether the packets themselves are wanted, or only their times.
    """
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size - _END.size
        while file.tell() < end:
            pts, duration, length, key = _HEAD.unpack(file.read(_HEAD.size))
            if data:
                yield Record(pts, duration, key, file.read(length))
            else:
                file.seek(length, os.SEEK_CUR)
                yield Record(pts, duration, key, b"")


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-_END.size, os.SEEK_END)
            magic, _ = _END.unpack(file.read(_END.size))
    except OSError:
        return False
    return bool(magic == _MAGIC)
