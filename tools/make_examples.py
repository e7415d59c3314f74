"""Make the example crops of the models' page, from scikit-image's free pictures.

    python tools/make_examples.py

Writes `assets/models/clean.png` and `assets/models/camera.png`: a row for each picture,
with the truth, bicubic enlargement and each model that enlarges four times. The first
is of pictures that were reduced by MATLAB's bicubic, the second of the same ones as a
simple camera takes them (`make_pairs.py`).
"""

from pathlib import Path

import make_pairs
import make_sheets
import numpy as np
import skimage.data

import imgan
from imgan.data.resize import resize_bicubic
from imgan.io.images import write_image
from imgan.io.picture import Picture
from imgan.types import Array
from imgan.types import Region

OUT = Path(__file__).resolve().parent.parent / "assets" / "models"
MODELS = ("x4-fast", "x4", "x4-photo")
CROPS = {
    "astronaut": Region(top=60, left=170, height=120, width=120),
    "chelsea": Region(top=80, left=170, height=120, width=120),
    "coffee": Region(top=150, left=220, height=120, width=120),
    "text": Region(top=28, left=160, height=120, width=120),
    "brick": Region(top=120, left=120, height=120, width=120),
    "rocket": Region(top=180, left=280, height=120, width=120),
}
"""Where to look: a face, fur, a smooth round thing, writing, a texture, wires."""


def main() -> None:
    """Write both sheets."""
    models = [imgan.load(name) for name in MODELS]
    options = make_pairs.parse(["", ""])
    rows: dict[str, list[list[Array]]] = {"clean": [], "camera": []}
    for index, (name, region) in enumerate(CROPS.items()):
        truth = _whole_cells(getattr(skimage.data, name)())
        reduced = {
            "clean": resize_bicubic(truth, 1 / 4),
            "camera": make_pairs.camera(truth, options, np.random.default_rng(index)),
        }
        # The whole picture is enlarged: a crop's border would be seen otherwise.
        for kind, lr in reduced.items():
            enlarged = [resize_bicubic(lr, 4), *(model(lr) for model in models)]
            cut = region.slices()
            rows[kind].append([picture[cut] for picture in (truth, *enlarged)])
    OUT.mkdir(exist_ok=True)
    for kind, pictures in rows.items():
        write_image(Picture(make_sheets.grid(pictures)), OUT / f"{kind}.png")
        print(OUT / f"{kind}.png")


def _whole_cells(image: Array) -> Array:
    """Return a picture as RGB, its sides cut to multiples of four."""
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    height, width = (side - side % 4 for side in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width, :3])


if __name__ == "__main__":
    main()
