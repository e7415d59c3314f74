"""Where results of frames go: a clip, an animated picture, or a folder of pictures."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

import numpy as np

from imgan.errors import OutputError
from imgan.inference.outcome import check_memory
from imgan.inference.video.sources import Moment
from imgan.io.animation import check_animation
from imgan.io.animation import write_animation
from imgan.io.formats import suffix_of
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.video.colour import from_rgb
from imgan.io.video.colour import pad_to_even
from imgan.io.video.encoding import Encoding
from imgan.io.video.encoding import make_encoder
from imgan.io.video.library import clip_error
from imgan.io.video.library import load_av
from imgan.io.video.muxing import Join
from imgan.io.video.segments import PartWriter
from imgan.io.video.segments import Record
from imgan.io.video.segments import WorkFolder
from imgan.io.video.segments import other_work_folders
from imgan.io.video.segments import work_folder
from imgan.types import Size

if TYPE_CHECKING:
    from av import Packet
    from av.video.codeccontext import VideoCodecContext

PART_FRAMES = 96
"""Frames of a part: what a killed run loses at most, and a clip's key frames."""


class Sink(Protocol):
    """Takes results in the order of their frames."""

    warnings: list[str]

    def wants(self, index: int) -> bool:
        """Return whether a frame has still to be made."""

    def add(self, moment: Moment) -> None:
        """Take the result of a frame."""

    def finish(self, cancelled: threading.Event) -> None:
        """Let the output appear."""

    def close(self) -> None:
        """Let go of everything, whether or not the output appeared."""


class ClipSink:
    """Encodes parts into a hidden folder, and joins them when all are there.

    Args:
        output: The new clip.
        encoding: How it is encoded.
        settings: What else the parts depend on: the input, the model, its options.
        source: The clip whose other streams are kept, if there is one.
        time_base: Of the frames' times.

    Raises:
        OutputError: If another process makes the same clip.
    """

    def __init__(
        self,
        output: Path,
        encoding: Encoding,
        settings: dict[str, Any],
        source: Path | None,
        time_base: Fraction,
    ) -> None:
        self.warnings = list(encoding.notes)
        self._encoding = encoding
        self._ticks = time_base / encoding.time_base
        self._join = Join(output, encoding, [], source)
        settings = {**settings, "encoding": encoding.key(), "part": PART_FRAMES}
        folder = work_folder(output, settings)
        self._folder = WorkFolder(folder, output)
        for other in other_work_folders(folder, output):
            self.warnings.append(
                f"{other} holds parts of it from another input or other settings; "
                "remove it if they are not wanted"
            )
        self.resumed = self._folder.whole() * PART_FRAMES
        self._parts = self._folder.whole()
        self._part: PartWriter | None = None
        self._encoder: VideoCodecContext | None = None
        self._durations: dict[int, int] = {}
        self._last: int | None = None

    def wants(self, index: int) -> bool:
        """Return whether a frame is in no part that is there."""
        return index >= self.resumed

    def add(self, moment: Moment) -> None:
        """Encode a frame.

        Raises:
            OutputError: If it cannot be encoded, or the disk is full.
        """
        if moment.picture is None:
            raise ValueError("The frame was not computed")
        try:
            if self._encoder is None:
                self._encoder = make_encoder(self._encoding)
                self._part = self._folder.writer(self._parts).__enter__()
            frame = self._frame(moment, moment.picture)
            self._keep(self._encoder.encode(frame))
            if (moment.index + 1) % PART_FRAMES == 0:
                self._end_part()
        except load_av().FFmpegError as error:
            raise clip_error(self._join.output, error) from error

    def finish(self, cancelled: threading.Event) -> None:
        """Join the parts, with sound and subtitles.

        Raises:
            OutputError: If the clip cannot be written.
            WriteCancelledError: If `cancelled` was set.
        """
        try:
            self._end_part()
        except load_av().FFmpegError as error:
            raise clip_error(self._join.output, error) from error
        self._join.parts = [self._folder.part(one) for one in range(self._parts)]
        if not self._parts:
            raise OutputError(f"Cannot write {self._join.output}: there is no frame")
        self._join.write(cancelled)
        self.warnings += self._join.warnings
        self._folder.discard()

    def close(self) -> None:
        """Give up an unfinished part; whole ones stay for the next run."""
        if self._part is not None:
            self._part.__exit__(OutputError, OutputError(), None)
            self._part = None
        self._folder.close()

    def _frame(self, moment: Moment, picture: Picture) -> Any:
        pixels, encoding = picture.pixels, self._encoding
        if Size(*pixels.shape[:2]) != encoding.size:
            pixels = pad_to_even(pixels)
        frame = from_rgb(pixels, encoding.pixel_format, encoding.tags)
        pts = round(moment.pts * self._ticks)
        if self._last is not None and pts <= self._last:
            pts = self._last + 1
        self._last = pts
        duration = max(1, round(moment.duration * self._ticks))
        frame.pts, frame.time_base = pts, encoding.time_base
        frame.duration = self._durations[pts] = duration
        return frame

    def _keep(self, packets: "list[Packet[Any]]") -> None:
        if self._part is None:
            raise ValueError("There is no part to write to")
        for packet in packets:
            pts = int(packet.pts or 0)
            duration = self._durations.pop(pts, 0)
            self._part.add(Record(pts, duration, packet.is_keyframe, bytes(packet)))

    def _end_part(self) -> None:
        if self._encoder is None or self._part is None:
            return
        self._keep(self._encoder.encode(None))
        part, self._part, self._encoder = self._part, None, None
        part.__exit__(None, None, None)
        self._parts += 1


class FramesSink:
    """Writes every frame as a picture of its own; those that are there stay.

    Args:
        folder: Holds `000001.png` and so on.
        image_format: One of the formats that are written.
        write: Writes one picture, in the options of the batch.
        overwrite: Make again what is there.
    """

    def __init__(
        self,
        folder: Path,
        image_format: str,
        write: Callable[[Picture, Path], None],
        *,
        overwrite: bool,
    ) -> None:
        self.warnings: list[str] = []
        self.made = 0
        self._folder, self._suffix = folder, suffix_of(image_format)
        self._write, self._overwrite = write, overwrite

    def wants(self, index: int) -> bool:
        """Return whether a frame's picture is missing."""
        return self._overwrite or not os.path.lexists(self._path(index))

    def add(self, moment: Moment) -> None:
        """Write a frame."""
        if moment.picture is None:
            raise ValueError("The frame was not computed")
        self._write(moment.picture, self._path(moment.index))
        self.made += 1

    def finish(self, cancelled: threading.Event) -> None:
        """Do nothing: every picture is whole already."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _path(self, index: int) -> Path:
        return self._folder / f"{index + 1:06d}{self._suffix}"


@dataclass
class AnimationSink:
    """Collects frames, and writes them as one GIF, WebP or PNG.

    Args:
        output: The new file.
        image_format: `gif`, `webp` or `png`.
        size: Of the results.
        count: Frames that are expected.
        time_base: Of the frames' times.
        loop: How often it is shown; 0 for ever.
        quality: 1 to 100, of WebP.

    Raises:
        OutputError: If the format or the memory does not hold the frames.
    """

    output: Path
    image_format: str
    size: Size
    count: int
    time_base: Fraction
    loop: int = 0
    quality: int = 95
    warnings: list[str] = field(default_factory=list)
    _frames: list[Picture] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check what can be checked before anything is computed."""
        check_animation(self.image_format, self.size, self.output)
        # All frames, and once more below each other.
        held = 2 * 4 * self.size.height * self.size.width * self.count
        check_memory(held, self.size)

    def wants(self, index: int) -> bool:
        """Return True: an animation is written at once."""
        return True

    def add(self, moment: Moment) -> None:
        """Keep a frame."""
        picture = moment.picture
        if picture is None:
            raise ValueError("The frame was not computed")
        if picture.pixels.dtype != np.uint8:
            picture = _as_bytes(picture)
            note = "animations hold 8 bits a channel: deeper values are rounded"
            if note not in self.warnings:
                self.warnings.append(note)
        self._frames.append(picture)
        self._spans.append((moment.pts, moment.pts + moment.duration))

    def finish(self, cancelled: threading.Event) -> None:
        """Write the file.

        Raises:
            OutputError: If it cannot be written.
        """
        if not self._frames:
            raise OutputError(f"Cannot write {self.output}: there is no frame")
        write_animation(
            self._frames,
            self._delays(),
            self.output,
            self.image_format,
            loop=self.loop,
            quality=self.quality,
        )

    def close(self) -> None:
        """Let go of the frames."""
        self._frames.clear()

    def _delays(self) -> list[int]:
        """Return milliseconds, rounded so that no error adds up."""
        unit = 10 if self.image_format == "gif" else 1
        step = self.time_base * 1000 / unit
        start = self._spans[0][0]
        ends = [one for one, _ in self._spans[1:]] + [self._spans[-1][1]]
        marks = [0, *(round((end - start) * step) for end in ends)]
        return [
            (after - before) * unit
            for before, after in zip(marks, marks[1:], strict=False)
        ]


def _as_bytes(picture: Picture) -> Picture:
    peak = 65535 if picture.pixels.dtype == np.uint16 else 1
    scaled = np.floor(picture.pixels * (255 / peak) + 0.5)
    alpha = picture.alpha
    if alpha is not None:
        alpha = np.floor(alpha * (255 / peak) + 0.5).astype(np.uint8)
    return Picture(scaled.astype(np.uint8), alpha)


def picture_writer(quality: int, compression: int) -> Callable[[Picture, Path], None]:
    """Return what writes one frame as a picture."""

    def write(picture: Picture, path: Path) -> None:
        write_image(picture, path, quality=quality, compression=compression)

    return write


__all__ = [
    "AnimationSink",
    "ClipSink",
    "FramesSink",
    "Sink",
    "picture_writer",
]
