"""A file under reading: its bytes by position, and never more than it holds."""

from typing import BinaryIO

from imgan.errors import CheckpointError


class Source:
    """An open file whose every read is checked against its size.

    It is read rather than mapped: a file that another program cuts short meanwhile is
    then an error, and not the end of the process.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def read(self, start: int, length: int, what: str) -> bytearray:
        """Return `length` bytes from `start`.

        Args:
            start: Position in the file.
            length: How many bytes.
            what: What lies there, for the error.

        Raises:
            CheckpointError: If the file ends before.
        """
        if start < 0 or length < 0 or start + length > self.size:
            raise CheckpointError(
                f"The file is truncated or damaged: {what} should lie at bytes {start} "
                f"to {start + length}, and the file has {self.size}. {AGAIN}"
            )
        data = bytearray(length)
        self._file.seek(start)
        if self._file.readinto(data) != length:  # type: ignore[attr-defined]
            raise CheckpointError(
                f"The file ended while {what} was read; expected {self.size} bytes in "
                f"all. {AGAIN}"
            )
        return data

    def head(self, length: int) -> bytes:
        """Return up to `length` bytes of the start."""
        return bytes(self.read(0, min(length, self.size), "its start"))

    def tail(self, length: int) -> bytes:
        """Return up to `length` bytes of the end."""
        length = min(length, self.size)
        return bytes(self.read(self.size - length, length, "its end"))

    def window(self, start: int, length: int) -> "Window":
        """Return a part of the file as a small file, cut at the end of the file."""
        return Window(self._file, start, min(start + length, self.size))


class Window:
    """The three calls that parsing a pickle needs, over a part of a file.

    What a damaged pickle asks for is cut to what is there before it is allocated.
    """

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self._end = end
        file.seek(start)

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes."""
        return self._file.read(min(length, max(self._end - self.tell(), 0)))

    def readline(self) -> bytes:
        """Return the bytes up to and with the next newline."""
        return self._file.readline(max(self._end - self.tell(), 0))

    def tell(self) -> int:
        """Return the position in the whole file."""
        return self._file.tell()


AGAIN = "Download or copy it again."
