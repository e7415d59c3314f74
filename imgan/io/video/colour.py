"""From the colours of a clip to RGB and back, by the clip's own matrix and range.

The numbers are those of ITU-T H.273, which every codec and container uses.
"""

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from imgan.types import Array
from imgan.types import Size

if TYPE_CHECKING:
    from av import VideoFrame

_RGB, _BT709, _UNSPECIFIED, _SMPTE170M = 0, 1, 2, 6
_LIMITED, _FULL = 1, 2

# What swscale calls the matrices that it knows: BT.709, FCC, BT.470BG, SMPTE 170M,
# SMPTE 240M and BT.2020.
_SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}

_LINES_OF_SD = 576
_DEEPEST_BYTE = 8


@dataclass(frozen=True)
class ColourTags:
    """How the numbers of a clip stand for colours."""

    matrix: int
    full_range: bool
    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED

    def of_rgb(self) -> "ColourTags":
        """Return the tags of the same colours as red, green and blue."""
        return replace(self, matrix=_RGB, full_range=True)

    @property
    def range_code(self) -> int:
        """The range as FFmpeg numbers it."""
        return _FULL if self.full_range else _LIMITED


def tags_of(frame: "VideoFrame") -> ColourTags:
    """Return how a decoded frame is to be understood.

    Where a clip does not say its matrix, it is guessed by its height as players do. The
    result says it: enlarged beyond that height, it would be guessed differently.
    """
    is_rgb = bool(frame.format.is_rgb)
    full = int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj")
    matrix = int(frame.colorspace)
    if is_rgb or matrix not in _SWSCALE:
        matrix = _SMPTE170M if frame.height <= _LINES_OF_SD else _BT709
    return ColourTags(
        matrix,
        full and not is_rgb,
        int(frame.color_primaries),
        int(frame.color_trc),
    )


def to_rgb(frame: "VideoFrame", tags: ColourTags, *, deep: bool) -> Array:
    """Return the pixels of a decoded frame.

    Args:
        frame: Its tags are replaced.
        tags: What its numbers stand for.
        deep: Whether it has more than 8 bits a channel.

    Returns:
        `(height, width, 3)`, uint8, or uint16 with white at 65535.
    """
    if not frame.format.is_rgb:
        frame.colorspace = tags.matrix
        frame.color_range = tags.range_code
    made = frame.reformat(
        format="rgb48le" if deep else "rgb24",
        dst_color_range=_FULL,
        interpolation=_exact(),
        threads=1,
    )
    return made.to_ndarray()


def from_rgb(pixels: Array, pixel_format: str, tags: ColourTags) -> "VideoFrame":
    """Return a frame to encode.

    Args:
        pixels: `(height, width, 3)` or, grey, `(height, width)`; uint8, uint16, or
            float32 in `[0, 1]`.
        pixel_format: FFmpeg's name, such as `yuv420p`.
        tags: What its numbers will stand for.
    """
    from av import VideoFrame

    if pixels.dtype == np.float32:
        pixels = np.floor(np.clip(pixels, 0, 1) * 65535 + 0.5).astype(np.uint16)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    name = "rgb24" if pixels.dtype == np.uint8 else "rgb48le"
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=name)
    frame.color_range = _FULL
    frame.colorspace = _RGB
    made = frame.reformat(
        format=pixel_format,
        dst_colorspace=_SWSCALE.get(tags.matrix),
        dst_color_range=tags.range_code,
        interpolation=_exact(),
        threads=1,
    )
    made.colorspace = tags.matrix
    made.color_range = tags.range_code
    made.color_primaries = tags.primaries
    made.color_trc = tags.transfer
    return made


def bits_of(pixel_format: str) -> int:
    """Return the bits of the deepest channel of a pixel format."""
    from av.video.format import VideoFormat

    return max(part.bits for part in VideoFormat(pixel_format).components)


def chroma_of(pixel_format: str) -> str:
    """Return how finely a pixel format keeps colour: `420`, `422` or `444`."""
    from av.video.format import VideoFormat

    known = VideoFormat(pixel_format)
    if known.is_rgb or pixel_format.startswith(("gbr", "pal", "rgb", "bgr")):
        return "444"
    if len(known.components) < 3:
        return "420"
    across = known.chroma_width(64) == 64
    down = known.chroma_height(64) == 64
    return "444" if across and down else "422" if down else "420"


def is_grey(pixel_format: str) -> bool:
    """Return whether a pixel format holds light without colour."""
    return pixel_format.startswith("gray")


def is_deep(pixel_format: str) -> bool:
    """Return whether a pixel format has more than 8 bits a channel."""
    return bits_of(pixel_format) > _DEEPEST_BYTE


def pad_to_even(pixels: Array) -> Array:
    """Repeat the last row and column where a side is odd; most codecs want that."""
    size = Size(*pixels.shape[:2])
    missing = [(0, side % 2) for side in size]
    if not any(after for _, after in missing):
        return pixels
    return np.pad(pixels, [*missing, *[(0, 0)] * (pixels.ndim - 2)], mode="edge")


def _exact() -> int:
    from av.video.reformatter import Interpolation as Kind

    exact = Kind.ACCURATE_RND | Kind.FULL_CHR_H_INT | Kind.FULL_CHR_H_INP
    return int(Kind.BICUBIC | exact)
