"""How frames are encoded: codec, quality and pixel format, chosen and then carried out.

Every part of a clip, and the clip itself, is set up here in the same way: that is what
lets parts that were encoded apart be joined without encoding them again.
"""

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from imgan.io.video.codecs import CODECS
from imgan.io.video.codecs import Codec
from imgan.io.video.codecs import EncodingChoice
from imgan.io.video.codecs import check_choice
from imgan.io.video.colour import ColourTags
from imgan.io.video.colour import bits_of
from imgan.io.video.colour import chroma_of
from imgan.io.video.library import CLIP_FORMATS
from imgan.io.video.library import load_av
from imgan.io.video.probe import Clip
from imgan.machine import core_limit
from imgan.types import Size

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

_GLOBAL_HEADER_OF_FORMAT = 0x40
_GLOBAL_HEADER_OF_CODEC = 1 << 22
_FINEST_RATE = 1000
"""Frames a second beyond which a rate is a mistake of the file."""


@dataclass(frozen=True)
class Encoding:
    """How a clip is encoded, in full."""

    codec: str
    container: str
    size: Size
    """Of the encoded frames: the result, made even where it must be."""
    pixel_format: str
    options: dict[str, str]
    tags: ColourTags
    time_base: Fraction
    rate: Fraction
    aspect: Fraction | None = None
    rotation: int = 0
    notes: list[str] = field(default_factory=list)
    """What cannot be kept."""

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        return CODECS[self.codec].encoder

    def key(self) -> dict[str, str]:
        """Return what tells it from other encodings, for parts made earlier."""
        return {name: str(value) for name, value in asdict(self).items()}


def choose_encoding(
    choice: EncodingChoice, clip: Clip, output: Path, size: Size, bits: int
) -> Encoding:
    """Return how the result of a clip is encoded.

    Args:
        choice: What the user asks for.
        clip: Whose colours, times and shape are kept.
        output: The new clip.
        size: Of the results.
        bits: Of the results, a channel: 8, or more.

    Raises:
        UsageError: As `check_choice`.
        OutputError: As `check_choice`.
    """
    name = check_choice(choice, output, deep=bits > 8)
    codec = CODECS[name]
    exact = codec.crf is None and clip.is_rgb
    pixel_format, notes = _pixel_format(codec.encoder, clip, bits)
    if exact:
        pixel_format, notes = "gbrp16le" if bits > 8 else "bgr0", []
    even = size
    if codec.padded and chroma_of(pixel_format) != "444":
        even = Size(size.height + size.height % 2, size.width + size.width % 2)
    if even != size:
        notes.append(
            f"{name} wants even sides: {even} instead of {size}, its last row or "
            "column repeated"
        )
    if clip.aspect is not None and name in ("vp9", "av1"):
        notes.append(f"{name} does not say that its pixels are {clip.aspect} as wide")
    container = CLIP_FORMATS[output.suffix.lower()]
    rate = clip.rate if clip.rate <= _FINEST_RATE else Fraction(25)
    return Encoding(
        codec=name,
        container=container,
        size=even,
        pixel_format=pixel_format,
        options=_options(codec, choice, container),
        tags=clip.tags.of_rgb() if exact else clip.tags,
        # AVI has no times, only a rate.
        time_base=1 / rate if container == "avi" else clip.time_base,
        rate=rate,
        aspect=clip.aspect,
        rotation=clip.rotation,
        notes=notes,
    )


def make_encoder(encoding: Encoding) -> "VideoCodecContext":
    """Return a new encoder; its first frame will be a key frame."""
    av = load_av()
    encoder = av.CodecContext.create(encoding.encoder, "w")
    set_up(encoder, encoding)
    flags = av.ContainerFormat(encoding.container, "w").flags
    if flags & _GLOBAL_HEADER_OF_FORMAT:
        encoder.flags |= _GLOBAL_HEADER_OF_CODEC
    return encoder


def set_up(encoder: Any, encoding: Encoding) -> None:
    """Give an encoder, or a stream that has one, its settings."""
    encoder.width, encoder.height = encoding.size.width, encoding.size.height
    encoder.pix_fmt = encoding.pixel_format
    encoder.time_base = encoding.time_base
    encoder.framerate = encoding.rate
    encoder.options = {**encoding.options, **_threads(encoder, encoding)}
    tags = encoding.tags
    encoder.colorspace, encoder.color_range = tags.matrix, tags.range_code
    encoder.color_primaries, encoder.color_trc = tags.primaries, tags.transfer
    if encoding.aspect is not None:
        encoder.sample_aspect_ratio = encoding.aspect
    if encoding.codec == "hevc" and encoding.container in ("mp4", "mov"):
        encoder.codec_tag = "hvc1"  # Players of Apple know it by no other name.


def _threads(encoder: Any, encoding: Encoding) -> dict[str, str]:
    """Keep an encoder to the cores that are granted; return what it must be told."""
    limit = core_limit()
    if limit is None:
        return {}
    encoder.thread_count = limit
    known = encoding.options.get("x265-params")
    if encoding.codec == "hevc":
        return {"x265-params": f"{known}:pools={limit}"}
    return {"svtav1-params": f"lp={limit}"} if encoding.codec == "av1" else {}


def _options(codec: Codec, choice: EncodingChoice, container: str) -> dict[str, str]:
    options = dict(codec.options)
    if codec.crf is not None:
        options["crf"] = str(codec.crf if choice.crf is None else choice.crf)
    preset = choice.preset or codec.preset
    if preset is not None:
        options["cpu-used" if codec.encoder == "libvpx-vp9" else "preset"] = preset
    if container == "avi":
        options["bf"] = "0"  # AVI has one time for a frame, and no order besides.
    return options


def _pixel_format(encoder: str, clip: Clip, bits: int) -> tuple[str, list[str]]:
    """Return the format nearest to the clip's, and what is lost by it."""
    offered = {one.name for one in load_av().Codec(encoder, "w").video_formats or ()}
    chroma = chroma_of(clip.pixel_format)
    deep = max(bits_of(clip.pixel_format), 10) if bits > 8 else 8
    for colour in dict.fromkeys((chroma, "420")):
        for depth in sorted({deep, 12, 10, 8}, reverse=True):
            name = f"yuv{colour}p" if depth == 8 else f"yuv{colour}p{depth}le"
            if depth <= deep and name in offered:
                return name, _losses(encoder, chroma, colour, deep, depth)
    return "yuv420p", _losses(encoder, chroma, "420", deep, 8)


def _losses(encoder: str, chroma: str, colour: str, deep: int, depth: int) -> list[str]:
    lost = []
    if depth < deep:
        lost.append(f"{encoder} holds {depth} bits a channel: {deep} bits are rounded")
    if colour != chroma:
        lost.append(f"{encoder} keeps colour as {colour}: {chroma} is reduced")
    return lost
