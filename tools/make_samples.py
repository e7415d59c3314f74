"""Make the pictures of `assets/samples` from the CC0 photographs of scikit-image.

    python tools/make_samples.py

They are reduced so that enlarging them takes seconds, and keep the kinds of file that
people have: JPEG, grey, WebP, and PNG with transparency.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pyvips
import skimage.data

from imgan.types import Array

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "samples"


def reduced(pixels: Array, height: int) -> pyvips.Image:
    """Reduce a photograph, antialiased, to a height in pixels."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    # Lanczos, whose support grows with the ratio: nothing folds back.
    return image.resize(height / image.height, kernel="lanczos3").copy(
        interpretation="srgb" if image.bands == 3 else "b-w"
    )


def emblem(side: int = 160, oversampling: int = 8) -> pyvips.Image:
    """Draw a round badge with lettering on a transparent ground."""
    full = side * oversampling
    scale = full / 160
    colours = np.zeros((full, full, 3), np.uint8)
    cover = np.zeros((full, full), np.uint8)
    centre = (full // 2, full // 2)
    cv2.circle(cover, centre, int(74 * scale), (255,), -1)
    for radius, colour in (
        (80, (38, 70, 83)),
        (66, (233, 196, 106)),
        (58, (38, 70, 83)),
    ):
        cv2.circle(colours, centre, int(radius * scale), colour, -1)
    ridge = [(34, 104), (62, 62), (80, 86), (96, 70), (126, 104)]
    points = np.array([[int(x * scale), int(y * scale)] for x, y in ridge], np.int32)
    cv2.fillPoly(colours, [points], (42, 157, 143))
    cv2.circle(
        colours, (int(104 * scale), int(50 * scale)), int(9 * scale), (244, 162, 97), -1
    )
    cv2.putText(
        colours,
        "imgan",
        (int(51 * scale), int(124 * scale)),
        cv2.FONT_HERSHEY_DUPLEX,
        0.62 * scale,
        (255, 255, 255),
        int(1.2 * scale),
        cv2.LINE_AA,
    )
    size = (side, side)
    small = cv2.resize(colours, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)
    # What is wholly transparent has no colour worth keeping.
    small[alpha == 0] = 0
    return pyvips.Image.new_from_array(np.dstack([small, alpha])).copy(
        interpretation="srgb"
    )


def main() -> None:
    """Write every sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    jpeg = {"Q": 94, "subsample_mode": "off", "optimize_coding": True}
    reduced(skimage.data.chelsea(), 200).write_to_file(folder / "cat.jpg", **jpeg)
    reduced(skimage.data.coffee(), 200).write_to_file(folder / "coffee.jpg", **jpeg)
    reduced(skimage.data.retina(), 240).write_to_file(folder / "retina.webp", Q=94)
    reduced(skimage.data.camera(), 224).write_to_file(folder / "photographer.png")
    emblem().write_to_file(folder / "emblem.png")


if __name__ == "__main__":
    main()
