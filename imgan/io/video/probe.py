"""What is in a clip, found out before anything is computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from imgan.errors import ImageReadError
from imgan.io.video.colour import ColourTags
from imgan.io.video.colour import is_deep
from imgan.io.video.colour import is_grey
from imgan.io.video.colour import tags_of
from imgan.io.video.library import load_av
from imgan.io.video.library import reason_of
from imgan.types import Size

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_PQ, _HLG = 16, 18  # transfers of high dynamic range, ITU-T H.273


@dataclass(frozen=True)
class Clip:
    """The moving picture of a file: its first video stream."""

    path: Path
    size: Size
    """As stored, before the rotation that players apply."""
    pixel_format: str
    tags: ColourTags
    time_base: Fraction
    """Seconds of one tick of its timestamps."""
    rate: Fraction
    """Frames a second, on average."""
    frames: int
    """How many it should have; 0 where the file does not tell."""
    seconds: float
    """How long it should be; 0 where the file does not tell."""
    rotation: int
    """Degrees by which players turn it counterclockwise."""
    aspect: Fraction | None
    """Width of a pixel by its height, where that is not 1."""
    is_rgb: bool = False
    """Whether its pixels are RGB. Of pictures, `pixel_format` is what players take."""
    end: int | None = None
    """Tick at which its last frame ends, where the file tells."""
    notes: tuple[str, ...] = ()
    """What of it cannot be kept."""

    @property
    def deep(self) -> bool:
        """Whether it has more than 8 bits a channel."""
        return is_deep(self.pixel_format)

    @property
    def grey(self) -> bool:
        """Whether it has light without colour."""
        return is_grey(self.pixel_format)


def probe_clip(path: Path, max_megapixels: float = 500.0) -> Clip:
    """Return what is in a clip, from its headers and its first frame.

    Args:
        path: Of the clip.
        max_megapixels: Largest area of a frame accepted.

    Raises:
        ImageReadError: If it cannot be opened, or has no frame that can be decoded.
        MissingExtraError: If PyAV is not installed.
    """
    av = load_av()
    with open_clip(path) as container:
        stream = main_video(container)
        if stream is None:
            raise ImageReadError(
                f"{path} holds no video stream, or is cut off before it begins"
            )
        size = Size(stream.codec_context.height, stream.codec_context.width)
        if size.megapixels > max_megapixels:
            raise ImageReadError(
                f"{path} has frames of {size.megapixels:,.1f} megapixels ({size}); at "
                f"most {max_megapixels:g} are read. Raise --max-megapixels if you "
                "trust the file"
            )
        frame = _first_frame(av, path, container, stream)
        return _describe(path, container, stream, frame)


def open_clip(path: Path) -> "InputContainer":
    """Open a clip for reading.

    Raises:
        ImageReadError: If it cannot be opened.
    """
    av = load_av()
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "missing or not a regular file"
        raise ImageReadError(f"Cannot open {path}: it is {kind}")
    try:
        # FFmpeg takes what stands before a colon for a protocol.
        return av.open(str(path.absolute()), "r", metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise ImageReadError(
            f"{path} is a truncated, damaged or unusual clip: {reason_of(error)}"
        ) from error


def main_video(container: "InputContainer") -> "VideoStream | None":
    """Return the first video stream of a clip that is no picture of its cover."""
    from av.stream import Disposition

    return next(
        (
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ),
        None,
    )


def _first_frame(
    av: object, path: Path, container: "InputContainer", stream: "VideoStream"
) -> "VideoFrame":
    failure: Exception | None = None
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return frame
            except av.FFmpegError as error:  # type: ignore[attr-defined]
                failure = failure or error
    except av.FFmpegError as error:  # type: ignore[attr-defined]
        failure = failure or error
    reason = f": {reason_of(failure)}" if failure else ""
    raise ImageReadError(f"{path} has no frame that can be decoded{reason}")


def _describe(
    path: Path, container: "InputContainer", stream: "VideoStream", frame: "VideoFrame"
) -> Clip:
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    seconds = 0.0
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / 1e6
    frames = stream.frames or round(seconds * rate)
    aspect = stream.sample_aspect_ratio
    end = None
    if stream.duration:
        end = stream.duration + (stream.start_time or 0)
    return Clip(
        path=path,
        size=Size(frame.height, frame.width),
        pixel_format=frame.format.name,
        tags=tags_of(frame),
        time_base=stream.time_base or 1 / rate,
        rate=rate,
        frames=frames,
        seconds=seconds,
        rotation=int(frame.rotation) % 360,
        aspect=aspect if aspect not in (None, 0, 1) else None,
        is_rgb=bool(frame.format.is_rgb),
        end=end,
        notes=tuple(_notes(frame, stream.metadata)),
    )


def _notes(frame: "VideoFrame", said: Mapping[str, str]) -> list[str]:
    notes = []
    if frame.interlaced_frame:
        notes.append(
            "it is interlaced, and its frames are enlarged with both fields in them; "
            "deinterlace it first"
        )
    if int(frame.color_trc) in (_PQ, _HLG):
        notes.append(
            "it is of high dynamic range: clips keep its transfer and primaries, but "
            "not what it says of the mastering display; pictures keep neither"
        )
    # WebM keeps transparency beside the picture, where its decoders do not look.
    beside = {name.lower(): value for name, value in said.items()}.get("alpha_mode")
    held = ("yuva", "gbrap", "rgba", "bgra", "argb", "ya")
    if frame.format.name.startswith(held) or beside == "1":
        notes.append("its transparency is left out")
    return notes
