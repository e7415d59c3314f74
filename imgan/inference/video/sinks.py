"""Where results of frames go: a clip, an animated picture, or a folder of pictures."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from imgan.errors import OutputError
from imgan.inference.outcome import check_memory
from imgan.inference.outcome import check_present
from imgan.inference.video.sources import Moment
from imgan.io.animation_writing import check_animation
from imgan.io.animation_writing import write_animation
from imgan.io.formats import suffix_of
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.types import Size

_SHORTEST_OF_GIF = 20  # milliseconds


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


class FramesSink:
    """Writes every frame as a picture of its own; those that are there stay.

    Args:
        folder: Holds `000001.png` and so on.
        image_format: One of the formats that are written.
        write: Writes one picture, in the options of the batch.
        size: Of every result.
        overwrite: Make again what is there.
    """

    def __init__(
        self,
        folder: Path,
        image_format: str,
        write: Callable[[Picture, Path], None],
        size: Size,
        *,
        overwrite: bool,
    ) -> None:
        self.warnings: list[str] = []
        self.made = 0
        self._folder, self._suffix = folder, suffix_of(image_format)
        self._write, self._size, self._overwrite = write, size, overwrite

    def wants(self, index: int) -> bool:
        """Return whether a frame's picture is missing.

        Raises:
            OutputError: If what is there is not a picture of that size.
        """
        path = self._path(index)
        if self._overwrite or not os.path.lexists(path):
            return True
        check_present(path, self._size)
        return False

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
        """Write the file, unless `cancelled` was set.

        Raises:
            OutputError: If it cannot be written.
        """
        if cancelled.is_set():
            return
        if not self._frames:
            raise OutputError(f"Cannot write {self.output}: there is no frame")
        delays = self._delays()
        if self.image_format == "gif" and min(delays) < _SHORTEST_OF_GIF:
            self.warnings.append(
                f"browsers show frames of a GIF under {_SHORTEST_OF_GIF} ms far too "
                "long; WebP and PNG keep such times"
            )
        write_animation(
            self._frames,
            delays,
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
    "FramesSink",
    "Sink",
    "picture_writer",
]
