"""Results of frames as a clip, in parts that a later run finds again."""

import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from imgan.errors import OutputError
from imgan.inference.video.sources import Moment
from imgan.io.images import Picture
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
from imgan.io.video.segments import read_part
from imgan.io.video.segments import work_folder
from imgan.types import Size

if TYPE_CHECKING:
    from av import Packet
    from av.video.codeccontext import VideoCodecContext

PART_FRAMES = 96
"""Frames of a part: what a killed run loses at most, and a clip's key frames."""


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
        self._last = self._last_time()

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

    def _last_time(self) -> int | None:
        """Return when the last frame is shown that an earlier run has encoded."""
        if not self._parts:
            return None
        last = self._folder.part(self._parts - 1)
        return max(record.pts for record in read_part(last, data=False))

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
