"""Join encoded parts with everything else of the clip that they were made of."""

import contextlib
import heapq
import itertools
import os
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from imgan.io.temporaries import commit_temporary
from imgan.io.temporaries import discard_temporary
from imgan.io.temporaries import open_temporary
from imgan.io.video.encoding import Encoding
from imgan.io.video.encoding import set_up
from imgan.io.video.library import clip_error
from imgan.io.video.library import load_av
from imgan.io.video.probe import main_video
from imgan.io.video.probe import open_clip
from imgan.io.video.segments import read_part
from imgan.io.video.subtitles import text_form
from imgan.io.video.subtitles import to_form
from imgan.io.writing import WriteCancelledError

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.container import OutputContainer
    from av.stream import Stream

ROTATABLE = frozenset({"mp4", "mov", "matroska", "webm"})
"""Containers that say by how much players turn a clip."""

_OF_THE_CONTAINER = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "vendor_id",
    "handler_name",
    "rotate",
    "duration",
    "alpha_mode",
}

_SOUND = frozenset({"audio"})
_ATTEMPTS = (
    frozenset({"audio", "subtitle", "video", "attachment"}),
    _SOUND,
    frozenset[str](),
)
"""Kinds of streams that are copied; the fewer, the less a container can refuse."""


class _Unfit(Exception):  # noqa: N818
    """The container does not take the streams that were to be copied."""


class Twin(NamedTuple):
    """A stream of the new clip that takes the packets of an old one."""

    stream: Any
    codec: str = ""
    """Of the old one, where packets are turned into another form."""
    form: str | None = None
    """Of subtitles; None: packets are copied as they are."""


Timed = tuple[float, int, Any]
"""When a packet is decoded in seconds, a number, and the packet."""


@dataclass
class Join:
    """What is joined, and what was found out on the way.

    Args:
        output: The clip to write.
        encoding: Of the parts.
        parts: In their order.
        source: The clip whose other streams are kept; None: there are none.
    """

    output: Path
    encoding: Encoding
    parts: Sequence[Path]
    source: Path | None = None
    warnings: list[str] = field(default_factory=list)

    def write(self, cancelled: threading.Event | None = None) -> None:
        """Write the clip; it appears whole or not at all.

        Raises:
            OutputError: If it cannot be written.
            WriteCancelledError: If `cancelled` was set.
        """
        av = load_av()
        descriptor, temporary = open_temporary(self.output)
        os.close(descriptor)
        try:
            for kinds in _ATTEMPTS:
                with contextlib.suppress(_Unfit):
                    self._attempt(temporary, kinds, cancelled)
                    break
            commit_temporary(temporary, self.output)
        except (av.FFmpegError, OSError) as error:
            raise clip_error(self.output, error) from error
        finally:
            discard_temporary(temporary)

    def _attempt(
        self,
        temporary: Path,
        kinds: frozenset[str],
        cancelled: threading.Event | None,
    ) -> None:
        """Write the clip with the streams of some kinds beside its own."""
        self.warnings.clear()
        with contextlib.ExitStack() as stack:
            source = None
            if self.source is not None:
                source = stack.enter_context(open_clip(self.source))
            # FFmpeg takes what stands before a colon for a protocol.
            path, container = str(temporary.absolute()), self.encoding.container
            made = stack.enter_context(load_av().open(path, "w", format=container))
            self._fill(made, source, kinds, cancelled)

    def _fill(
        self,
        made: "OutputContainer",
        source: "InputContainer | None",
        kinds: frozenset[str],
        cancelled: threading.Event | None,
    ) -> None:
        video: Any = made.add_stream(self.encoding.encoder, rate=self.encoding.rate)
        set_up(video.codec_context, self.encoding)
        video.time_base = self.encoding.time_base
        if self.encoding.rotation:
            video.set_display_rotation(self.encoding.rotation)
        copied: dict[int, Twin] = {}
        if source is not None:
            copied = self._copy_streams(made, source, kinds)
            _copy_facts(made, source, video)
        try:
            made.start_encoding()
        except load_av().FFmpegError as error:
            # A container that knows a codec may still not take this stream of it.
            if copied:
                raise _Unfit from error
            raise
        streams = [self._encoded(video), _others(source, copied)]
        for _, _, packet in heapq.merge(*streams, key=lambda timed: timed[:1]):
            if cancelled is not None and cancelled.is_set():
                raise WriteCancelledError("Cancelled while the clip was written")
            made.mux(packet)

    def _copy_streams(
        self,
        made: "OutputContainer",
        source: "InputContainer",
        kinds: frozenset[str],
    ) -> dict[int, "Twin"]:
        """Announce the other streams in the new clip; return them by old number."""
        copied = {}
        main = main_video(source)
        for stream in source.streams:
            if main is None or stream.index == main.index:
                continue
            twin = self._twin(made, stream) if stream.type in kinds else None
            if twin is None:
                if stream.type == "data" and source.chapters():
                    continue  # The titles of chapters in MP4, which are written anew.
                name = getattr(stream.codec_context, "name", None) or "data"
                self.warnings.append(
                    f"its {stream.type} stream {stream.index} ({name}) is left out: "
                    f"{self.output.suffix} does not hold it"
                )
                continue
            with contextlib.suppress(AttributeError, ValueError):
                twin.stream.metadata.update(_kept(stream.metadata))
                twin.stream.disposition = stream.disposition
            copied[stream.index] = twin
        return copied

    def _twin(self, made: "OutputContainer", stream: "Stream") -> "Twin | None":
        """Return the stream that one becomes; None where the container has no place."""
        container = self.encoding.container
        if stream.type == "attachment" and container != "matroska":
            return None
        name = getattr(stream.codec_context, "name", "")
        form = text_form(name, container)
        if form == name:
            return Twin(made.add_stream_from_template(stream, opaque=True), name, form)
        try:
            return Twin(made.add_stream_from_template(stream, opaque=True))
        except (ValueError, load_av().FFmpegError):
            if form is None:
                return None
        twin = made.add_mux_stream(form)
        twin.time_base = stream.time_base
        return Twin(twin, name, form)

    def _encoded(self, stream: "Stream") -> Iterator[Timed]:
        """Yield the packets of the parts.

        Encoders disagree on the times at which packets are decoded, and parts know
        nothing of each other; both follow from the order of the packets alone.
        """
        av = load_av()
        heads = [record for part in self.parts for record in _heads(part)]
        times = [record.pts for record in heads]
        shown = sorted(times)
        end = max((one.pts + one.duration for one in heads), default=0)
        rank = {pts: index for index, pts in enumerate(shown)}
        delay = max((index - rank[pts] for index, pts in enumerate(times)), default=0)
        base = self.encoding.time_base
        tick = max(1, round(1 / self.encoding.rate / base))
        records = itertools.chain.from_iterable(map(read_part, self.parts))
        for index, record in enumerate(records):
            packet = av.Packet(record.data)
            packet.time_base, packet.stream = base, stream
            packet.pts, packet.duration = record.pts, record.duration
            ahead = index - delay
            packet.dts = shown[ahead] if ahead >= 0 else shown[0] + ahead * tick
            packet.is_keyframe = record.key
            if index == len(times) - 1 and self.encoding.container in ("mp4", "mov"):
                # MP4 adds up how long each is the last to be decoded.
                rest = end - delay * tick - packet.dts
                packet.duration = max(record.duration, rest)
            yield float(packet.dts * base), 0, packet


def _heads(part: Path) -> Iterator[Any]:
    return read_part(part, data=False)


def _others(
    source: "InputContainer | None", copied: dict[int, Twin]
) -> Iterator[Timed]:
    """Yield the packets of other streams, as they are."""
    if source is None or not copied:
        return
    for packet in _demuxed(source, copied):
        if not packet.size:
            continue  # The end of a stream.
        if packet.dts is None and packet.pts is None:
            packet.pts = packet.dts = 0  # The picture of a cover has no time.
        ticks = packet.dts if packet.dts is not None else packet.pts
        base = packet.time_base or Fraction(1)
        twin = copied[packet.stream.index]
        if twin.form is not None:
            data = to_form(bytes(packet), twin.codec, twin.form)
            if data is None:
                continue
            turned = load_av().Packet(data)
            turned.pts = turned.dts = ticks
            turned.duration, turned.time_base = packet.duration, base
            packet = turned
        packet.stream = twin.stream
        yield float((ticks or 0) * base), 1, packet


def _demuxed(
    source: "InputContainer", copied: dict[int, Twin]
) -> Iterator["Packet[Any]"]:
    packets = source.demux([source.streams[index] for index in copied])
    while True:
        try:
            yield next(packets)
        except (StopIteration, load_av().FFmpegError):
            return  # What is cut off was said when its frames were read.


def _copy_facts(made: "OutputContainer", source: "InputContainer", video: Any) -> None:
    """Copy titles, languages and chapters."""
    made.metadata.update(_kept(source.metadata))
    main = main_video(source)
    if main is not None:
        video.metadata.update(_kept(main.metadata))
        video.disposition = main.disposition
    chapters = source.chapters()
    if chapters:
        made.set_chapters(chapters)


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in metadata.items()
        if name.lower() not in _OF_THE_CONTAINER
    }


__all__ = ["ROTATABLE", "Join"]
