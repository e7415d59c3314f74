"""Write a picture of which the rows come one after another, and are not kept.

libvips encodes while rows are still being computed. It is shown an uncompressed TIFF
file that does not exist: the head is made up beforehand, since in such a file the place
of every row is known, and pixels are handed over as they come. TIFF is the one format
it reads that holds all that a result may be: any bands, 8 and 16 bits, and floats.
"""

import struct
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from imgan.errors import OutputError
from imgan.io.formats import check_output
from imgan.io.formats import format_of
from imgan.io.ifd import Entry
from imgan.io.ifd import Layout
from imgan.io.ifd import build_directory
from imgan.io.ifd import directory_size
from imgan.io.picture import Form
from imgan.io.vips import pyvips
from imgan.io.writing import EncoderThread
from imgan.io.writing import Encoding
from imgan.io.writing import check_cancelled
from imgan.io.writing import encoding
from imgan.io.writing import interpretation_of
from imgan.io.writing import write_file
from imgan.types import Array

_LAYOUT = Layout("<" if sys.byteorder == "little" else ">", big=True)
_STRIP_BYTES = 2**18
_POLL = 0.05  # seconds between looks at `cancelled`
_SHORT, _LONG, _LONG8 = 3, 4, 16  # type numbers of TIFF
_TRANSPARENCY = 2  # not premultiplied

# What libvips reads off the file that does not exist and would write into ours.
_NOT_OURS = ("bits-per-sample", "orientation", "n-pages", "vips-loader", "filename")


def write_rows(
    rows: Iterable[Array],
    form: Form,
    path: Path | str,
    *,
    quality: int = 95,
    compression: int = 1,
    cancelled: threading.Event | None = None,
) -> None:
    """Write a picture from the top, encoding some rows while the next are made.

    Pixels and metadata are those that `write_image` would write, only TIFF is in tiles.
    The file appears complete or not at all. WebP and AVIF hold the picture while they
    encode it; the others a few hundred rows.

    Args:
        rows: `(any number of rows, width, channels)` arrays in the picture's dtype,
            together as high as the picture; transparency is the last channel. What an
            iterator raises ends the file and is passed on.
        form: Of the picture.
        path: Any format but BMP; missing folders are made, a file is replaced.
        quality: As in `write_image`.
        compression: As in `write_image`.
        cancelled: As in `write_image`.

    Raises:
        OutputError: If the format cannot hold the picture or the file not be written.
        WriteCancelledError: If `cancelled` was set.
    """
    path = Path(path)
    image_format = format_of(path)
    if image_format in (None, "bmp"):
        raise OutputError(f"Cannot write {path} by rows: expected a format but BMP")
    check_output(image_format, form.size, form.dtype, form.has_alpha)
    feed = RowFeed(form)

    def begin(descriptor: int) -> Encoding:
        return encoding(
            feed.image(),
            form,
            image_format,
            descriptor,
            quality,
            compression,
            tiles=True,
        )

    def run(work: Encoding) -> None:
        thread = EncoderThread(work, feed.abandon)
        try:
            if feed.put_all(rows, cancelled):
                feed.check_complete()
            thread.finish(cancelled)
        except BaseException:
            feed.abandon()
            thread.give_up()
            raise

    write_file(path, image_format, form, begin, run)


class RowFeed:
    """The file that does not exist: one thread puts rows in, libvips reads it.

    Beside the rows that are being read there are never any others.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self._head = _head(form)
        self._length = len(self._head) + form.row_bytes * form.size.height
        self._condition = threading.Condition()
        self._rows = memoryview(b"")
        self._start = self._given = len(self._head)
        """Where the rows that are there begin, and where those end that were given."""
        self._position = 0
        self._abandoned = False
        # libvips calls into it, and does not keep it for Python.
        self._source = pyvips.SourceCustom()
        self._source.on_read(self._read)
        self._source.on_seek(self._seek)

    def image(self) -> pyvips.Image:
        """Return the picture; its pixels can be read once, from the top."""
        image = pyvips.Image.tiffload_source(
            self._source, access="sequential", fail_on="error"
        )
        image = image.copy(interpretation=interpretation_of(self._form))
        for name in _NOT_OURS:
            image.remove(name)
        return image

    def put_all(self, rows: Iterable[Array], cancelled: threading.Event | None) -> bool:
        """Hand over all rows; see `put`."""
        for some in rows:
            if not self.put(some, cancelled):
                return False
            # Not kept while the next are made.
            del some
        return True

    def put(self, rows: Array, cancelled: threading.Event | None) -> bool:
        """Hand rows over as soon as those before them were read.

        Returns:
            False if nobody will read them.

        Raises:
            WriteCancelledError: If `cancelled` was set.
        """
        form = self._form
        expected = (len(rows), form.size.width, form.channels + form.has_alpha)
        if rows.shape != expected or rows.dtype != form.dtype:
            raise ValueError(
                f"Expected rows of shape {expected} and {form.dtype}. Received: "
                f"{rows.shape} {rows.dtype}"
            )
        with self._condition:
            while len(self._rows) and not self._abandoned:
                self._condition.wait(_POLL)
                check_cancelled(cancelled)
            if self._abandoned:
                return False
            self._rows = np.ascontiguousarray(rows).reshape(-1).data.cast("B")
            self._given += len(self._rows)
            self._condition.notify_all()
        return True

    def abandon(self) -> None:
        """Let nobody wait any longer: no more rows come, or nobody reads them."""
        with self._condition:
            self._abandoned = True
            self._rows = memoryview(b"")
            self._condition.notify_all()

    def check_complete(self) -> None:
        """Check that all rows were handed over.

        Raises:
            ValueError: If there were too few or too many.
        """
        if self._given != self._length:
            raise ValueError(
                f"Expected {self._form.size.height} rows. Received "
                f"{(self._given - len(self._head)) / self._form.row_bytes:g}"
            )

    def _read(self, size: int) -> bytes:
        parts = []
        while size > 0:
            part = self._part(size)
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _part(self, size: int) -> bytes:
        if self._position < len(self._head):
            part = self._head[self._position : self._position + size]
        else:
            part = self._pixels(min(size, self._length - self._position))
        self._position += len(part)
        return part

    def _pixels(self, size: int) -> bytes:
        with self._condition:
            if self._position != self._start or size <= 0:
                return b""  # Read twice or out of order: an error for libvips.
            while not len(self._rows) and not self._abandoned:
                self._condition.wait()
            part = bytes(self._rows[:size])
            # An empty view would still keep the array.
            self._rows = (
                self._rows[size:] if size < len(self._rows) else memoryview(b"")
            )
            self._start += len(part)
            self._condition.notify_all()
        return part

    def _seek(self, offset: int, whence: int) -> int:
        self._position = offset + (0, self._position, self._length)[whence]
        return self._position


def _head(form: Form) -> bytes:
    """Return what a TIFF file of one uncompressed page has before its pixels."""
    per_strip = max(1, _STRIP_BYTES // form.row_bytes)
    lengths = [
        min(per_strip, form.size.height - top) * form.row_bytes
        for top in range(0, form.size.height, per_strip)
    ]
    samples = form.channels + form.has_alpha
    colour = form.channels == 3
    extra = [_TRANSPARENCY if form.has_alpha else 0] * (samples - (3 if colour else 1))
    values = {
        256: (_LONG, [form.size.width]),
        257: (_LONG, [form.size.height]),
        258: (_SHORT, [form.dtype.itemsize * 8] * samples),
        259: (_SHORT, [1]),  # not compressed
        262: (_SHORT, [2 if colour else 1]),  # RGB, or black is 0
        273: (_LONG8, lengths),  # where strips begin: see below
        277: (_SHORT, [samples]),
        278: (_LONG, [per_strip]),
        279: (_LONG8, lengths),
        284: (_SHORT, [1]),  # channels side by side
        339: (_SHORT, [3 if form.dtype.kind == "f" else 1] * samples),
    }
    if extra:
        values[338] = (_SHORT, extra)
    directory = {tag: _entry(kind, numbers) for tag, (kind, numbers) in values.items()}
    mark = b"II" if _LAYOUT.order == "<" else b"MM"
    head = mark + struct.pack(f"{_LAYOUT.order}HHHQ", 43, 8, 0, 16)
    first = len(head) + directory_size(directory, _LAYOUT)
    starts = np.cumsum([first, *lengths[:-1]])
    directory[273] = _entry(_LONG8, [int(start) for start in starts])
    return head + build_directory(directory, _LAYOUT, len(head), {})


def _entry(kind: int, numbers: list[int]) -> Entry:
    code = {_SHORT: "H", _LONG: "L", _LONG8: "Q"}[kind]
    return Entry(kind, len(numbers), _LAYOUT.pack(code * len(numbers), *numbers))
