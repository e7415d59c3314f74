"""Make a short film of which the next frame can be told from the last three.

    python tools/make_frames.py assets/frames/train --photograph coffee
    python tools/make_frames.py assets/frames/validation --photograph cat

A window glides over a photograph of `skimage.data` and bounces off its borders, and a
ball crosses the picture and bounces off the window's: both at constant speed, so three
frames tell where everything will be. Writes `frame-0000.png` and so on.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from imgan.data.degradations.operations import resize
from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.types import Array
from imgan.types import Size

_BALL = (240, 60, 40)
_SHIFT = 4  # OpenCV draws at sixteenths of a pixel


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the frames."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--photograph", default="coffee", help="name in skimage.data")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--size", type=int, default=64, help="side in pixels")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    photograph = getattr(skimage.data, options.photograph)()
    options.out.mkdir(parents=True, exist_ok=True)
    frames = make_frames(photograph, options.count, options.size, options.seed)
    for index, frame in enumerate(frames):
        write_image(Picture(frame), options.out / f"frame-{index:04}.png")


def make_frames(photograph: Array, count: int, size: int, seed: int) -> list[Array]:
    """Return frames, `(size, size, 3)` uint8.

    Args:
        photograph: `(height, width, 3)` uint8; reduced to half again as high as a
            frame.
        count: How many.
        size: Side of a frame in pixels.
        seed: Of places and speeds.
    """
    random = np.random.default_rng(seed)
    height, width = photograph.shape[:2]
    rows = size * 3 // 2
    ground = _reduce(photograph, Size(rows, round(rows * width / height)))
    room = np.subtract(ground.shape[:2], size).astype(float)
    radius = size / 10
    window = _path(random, room, count, fastest=size / 24)
    inner = np.array([size - 2 * radius] * 2)
    ball = _path(random, inner, count, fastest=size / 12) + radius
    return [
        _draw(ground, place, centre, radius, size)
        for place, centre in zip(window, ball, strict=True)
    ]


def _reduce(photograph: Array, size: Size) -> Array:
    reduced = resize(photograph.astype(np.float32) / 255, size, "area")
    return np.rint(np.clip(reduced, 0, 1) * 255).astype(np.uint8)


def _path(
    random: np.random.Generator, room: Array, count: int, fastest: float
) -> Array:
    """Return places `(count, 2)` on a straight way that bounces off the borders."""
    speed = random.uniform(fastest / 2, fastest, 2) * random.choice([-1, 1], 2)
    way = random.uniform(0, room) + speed * np.arange(count)[:, None]
    # Reflections make a triangle wave of a straight line.
    return np.asarray(room - np.abs(way % (2 * room) - room))


def _draw(
    ground: Array, place: Array, centre: Array, radius: float, size: int
) -> Array:
    top, left = place
    move = np.array([[1, 0, -left], [0, 1, -top]])
    frame = cv2.warpAffine(ground, move, (size, size), borderMode=cv2.BORDER_REFLECT)
    scale = 2**_SHIFT
    x, y = (round(float(value) * scale) for value in centre[::-1])
    cv2.circle(
        frame, (x, y), round(radius * scale), _BALL, -1, cv2.LINE_AA, shift=_SHIFT
    )
    return np.asarray(frame)


if __name__ == "__main__":
    main()
