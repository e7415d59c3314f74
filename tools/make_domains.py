"""Make two unpaired domains of photographs whose true mapping is known.

    python tools/make_domains.py PHOTOGRAPHS domains --count 400 --size 128

Writes `OUT/train/a` and `OUT/train/b`, squares of different photographs, and
`OUT/validation/a` and `OUT/validation/b`, squares of photographs that neither holds,
where files of one name belong together. Domain a shows photographs as they are. In
domain b hues are turned by `--hue` degrees about the axis of greys, values clipped, and
every value v becomes 255 - v. At 120 degrees, the default, the turn takes (red, green,
blue) to (blue, red, green), in HSV as well: nothing is clipped, and the mapping can be
undone without loss.

A square covers most of its photograph's shorter side and is reduced by area, so that
skies, faces and shadows are seen, which tell what is bright by nature. The tool prints
what the identity scores on the validation pairs.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from imgan.data.pairs import as_rgb8
from imgan.data.pairs import list_pictures
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.metrics.psnr import psnr
from imgan.types import Array

_SHARE = (0.6, 1.0)  # of a photograph's shorter side that a square covers


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the domains and print their baseline."""
    options = _parse(arguments)
    photographs = list_pictures(options.photographs)
    if len(photographs) < options.held_out + 2:
        raise SystemExit(
            f"{options.photographs} holds {len(photographs)} photographs; "
            f"{options.held_out} held out and one for each domain are needed. Lower "
            "--held-out, or give more."
        )
    order = np.random.default_rng(options.seed).permutation(len(photographs))
    mixed = [photographs[index] for index in order]
    held_out, rest = mixed[: options.held_out], mixed[options.held_out :]
    for side, paths in (("a", rest[::2]), ("b", rest[1::2])):
        folder = _folder(options.out, "train", side)
        for index in range(options.count):
            path = paths[index * len(paths) // options.count]
            pixels = square(path, options.size, _rng(options.seed, side, index))
            if side == "b":
                pixels = changed(pixels, options.hue)
            write_image(Picture(pixels), folder / f"{index:04}-{path.stem}.png")
    scores = []
    folders = [_folder(options.out, "validation", side) for side in "ab"]
    for index, path in enumerate(held_out):
        pixels = square(path, options.size, _rng(options.seed, "v", index))
        pair = (pixels, changed(pixels, options.hue))
        for folder, shown in zip(folders, pair, strict=True):
            write_image(Picture(shown), folder / f"{index:04}-{path.stem}.png")
        scores.append(psnr(*pair, crop_border=0, channel="rgb"))
    print(
        f"{options.out.absolute()}: {options.count} squares a domain, of "
        f"{len(rest[::2])} and {len(rest[1::2])} photographs, and {len(held_out)} pairs"
    )
    print(f"identity: {np.mean(scores):.2f} dB PSNR to the true mapping")


def square(path: Path, size: int, rng: np.random.Generator) -> Array:
    """Return a random square of a photograph, `(size, size, 3)` uint8."""
    pixels = as_rgb8(read_image(path).pixels)
    height, width = pixels.shape[:2]
    side = max(1, round(min(height, width) * rng.uniform(*_SHARE)))
    top, left = (int(rng.integers(length - side + 1)) for length in (height, width))
    cut = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, (size, size), interpolation=method), np.uint8)


def changed(image: Array, hue: float = 120.0) -> Array:
    """Return an 8-bit RGB picture of domain a as domain b shows it.

    Args:
        image: `(height, width, 3)` uint8.
        hue: Degrees by which colours are turned about the axis of greys.
    """
    angle = np.deg2rad(hue)
    same = (1 + 2 * np.cos(angle)) / 3
    onwards, backwards = (
        (1 - np.cos(angle)) / 3 + sign * np.sin(angle) / np.sqrt(3) for sign in (1, -1)
    )
    # Rows: what of red, green and blue makes the new red, green and blue.
    turn = np.array(
        [
            [same, backwards, onwards],
            [onwards, same, backwards],
            [backwards, onwards, same],
        ]
    )
    turned = image.astype(np.float64) @ turn.T
    return np.asarray(255 - np.rint(np.clip(turned, 0, 255)).astype(np.uint8))


def _rng(seed: int, part: str, index: int) -> np.random.Generator:
    return np.random.default_rng((seed, ord(part), index))


def _folder(out: Path, part: str, side: str) -> Path:
    folder = out / part / side
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photographs", type=Path, help="folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=400, help="squares a domain")
    parser.add_argument("--held-out", type=int, default=24, help="photographs")
    parser.add_argument("--size", type=int, default=128, help="side, pixels")
    parser.add_argument("--hue", type=float, default=120.0, help="turn, degrees")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
