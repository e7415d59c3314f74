"""Make contact sheets of models, to be looked at: seams, tints, halos, checkerboards.

    python tools/make_sheets.py KODAK OUT [--models x4 x4-photo] [--lr CAMERA/LR]

Every picture is reduced by MATLAB's bicubic (or its twin is taken from `--lr`) and
enlarged again. `OUT/MODEL.png` shows the whole results, half as large; `details.png`
has a row for each picture: its most detailed square in truth, by bicubic enlargement
and by each model, pixel for pixel.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

import imgan
from imgan.data.pair_store import load_pair
from imgan.data.pairs import list_pairs
from imgan.data.resize import resize_bicubic
from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.types import Array

SIDE = 192
GAP = 4
WHITE = 255


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sheets."""
    options = _parse(arguments)
    models = {name: imgan.load(name) for name in options.models}
    scale = int(next(iter(models.values())).scale)
    whole: dict[str, list[Array]] = {name: [] for name in models}
    rows = []
    for paths in list_pairs(options.pictures, options.lr, scale):
        pair = load_pair(paths, scale)
        results = {name: enlarge(pair.lr) for name, enlarge in models.items()}
        for name, result in results.items():
            whole[name].append(
                cv2.resize(result, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            )
        square = detailed_square(pair.hr)
        shown = [pair.hr, resize_bicubic(pair.lr, scale), *results.values()]
        rows.append(grid([[image[square] for image in shown]]))
    options.out.mkdir(parents=True, exist_ok=True)
    half = -(-len(rows) // 2)
    sheets = {"details": grid([rows[n::half] for n in range(half)])}
    for name, pictures in whole.items():
        sheets[name] = grid([pictures[n : n + 4] for n in range(0, len(pictures), 4)])
    for name, sheet in sheets.items():
        write_image(Picture(sheet), options.out / f"{name}.png")
        print(options.out / f"{name}.png")


def detailed_square(image: Array) -> tuple[slice, slice]:
    """Return where in a picture most detail is, `SIDE` pixels square."""
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
    # The mean over the square that begins at each pixel.
    density = cv2.boxFilter(edges, -1, (SIDE, SIDE), anchor=(0, 0))
    height, width = (max(1, side - SIDE + 1) for side in image.shape[:2])
    inside = density[:height, :width]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return slice(int(top), int(top) + SIDE), slice(int(left), int(left) + SIDE)


def grid(rows: Sequence[Sequence[Array]]) -> Array:
    """Return pictures in rows, on white, each in the upper left of its cell."""
    height = max(image.shape[0] for row in rows for image in row) + GAP
    width = max(image.shape[1] for row in rows for image in row) + GAP
    columns = max(len(row) for row in rows)
    sheet = np.full((height * len(rows), width * columns, 3), WHITE, np.uint8)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = row * height, column * width
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
    return sheet


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of true pictures")
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", nargs="+", default=["x4", "x4-photo"])
    parser.add_argument("--lr", type=Path, help="their small twins, of the same names")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
