"""Make the README's picture: crops of the samples, bicubic beside a model.

python tools/make_comparison.py [--model x4]
"""

import argparse
from pathlib import Path

import numpy as np
import pyvips

import imgan
from imgan.types import Array
from imgan.types import Region

ASSETS = Path(__file__).resolve().parent.parent / "assets"
CROPS = {
    "cat.jpg": Region(top=50, left=80, height=80, width=80),
    "coffee.jpg": Region(top=70, left=140, height=80, width=80),
}
GAP = 8


def panels(name: str, region: Region, model: str) -> list[Array]:
    """Return a crop of a sample enlarged by bicubic interpolation and by the model."""
    pixels = pyvips.Image.new_from_file(ASSETS / "samples" / name).numpy()
    enlarged = imgan.load(model)
    scale = int(enlarged.scale)
    rows, columns = Region(*(side * scale for side in region)).slices()
    # The whole picture is enlarged first: a crop's border would be seen otherwise.
    results = [imgan.load("bicubic", scale=scale)(pixels), enlarged(pixels)]
    return [result[rows, columns] for result in results]


def main() -> None:
    """Write `assets/comparison.png`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="x4")
    model = parser.parse_args().model
    row: list[Array] = []
    for name, region in CROPS.items():
        for panel in panels(name, region, model):
            gap = np.full((panel.shape[0], GAP, 3), 255, np.uint8)
            row += [gap, panel] if row else [panel]
    image = pyvips.Image.new_from_array(np.hstack(row))
    image.write_to_file(ASSETS / "comparison.png", compression=9)


if __name__ == "__main__":
    main()
