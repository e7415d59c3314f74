"""The frames of a clip, one after another, as RGB with their times."""

import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgan.io.video.colour import to_rgb
from imgan.io.video.library import load_av
from imgan.io.video.probe import Clip
from imgan.io.video.probe import main_video
from imgan.io.video.probe import open_clip
from imgan.machine import core_limit
from imgan.types import Array

if TYPE_CHECKING:
    from av import Packet
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SHORT = 0.02
"""Share of a clip that may be missing before its end counts as cut off."""

_ONE_BY_ONE = frozenset({"h264", "hevc"})
_LONGEST_LAST = 20
"""Usual durations of a frame that the last one may have."""


@dataclass
class TimedFrame:
    """One frame of a clip."""

    index: int
    pts: int
    """When it is shown, in ticks of the clip's time base."""
    duration: int
    """How long, in the same ticks."""
    pixels: Array | None
    """`(height, width, 3)` or, grey, `(height, width)`; None where not wanted."""


@dataclass
class ClipReader:
    """Decodes a clip from its start to its end.

    What is damaged is left out and counted: the frames around it keep their times.
    """

    clip: Clip
    failed: int = 0
    """Packets that could not be decoded."""
    patched: int = 0
    """Frames whose damage the decoder covered."""
    read: int = 0
    last: int = 0
    """Tick at which the last frame ends."""
    _packets_read: int = 0
    _one_by_one: bool = False
    """Whether every packet is a frame."""
    _broken: bool = False
    """Whether the container could not be read to its end."""

    @property
    def damaged(self) -> int:
        """Frames with errors, those that are missing among them."""
        missing = 0
        if self._one_by_one:
            # The decoder of HEVC passes over what it cannot read without a word.
            missing = self._packets_read - self.read
        return max(self.failed, missing) + self.patched

    def frames(
        self, wanted: Callable[[int], bool] = lambda index: True
    ) -> Iterator[TimedFrame]:
        """Yield the frames in the order in which they are shown.

        Args:
            wanted: Told a frame's number: whether its pixels are needed.

        Raises:
            ImageReadError: If the clip cannot be opened.
        """
        waiting: TimedFrame | None = None
        with open_clip(self.clip.path) as container:
            for index, frame in enumerate(self._decoded(container)):
                pts = frame.pts if frame.pts is not None else self.last
                if waiting is not None:
                    # What the file says of durations is in the order of decoding.
                    pts = max(pts, waiting.pts + 1)
                    waiting.duration = pts - waiting.pts
                    yield waiting
                pixels = self._pixels(frame) if wanted(index) else None
                duration = self._last_duration(pts, int(frame.duration or 0))
                waiting = TimedFrame(index, pts, duration, pixels)
                self.read, self.last = index + 1, pts + duration
        if waiting is not None:
            yield waiting

    def warnings(self) -> list[str]:
        """Return what the user should know, after the last frame."""
        found = []
        if self.damaged:
            found.append(
                f"{self.damaged} frame{'s are' if self.damaged > 1 else ' is'} "
                f"damaged: {self.read} could be decoded, and keep their times"
            )
        seconds = float(self.last * self.clip.time_base)
        expected = self.clip.seconds
        if expected and seconds < expected * (1 - _SHORT) - 0.5:
            found.append(
                f"it should be {expected:.1f} s long and ends after {seconds:.1f} s: "
                "the file is cut off"
            )
        return found

    def _last_duration(self, pts: int, told: int) -> int:
        """Return how long a frame is shown that no other follows."""
        clip = self.clip
        usual = max(1, round(1 / clip.rate / clip.time_base))
        if clip.end is not None and 0 < clip.end - pts <= _LONGEST_LAST * usual:
            return clip.end - pts
        return told or usual

    def _decoded(self, container: "InputContainer") -> Iterator["VideoFrame"]:
        stream = main_video(container)
        if stream is None:
            return
        stream.thread_type = "AUTO"
        # 0 is one for every core.
        stream.thread_count = core_limit() or 0
        self._one_by_one = stream.codec_context.name in _ONE_BY_ONE
        for packet in self._packets(container, stream):
            self._packets_read += bool(packet.size and not packet.is_discard)
            try:
                frames = packet.decode()
            except load_av().FFmpegError:
                self.failed += 1
                continue
            for frame in frames:
                self.patched += bool(frame.is_corrupt)
                yield frame
        if self._broken:
            with contextlib.suppress(load_av().FFmpegError):
                yield from stream.codec_context.decode(None)

    def _packets(
        self, container: "InputContainer", stream: "VideoStream"
    ) -> Iterator["Packet[VideoStream]"]:
        packets = container.demux(stream)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except load_av().FFmpegError:
                self.failed += 1
                self._broken = True
                return

    def _pixels(self, frame: "VideoFrame") -> Array:
        clip = self.clip
        if (frame.height, frame.width) != clip.size:
            # Streams may change their size on the way; a file has one.
            frame = frame.reformat(width=clip.size.width, height=clip.size.height)
        pixels = to_rgb(frame, clip.tags, deep=clip.deep)
        return pixels[..., 0] if clip.grey else pixels
