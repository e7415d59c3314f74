"""Pictures that go on at their other side: textures without a seam.

The picture is surrounded by as much of itself as the network sees, and by what the
resampler needs beyond. What comes out is the middle: the same as of the texture laid
down again and again in each direction, at hardly more cost than the texture itself.
"""

import numpy as np

from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.io.alpha import bleed_colour
from imgan.types import Array

WRAPS = ("none", "x", "y", "both")
"""x: left and right go on into one another; y: top and bottom."""


def check_wrap(wrap: str) -> None:
    """Refuse a word that is none of `WRAPS`.

    Raises:
        UsageError: Names the option.
    """
    if wrap not in WRAPS:
        raise UsageError(
            f"--wrap must be one of {', '.join(WRAPS)}. Received: {wrap}."
            f"{did_you_mean(wrap, WRAPS)}"
        )


def wrapped_axes(wrap: str) -> tuple[bool, bool]:
    """Return whether rows, and whether columns, go on at the other side."""
    return wrap in ("y", "both"), wrap in ("x", "both")


def surround(image: Array, rows: int, columns: int) -> Array:
    """Return a `(height, width, channels)` picture with its other sides around it.

    Args:
        image: It may be smaller than what is put around it.
        rows: Above and below.
        columns: Left and right.
    """
    if not rows and not columns:
        return image
    return np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode="wrap")


def bleed_wrapped(pixels: Array, alpha: Array, wrap: str) -> Array:
    """Give transparent places the colour beside them, also across the border.

    Args:
        pixels: As `io.alpha.bleed_colour` takes them.
        alpha: As there.
        wrap: One of `WRAPS`.

    Returns:
        As there; the picture itself where nothing is wholly transparent.
    """
    transparent = alpha <= 0
    if wrap == "none" or not transparent.any() or transparent.all():
        return bleed_colour(pixels, alpha)
    # Nothing visible is further away than half of what repeats.
    around = [
        side // 2 + 1 if axis else 0
        for side, axis in zip(alpha.shape, wrapped_axes(wrap), strict=True)
    ]
    height, width = alpha.shape
    margins = [(margin, margin) for margin in around]
    deep = margins + [(0, 0)] * (pixels.ndim - 2)
    wide = bleed_colour(
        np.pad(pixels, deep, mode="wrap"), np.pad(alpha, margins, mode="wrap")
    )
    top, left = around
    return np.ascontiguousarray(wide[top : top + height, left : left + width])
