"""The codecs that clips are written with, and what may be asked of each."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.io.video.library import CLIP_FORMATS
from imgan.io.video.library import load_av


class Codec(NamedTuple):
    """What is to be known of a codec."""

    encoder: str
    """FFmpeg's name of it."""
    crf: int | None
    """Constant quality by default; None: it is lossless."""
    worst: int
    """The highest value of `crf`."""
    preset: str | None
    """By default, of speed against size."""
    containers: frozenset[str]
    options: dict[str, str] = {}
    padded: bool = True
    """Whether sides must be even where colour is halved."""


_MP4 = frozenset({"mp4", "mov", "matroska"})
CODECS = {
    "h264": Codec("libx264", 18, 51, "medium", _MP4 | {"avi"}),
    "hevc": Codec(
        "libx265", 20, 51, "medium", _MP4, {"x265-params": "log-level=error"}
    ),
    "av1": Codec("libsvtav1", 28, 63, "8", _MP4 | {"webm"}),
    "vp9": Codec(
        "libvpx-vp9",
        24,
        63,
        "4",
        _MP4 | {"webm"},
        {"row-mt": "1", "deadline": "good", "b": "0"},
        padded=False,
    ),
    "ffv1": Codec(
        "ffv1",
        None,
        0,
        None,
        frozenset({"matroska", "avi"}),
        {"level": "3", "slices": "4", "slicecrc": "1"},
        padded=False,
    ),
}


_WORDS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
_PRESETS: dict[str, tuple[str, ...]] = {
    "h264": _WORDS,
    "hevc": _WORDS,
    "av1": tuple(map(str, range(14))),
    "vp9": tuple(map(str, range(9))),
}


@dataclass(frozen=True)
class EncodingChoice:
    """What the user asks for; None: by the container and the codec."""

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None


def check_choice(choice: EncodingChoice, output: Path, *, deep: bool = False) -> str:
    """Return the codec for a file.

    Args:
        choice: What the user asks for.
        output: The clip.
        deep: Whether it will have more than 8 bits a channel.

    Raises:
        UsageError: If there is no such codec, its container does not hold it, or the
            quality or the preset is none of its own.
        OutputError: If PyAV was built without it.
    """
    av = load_av()
    container = CLIP_FORMATS[output.suffix.lower()]
    name = choice.codec or _usual(container, deep)
    if name not in CODECS:
        raise UsageError(
            f"--video-codec must be one of {', '.join(CODECS)}. Received: {name!r}."
            f"{did_you_mean(name, CODECS)}"
        )
    codec = CODECS[name]
    if container not in codec.containers:
        fitting = [
            suffix for suffix, kind in CLIP_FORMATS.items() if kind in codec.containers
        ]
        raise UsageError(
            f"{output.suffix} holds no {name}; name the output {', '.join(fitting)}, "
            "or use another --video-codec"
        )
    _check_quality(name, codec, choice)
    if codec.encoder not in av.codecs_available:
        raise OutputError(
            f"PyAV was built without {codec.encoder}, the encoder of {name}; use "
            "another --video-codec"
        )
    return name


def _usual(container: str, deep: bool) -> str:
    if container == "webm":
        return "vp9"
    # Hardly any player decodes H.264 of more than 8 bits in hardware.
    return "hevc" if deep and container != "avi" else "h264"


def _check_quality(name: str, codec: Codec, choice: EncodingChoice) -> None:
    if choice.crf is not None:
        if codec.crf is None:
            raise UsageError(f"{name} is lossless: leave --crf out")
        if choice.crf > codec.worst:
            raise UsageError(
                f"--crf of {name} goes from 0, best, to {codec.worst}. "
                f"Received: {choice.crf}"
            )
    if choice.preset is None:
        return
    if codec.preset is None:
        raise UsageError(f"{name} has no presets: leave --preset out")
    if codec.preset.isdigit() != choice.preset.isdigit():
        kind = "a number" if codec.preset.isdigit() else "a word, as slow or fast"
        raise UsageError(f"--preset of {name} is {kind}. Received: {choice.preset!r}")
    known = _PRESETS[name]
    if choice.preset not in known:
        raise UsageError(
            f"--preset of {name} must be one of {', '.join(known)}. "
            f"Received: {choice.preset!r}.{did_you_mean(choice.preset, known)}"
        )
