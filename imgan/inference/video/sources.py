"""Where frames come from: a clip, an animated picture, or numbered pictures."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from imgan.errors import DataError
from imgan.io.animation import Animation
from imgan.io.animation import animation_frames
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.metadata import is_srgb
from imgan.io.reading import turn_upright
from imgan.io.video.colour import ColourTags
from imgan.io.video.probe import Clip
from imgan.io.video.reading import ClipReader
from imgan.types import Array
from imgan.types import Size

Wanted = Callable[[int], bool]

_SRGB_LIKE = ColourTags(matrix=1, full_range=False, primaries=1, transfer=13)
"""What a clip made of pictures says: BT.709 with the transfer of sRGB."""
_NO_PROFILE = "its colour profile is left out: its colours are taken for those of sRGB"
_MILLISECOND = Fraction(1, 1000)
_UPRIGHT = {90: 6, 180: 3, 270: 8}
"""EXIF's number of the turn that a clip's rotation asks for, by degrees."""


@dataclass
class Moment:
    """One frame on its way from a source through a network to a sink."""

    index: int
    pts: int
    duration: int
    picture: Picture | None
    """None where it is not wanted."""


class Source(Protocol):
    """Frames in the order in which they are shown."""

    clip: Clip
    """What they are, as a clip; of other sources as one would say it."""

    def moments(self, wanted: Wanted) -> Iterator[Moment]:
        """Yield every frame; with pixels where its number is wanted."""

    def warnings(self) -> list[str]:
        """Return what was found out about the source, after the last frame."""


class ClipSource:
    """The frames of a clip.

    Args:
        clip: As probed.
        upright: Turn frames as players would, for outputs that do not say it.
    """

    def __init__(self, clip: Clip, *, upright: bool) -> None:
        self._reader = ClipReader(clip)
        self._turn = 1
        self.clip = clip
        if upright and clip.rotation in _UPRIGHT:
            self._turn = _UPRIGHT[(360 - clip.rotation) % 360]
            size, aspect = clip.size, clip.aspect
            if clip.rotation != 180:
                size = Size(size.width, size.height)
                aspect = 1 / aspect if aspect else None
            self.clip = replace(clip, size=size, aspect=aspect, rotation=0)

    def moments(self, wanted: Wanted) -> Iterator[Moment]:
        """Yield every frame; with pixels where its number is wanted."""
        for frame in self._reader.frames(wanted):
            picture = None
            if frame.pixels is not None:
                picture = Picture(self._turned(frame.pixels))
            yield Moment(frame.index, frame.pts, frame.duration, picture)

    def warnings(self) -> list[str]:
        """Return what was damaged or missing."""
        return [*self._reader.warnings()]

    def _turned(self, pixels: Array) -> Array:
        if self._turn == 1:
            return pixels
        deep = pixels if pixels.ndim == 3 else pixels[..., None]
        turned = np.ascontiguousarray(turn_upright(deep, self._turn))
        return turned if pixels.ndim == 3 else turned[..., 0]


class AnimationSource:
    """The frames of an animated GIF, WebP or PNG.

    Args:
        animation: As read.
        opaque: Lay transparent frames over white, for outputs without transparency.
    """

    def __init__(self, animation: Animation, *, opaque: bool) -> None:
        self.loop = animation.loop
        """How often it is shown; 0 for ever."""
        self._animation = animation
        self._opaque = opaque
        self._laid = False
        milliseconds = max(1, sum(animation.delays))
        count = len(animation.delays)
        self.clip = _as_clip(
            animation.path,
            animation.size,
            _MILLISECOND,
            Fraction(count * 1000, milliseconds),
            count,
        )

    def moments(self, wanted: Wanted) -> Iterator[Moment]:
        """Yield every frame; with pixels where its number is wanted."""
        start = 0
        frames = animation_frames(self._animation)
        for index, delay in enumerate(self._animation.delays):
            picture = self._shown(next(frames))
            # A clip has no two frames at the same time.
            duration = max(1, delay)
            yield Moment(index, start, duration, picture if wanted(index) else None)
            start += duration

    def warnings(self) -> list[str]:
        """Return what could not be kept."""
        found = ["it is laid over white: clips are not transparent"] * self._laid
        if self._animation.cut_off:
            count = len(self._animation.delays)
            found.append(f"the file is cut off after {count} frames")
        if self._animation.has_profile:
            found.append(_NO_PROFILE)
        return found

    def _shown(self, picture: Picture) -> Picture:
        if picture.alpha is None or not self._opaque:
            return picture
        self._laid = True
        share = picture.alpha[..., None] / np.float32(255)
        pixels = (
            picture.pixels if picture.pixels.ndim == 3 else picture.pixels[..., None]
        )
        mixed = pixels * share + np.float32(255) * (1 - share)
        flat = np.floor(mixed + np.float32(0.5)).astype(np.uint8)
        return Picture(flat if picture.pixels.ndim == 3 else flat[..., 0])


class PicturesSource:
    """Pictures, each of which becomes a frame.

    Args:
        paths: In their order.
        rate: Frames a second.
        max_megapixels: Largest area accepted.

    Raises:
        ImageReadError: If the first cannot be read.
    """

    def __init__(
        self, paths: Sequence[Path], rate: Fraction, max_megapixels: float
    ) -> None:
        self._paths = paths
        self._max_megapixels = max_megapixels
        self._notes: set[str] = set()
        first = read_image(paths[0], max_megapixels)
        self._deep = first.pixels.dtype != np.uint8
        self.clip = _as_clip(
            paths[0].parent, first.size, 1 / rate, rate, len(paths), deep=self._deep
        )

    def moments(self, wanted: Wanted) -> Iterator[Moment]:
        """Yield every frame; with pixels where its number is wanted.

        Raises:
            ImageReadError: If a picture cannot be read.
            DataError: If its size or depth is not that of the first.
        """
        for index, path in enumerate(self._paths):
            picture = self._read(path) if wanted(index) else None
            yield Moment(index, index, 1, picture)

    def warnings(self) -> list[str]:
        """Return what could not be kept."""
        return sorted(self._notes)

    def _read(self, path: Path) -> Picture:
        picture = read_image(path, self._max_megapixels)
        if picture.size != self.clip.size:
            raise DataError(
                f"{path} is {picture.size}, and the pictures before it are "
                f"{self.clip.size}; frames of a clip must be of one size"
            )
        pixels = picture.pixels
        if pixels.dtype == np.float32:
            pixels = np.floor(pixels * 65535 + 0.5).astype(np.uint16)
        if (pixels.dtype != np.uint8) != self._deep:
            raise DataError(
                f"{path} has another depth than the pictures before it; frames of a "
                "clip must be of one depth"
            )
        if picture.alpha is not None:
            self._notes.add("transparency is left out: clips have none")
        if not is_srgb(picture.metadata.icc):
            self._notes.add(_NO_PROFILE)
        return Picture(pixels)


def _as_clip(
    path: Path,
    size: Size,
    time_base: Fraction,
    rate: Fraction,
    count: int,
    *,
    deep: bool = False,
) -> Clip:
    return Clip(
        path=path,
        size=size,
        pixel_format="yuv420p10le" if deep else "yuv420p",
        tags=_SRGB_LIKE,
        time_base=time_base,
        rate=rate,
        frames=count,
        seconds=float(count / rate),
        rotation=0,
        aspect=None,
        is_rgb=True,
    )
