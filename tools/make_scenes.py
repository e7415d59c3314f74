"""Draw label maps, and the scenes that belong to them by a known rule.

    python tools/make_scenes.py scenes/train --count 400 --seed 0
    python tools/make_scenes.py scenes/validation --count 40 --seed 1

Writes `OUT/labels/*.png` and `OUT/scenes/*.png` of the same names, or with `--combined`
pictures with the labels left and the scene right. A map shows houses, trees and the sun
in flat colours, one for each of eight labels. Its scene follows from nothing but the
map, and no pixel from anything that is more than 18 pixels away:

- every label has a colour at its border and another inside, and between them ribbons;
  depth is the distance to the border, or for walls, roofs and the ground the distance
  to their upper edge;
- what stands in front casts a shadow to the lower right;
- outlines are dark;
- a camera blurs all of it a little.

So a translation has an answer that is known, and a network sees all that it needs. The
tool prints what painting every label with its mean colour scores: the least that a
network must beat.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.metrics.psnr import psnr
from imgan.types import Array

REACH = 16
"""Pixels beyond which depth is no longer counted."""

Colour = tuple[int, int, int]


class Surface(NamedTuple):
    """What is drawn of one label.

    Attributes:
        name: Of the label.
        label: Its colour in maps.
        border: Its colour in scenes at depth 0.
        inside: Its colour at depths of `span` and more.
        span: Pixels, at most `REACH`.
        ribbon: Pixels from one ribbon to the next; 0: none.
        contrast: Levels by which ribbons are brighter and darker.
        downwards: Whether depth is counted from the upper edge alone.
        height: What is higher casts a shadow on what is lower; None: takes none.
    """

    name: str
    label: Colour
    border: Colour
    inside: Colour
    span: int
    ribbon: int = 0
    contrast: int = 0
    downwards: bool = False
    height: int | None = 0


SURFACES = (
    Surface(
        name="sky",
        label=(0, 128, 255),
        border=(235, 240, 250),
        inside=(70, 120, 200),
        span=16,
        height=None,
    ),
    Surface(
        name="ground",
        label=(128, 96, 0),
        border=(60, 80, 40),
        inside=(170, 160, 90),
        span=16,
        ribbon=8,
        contrast=22,
        downwards=True,
    ),
    Surface(
        name="wall",
        label=(255, 255, 0),
        border=(120, 80, 60),
        inside=(220, 190, 150),
        span=14,
        ribbon=7,
        contrast=28,
        downwards=True,
        height=1,
    ),
    Surface(
        name="roof",
        label=(255, 0, 0),
        border=(210, 110, 80),
        inside=(110, 40, 35),
        span=12,
        ribbon=6,
        contrast=28,
        downwards=True,
        height=2,
    ),
    Surface(
        name="window",
        label=(0, 255, 255),
        border=(240, 240, 235),
        inside=(30, 50, 80),
        span=4,
    ),
    Surface(
        name="door",
        label=(255, 0, 255),
        border=(90, 50, 25),
        inside=(190, 120, 60),
        span=5,
        ribbon=4,
        contrast=20,
    ),
    Surface(
        name="tree",
        label=(0, 160, 0),
        border=(25, 60, 20),
        inside=(150, 190, 80),
        span=12,
        ribbon=6,
        contrast=26,
        height=2,
    ),
    Surface(
        name="sun",
        label=(255, 255, 255),
        border=(255, 160, 40),
        inside=(255, 250, 190),
        span=8,
        height=None,
    ),
)
SKY, GROUND, WALL, ROOF, WINDOW, DOOR, TREE, SUN = range(len(SURFACES))
_SHADOW = (5, 4)  # pixels down and to the right
_SHADE = 0.65
_OUTLINE = 0.75
_BLUR = 0.6  # deviation in pixels, of a camera


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pairs and print their baseline."""
    options = _parse(arguments)
    folders = ("",) if options.combined else ("labels", "scenes")
    for folder in folders:
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    maps, scenes = [], []
    for index in range(options.count):
        rng = np.random.default_rng((options.seed, index))
        maps.append(draw_map(options.size, rng))
        scenes.append(paint(maps[-1]))
        sides = (colour_map(maps[-1]), scenes[-1])
        pictures = [np.hstack(sides)] if options.combined else sides
        for folder, pixels in zip(folders, pictures, strict=True):
            write_image(Picture(pixels), options.out / folder / f"{index:04}.png")
    print(f"{options.out.absolute()}: {options.count} pairs")
    print(f"mean colour of each label: {mean_colour_psnr(maps, scenes):.2f} dB PSNR")


def draw_map(size: int, rng: np.random.Generator) -> Array:
    """Return a random composition, `(size, size)` uint8 indices of `SURFACES`."""
    labels = np.full((size, size), SKY, np.uint8)
    _draw_sun(labels, rng)
    horizon = int(size * rng.uniform(0.55, 0.75))
    _draw_trees(labels, horizon, rng)
    labels[horizon:] = GROUND
    left = int(rng.integers(-20, 8))
    while left < size:
        width = int(rng.integers(28, 54))
        _draw_house(labels, left, width, horizon + int(rng.integers(2, 12)), rng)
        left += width + int(rng.integers(4, 24))
    _draw_trees(labels, int(size * rng.uniform(0.85, 1.0)), rng)
    return labels


def _draw_sun(labels: Array, rng: np.random.Generator) -> None:
    size = len(labels)
    centre = (int(rng.integers(size)), int(rng.integers(size // 3)))
    cv2.circle(labels, centre, int(rng.integers(7, 13)), (SUN,), -1)


def _draw_trees(labels: Array, foot: int, rng: np.random.Generator) -> None:
    size = len(labels)
    for _ in range(rng.integers(1, 2 + size // 32)):
        axes = (int(rng.integers(6, 15)), int(rng.integers(8, 22)))
        centre = (int(rng.integers(size)), foot - axes[1])
        cv2.ellipse(labels, centre, axes, 0, 0, 360, (TREE,), -1)


def _draw_house(
    labels: Array, left: int, width: int, foot: int, rng: np.random.Generator
) -> None:
    top = foot - int(rng.integers(24, 60))
    _fill(labels, top, left, foot, left + width, WALL)
    ridge = int(rng.integers(12, 24))
    inset = int(rng.integers(0, width // 2))
    corners = ((-3, 0), (width + 3, 0), (width - inset, -ridge), (inset, -ridge))
    points = [(left + x, top + y) for x, y in corners]
    cv2.fillPoly(labels, [np.array(points, np.int32)], (ROOF,))
    step = int(rng.integers(12, 17))
    tall, wide = int(rng.integers(8, 12)), int(rng.integers(6, 10))
    for y in range(top + 4, foot - tall - 14, tall + 6):
        for x in range(left + 4, left + width - wide - 2, step):
            if rng.random() < 0.85:
                _fill(labels, y, x, y + tall, x + wide, WINDOW)
    door = left + int(rng.integers(3, width - 12))
    _fill(labels, foot - 13, door, foot, door + 9, DOOR)


def _fill(
    labels: Array, top: int, left: int, bottom: int, right: int, label: int
) -> None:
    labels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = label


def colour_map(labels: Array) -> Array:
    """Return a map in the labels' colours, `(height, width, 3)` uint8."""
    return np.array([surface.label for surface in SURFACES], np.uint8)[labels]


def paint(labels: Array) -> Array:
    """Return the scene of a map.

    Args:
        labels: `(height, width)` uint8 indices of `SURFACES`.

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    scene = np.zeros((*labels.shape, 3), np.float32)
    for index, surface in enumerate(SURFACES):
        inside = labels == index
        if inside.any():
            scene[inside] = _surface(inside, surface)[inside]
    scene[_outlines(labels)] *= _OUTLINE
    scene[_shadows(labels)] *= _SHADE
    blurred = cv2.GaussianBlur(scene, (3, 3), _BLUR, borderType=cv2.BORDER_REPLICATE)
    return np.rint(np.clip(blurred, 0, 255)).astype(np.uint8)


def _surface(inside: Array, surface: Surface) -> Array:
    measure = _depth_downwards if surface.downwards else _depth
    depth = np.minimum(measure(inside), surface.span)[..., None]
    border, within = (
        np.array(colour, np.float32) for colour in (surface.border, surface.inside)
    )
    colours = border + (within - border) * depth / surface.span
    if surface.ribbon:
        # Gone where the depth is no longer counted: nothing breaks off.
        waves = np.cos(2 * np.pi * depth / surface.ribbon)
        colours = colours + surface.contrast * waves * (depth < surface.span)
    return np.asarray(colours, np.float32)


def _depth(inside: Array) -> Array:
    """Return distances to the nearest pixel outside; the picture's end is none."""
    # Where there is no such pixel, OpenCV returns a huge number.
    return cv2.distanceTransform(
        inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )


def _depth_downwards(inside: Array) -> Array:
    """Return distances to the first pixel above that lies outside, `REACH` at most."""
    depth = np.zeros(inside.shape, np.float32)
    above = inside.copy()
    for row in range(1, REACH + 1):
        depth += above
        # Above the picture everything goes on as it is at its end.
        above = above & inside[np.maximum(np.arange(len(inside)) - row, 0)]
    return depth


def _shadows(labels: Array) -> Array:
    """Return where something higher lies to the upper left."""
    down, right = _SHADOW
    no_shadow = len(SURFACES)
    heights = np.array(
        [
            no_shadow if surface.height is None else surface.height
            for surface in SURFACES
        ]
    )[labels]
    casting = np.where(heights == no_shadow, -1, heights)
    padded = np.pad(casting, ((down, 0), (right, 0)), constant_values=-1)
    return np.asarray(padded[: labels.shape[0], : labels.shape[1]] > heights)


def _outlines(labels: Array) -> Array:
    """Return the pixels whose right or lower neighbour has another label."""
    lines = np.zeros(labels.shape, bool)
    lines[:-1] |= labels[:-1] != labels[1:]
    lines[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return lines


def mean_colour_psnr(maps: Sequence[Array], scenes: Sequence[Array]) -> float:
    """Return what painting every label with its mean colour over a set scores.

    Returns:
        Decibels, the mean of those of single pictures.
    """
    sums = np.zeros((len(SURFACES), 3))
    counts = np.zeros(len(SURFACES))
    for labels, scene in zip(maps, scenes, strict=True):
        for index in range(len(SURFACES)):
            sums[index] += scene[labels == index].sum(axis=0, dtype=np.float64)
            counts[index] += np.count_nonzero(labels == index)
    means = np.rint(sums / np.maximum(counts, 1)[:, None]).astype(np.uint8)
    return float(
        np.mean(
            [
                psnr(means[labels], scene, crop_border=0, channel="rgb")
                for labels, scene in zip(maps, scenes, strict=True)
            ]
        )
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--size", type=int, default=128, help="side, pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--combined", action="store_true", help="both sides in one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
