"""Animated GIF, WebP and PNG: their frames with times, loops and transparency."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgan.errors import ImageReadError
from imgan.io.formats import format_name
from imgan.io.metadata import is_srgb
from imgan.io.metadata import metadata_of
from imgan.io.picture import Picture
from imgan.io.reading import MAX_MEGAPIXELS
from imgan.io.reading import check_area
from imgan.io.reading import damaged_file
from imgan.io.sources import Source
from imgan.io.sources import count_frames
from imgan.io.sources import open_source
from imgan.io.vips import pyvips
from imgan.types import Array
from imgan.types import Size

ANIMATION_FORMATS = {".gif": "gif", ".webp": "webp", ".png": "png", ".apng": "png"}
"""Suffixes, lower case, of files that may be animations, and their formats."""

_USUAL_DELAY = 100  # milliseconds, what browsers take for a delay of 0
_WEBP_ANIMATED = 0x02
_GIF_TAIL = 1024  # bytes in which the end is looked for; some pad it with zeros

_Facts = tuple[Size, list[int], int, bytes | None]
"""Size, milliseconds of each frame, how often it is shown, and the colour profile."""


@dataclass(frozen=True)
class Animation:
    """What an animated file says before its frames are decoded."""

    path: Path
    image_format: str
    """`gif`, `webp` or `png`."""
    size: Size
    delays: tuple[int, ...]
    """Milliseconds that each frame is shown."""
    loop: int
    """How often it is shown; 0 for ever."""
    cut_off: bool = False
    """Whether frames are missing at its end."""
    has_profile: bool = False
    """Whether its colours are others than sRGB's, by a profile that is not kept."""


def is_animation(path: Path) -> bool:
    """Return whether a file is a GIF, WebP or PNG of more than one frame.

    A file that cannot be read is none; what is wrong with it is found out elsewhere.
    """
    if path.suffix.lower() not in ANIMATION_FORMATS or not path.is_file():
        return False
    with contextlib.suppress(ImageReadError, OSError), open_source(path) as source:
        if source.image_format == "png":
            return count_frames(source) > 1
        if source.image_format == "webp":
            head = source.read_at(12, 9)
            if head[:4] != b"VP8X" or not head[8] & _WEBP_ANIMATED:
                return False
        if source.image_format in ("gif", "webp"):
            return _pages(_load(source)) > 1
    return False


def read_animation(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Animation:
    """Return what an animation says of itself.

    Args:
        path: Of the file.
        max_megapixels: Largest area of a frame accepted.

    Raises:
        ImageReadError: If it is no animation that can be read.
    """
    with open_source(path) as source:
        if source.image_format == "png":
            check_area(source, _png_size(source), max_megapixels)
            size, delays, loop, icc = _png_facts(source)
        elif source.image_format in ("gif", "webp"):
            size, delays, loop, icc = _vips_facts(_load(source))
        else:
            raise ImageReadError(
                f"{path} is a {format_name(source.image_format)} file; expected an "
                "animated GIF, WebP or PNG"
            )
        check_area(source, size, max_megapixels)
        cut_off = source.image_format == "gif" and not _ends_as_gif(source)
        facts = path, source.image_format, size, tuple(delays), loop, cut_off
        return Animation(*facts, has_profile=not is_srgb(icc))


def animation_frames(animation: Animation) -> Iterator[Picture]:
    """Yield the frames as they are seen: whole, 8-bit, with transparency apart.

    Raises:
        ImageReadError: If a frame cannot be decoded.
    """
    with open_source(animation.path) as source:
        if animation.image_format == "png":
            yield from _png_frames(source)
            return
        try:
            image = _load(source)
            height = animation.size.height
            region = pyvips.Region.new(image)
            for index in range(len(animation.delays)):
                data = region.fetch(0, index * height, image.width, height)
                pixels = np.frombuffer(data, np.uint8)
                yield _picture(pixels.reshape(height, image.width, image.bands))
        except (pyvips.Error, UnicodeDecodeError) as error:
            raise damaged_file(source, error) from error


def _load(source: Source) -> pyvips.Image:
    source.file.seek(0)
    try:
        descriptor = pyvips.Source.new_from_descriptor(source.file.fileno())
        loader = getattr(pyvips.Image, f"{source.image_format}load_source")
        image = loader(descriptor, n=-1, access="sequential", fail_on="error")
    except (pyvips.Error, UnicodeDecodeError) as error:
        raise damaged_file(source, error) from error
    return image if image.format == "uchar" else image.cast("uchar")


def _pages(image: pyvips.Image) -> int:
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def _vips_facts(image: pyvips.Image) -> _Facts:
    pages = _pages(image)
    height = image.get("page-height") if image.get_typeof("page-height") else 0
    delays = list(image.get("delay")) if image.get_typeof("delay") else []
    delays += [_USUAL_DELAY] * (pages - len(delays))
    loop = int(image.get("loop")) if image.get_typeof("loop") else 0
    size = Size(height or image.height // pages, image.width)
    delays = [delay or _USUAL_DELAY for delay in delays[:pages]]
    return size, delays, loop, metadata_of(image).icc


def _ends_as_gif(source: Source) -> bool:
    # libvips takes the frames that it finds, and says nothing of the others.
    tail = source.read_at(max(0, source.length - _GIF_TAIL), _GIF_TAIL)
    return tail.rstrip(b"\0").endswith(b";")


def _png_size(source: Source) -> Size:
    width, height = np.frombuffer(source.read_at(16, 8).ljust(8, b"\0"), ">u4").tolist()
    return Size(height, width)


def _png_facts(source: Source) -> _Facts:
    with _pillow(source) as image:
        delays = []
        for index in range(_first_png_frame(image), image.n_frames):
            image.seek(index)
            delays.append(round(float(image.info.get("duration", 0))) or _USUAL_DELAY)
        size = Size(image.height, image.width)
        loop = int(image.info.get("loop", 0))
        return size, delays, loop, image.info.get("icc_profile")


def _png_frames(source: Source) -> Iterator[Picture]:
    with _pillow(source) as image:
        for index in range(_first_png_frame(image), image.n_frames):
            image.seek(index)
            yield _picture(np.asarray(image.convert("RGBA")))


@contextlib.contextmanager
def _pillow(source: Source) -> Iterator[Any]:
    """Open an animated PNG with Pillow, which scikit-image brings along."""
    from PIL.PngImagePlugin import PngImageFile

    source.file.seek(0)
    try:
        # Not `Image.open`, whose limit of pixels is lower than ours, and global.
        with PngImageFile(source.file) as image:
            yield image
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = (str(error).splitlines() or ["cannot be decoded"])[0]
        raise ImageReadError(
            f"{source.path} is a truncated, damaged or unusual PNG file: {reason}"
        ) from error


def _first_png_frame(image: Any) -> int:
    # The picture for viewers that know no animation may be no frame of it.
    return 1 if getattr(image, "default_image", False) else 0


def _picture(pixels: Array) -> Picture:
    alpha = None
    if pixels.shape[2] in (2, 4):
        alpha = np.ascontiguousarray(pixels[..., -1])
        pixels = pixels[..., :-1]
        if (alpha == np.uint8(255)).all():
            alpha = None
    if pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    return Picture(np.ascontiguousarray(pixels), alpha)


__all__ = [
    "ANIMATION_FORMATS",
    "Animation",
    "animation_frames",
    "is_animation",
    "read_animation",
]
