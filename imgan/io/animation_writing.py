"""Write animated GIF, WebP and PNG: whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imgan.errors import OutputError
from imgan.io.formats import format_name
from imgan.io.picture import Picture
from imgan.io.temporaries import commit_temporary
from imgan.io.temporaries import discard_temporary
from imgan.io.temporaries import open_temporary
from imgan.io.temporaries import write_error
from imgan.io.vips import pyvips
from imgan.types import Array
from imgan.types import Size

_LONGEST_SIDE = {"gif": 65_535, "webp": 16_383, "png": 2**31 - 1}


def write_animation(
    frames: Sequence[Picture],
    delays: Sequence[int],
    path: Path,
    image_format: str,
    *,
    loop: int = 0,
    quality: int = 95,
) -> None:
    """Write an animation; the file appears complete or not at all.

    Args:
        frames: 8-bit, all of one size.
        delays: Milliseconds that each is shown. GIF rounds them to hundredths of a
            second.
        path: Of the new file.
        image_format: `gif`, `webp` or `png`.
        loop: How often it is shown; 0 for ever.
        quality: 1 to 100, of WebP.

    Raises:
        OutputError: If the format cannot hold the frames or the file not be written.
    """
    check_animation(image_format, frames[0].size, path)
    descriptor, temporary = open_temporary(path)
    try:
        try:
            if image_format == "png":
                _write_png(frames, delays, loop, descriptor)
            else:
                roll = _roll(frames, delays, loop)
                target = pyvips.Target.new_to_descriptor(descriptor)
                if image_format == "gif":
                    roll.gifsave_target(target)
                else:
                    roll.webpsave_target(target, Q=quality)
        finally:
            os.close(descriptor)
        commit_temporary(temporary, path)
    except pyvips.Error as error:
        reason = str(error.detail).strip().splitlines() or ["the encoder failed"]
        raise OutputError(f"Cannot write {path}: {reason[0]}") from error
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        discard_temporary(temporary)


def check_animation(image_format: str, size: Size, path: Path) -> None:
    """Check before computing that a format can hold an animation.

    Raises:
        OutputError: If it cannot.
    """
    if image_format not in _LONGEST_SIDE:
        raise OutputError(
            f"{path}: {format_name(image_format)} holds no animation; expected GIF, "
            "WebP or PNG, or a clip such as .mp4"
        )
    longest = _LONGEST_SIDE[image_format]
    if max(size) > longest:
        raise OutputError(
            f"{path}: {format_name(image_format)} holds at most {longest:,} pixels a "
            f"side, the frames would be {size}"
        )


def _with_alpha(picture: Picture) -> Array:
    pixels, alpha = picture.pixels, picture.alpha
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if alpha is None:
        alpha = np.full(pixels.shape[:2], 255, np.uint8)
    return np.dstack([pixels, alpha])


def _roll(frames: Sequence[Picture], delays: Sequence[int], loop: int) -> Any:
    """Return the frames below each other, as libvips takes an animation."""
    clear = any(frame.alpha is not None for frame in frames)
    joined = [_with_alpha(frame)[..., : 4 if clear else 3] for frame in frames]
    height, width, bands = joined[0].shape
    data = np.ascontiguousarray(np.concatenate(joined)).reshape(-1)
    roll = pyvips.Image.new_from_memory(
        data.data, width, height * len(frames), bands, "uchar"
    ).copy(interpretation="srgb")
    roll.set_type(pyvips.GValue.gint_type, "page-height", height)
    roll.set_type(pyvips.GValue.array_int_type, "delay", list(delays))
    roll.set_type(pyvips.GValue.gint_type, "loop", loop)
    return roll


def _write_png(
    frames: Sequence[Picture], delays: Sequence[int], loop: int, descriptor: int
) -> None:
    from PIL import Image

    clear = any(frame.alpha is not None for frame in frames)
    images = [
        Image.fromarray(
            np.ascontiguousarray(_with_alpha(one)[..., : 4 if clear else 3])
        )
        for one in frames
    ]
    with os.fdopen(os.dup(descriptor), "wb") as file:
        images[0].save(
            file,
            "PNG",
            save_all=True,
            append_images=images[1:],
            duration=list(delays),
            loop=loop,
            blend=0,
        )
