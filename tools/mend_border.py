"""Teach a model to treat the border of a picture like its middle.

    python tools/mend_border.py runs/x4-photo/bundle PHOTOS

Beyond the border a convolution sees zeros. Losses that look at squares of patches, or
at structural similarity, hardly say what shall become of the last pixels there, and a
network may draw a frame around everything. Here the model learns from itself: what it
makes of a picture that goes on mirrored (`MIRRORED` pixels) is the target for what it
makes of the picture alone. In the middle the two are the same, so nothing else changes
but a little. Small crops of photographs, half of them through the chain of
`make_pairs.py`, and flat colours are trained on. The bundle is replaced.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from make_pairs import camera
from make_pairs import detailed_crop
from make_pairs import in_whole_cells
from make_pairs import parse as camera_options

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.data.pairs import as_rgb8
from imgan.data.pairs import list_pictures
from imgan.data.resize import resize_bicubic
from imgan.io.images import read_image
from imgan.runtime import import_tensorflow
from imgan.types import Array

MIRRORED = 8
"""Low-resolution pixels; what zeros do is hardly seen further away."""
_SIDE = 16
_BATCH, _FLAT = 16, 4
_LEARNING_RATE = 2e-4


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and say how far flat colours are off, before and after."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", type=Path, help="folder of photographs")
    parser.add_argument("--steps", type=int, default=600)
    words = parser.parse_args(arguments)
    import_tensorflow()
    network, card = load_network(words.bundle)
    kind = (card.input_channels, card.output_channels, card.input_range)
    if card.scale < 2 or kind != (3, 3, (0.0, 1.0)):
        parser.error(f"{words.bundle} is no network that enlarges colour in [0, 1]")
    reduced = _reduced(words.pictures, card.scale)
    if not reduced:
        parser.error(f"{words.pictures} has no picture of {_SIDE * card.scale} pixels")
    before = off_on_flat(network)
    teacher, _ = load_network(words.bundle)
    train(network, teacher, reduced, words.steps)
    # Its scores are those of the weights before.
    save_bundle(network, card.model_copy(update={"metrics": []}), words.bundle)
    sys.stdout.write(
        f"off on flat grey, at worst: {before:.2f} -> {off_on_flat(network):.2f} "
        "levels\n"
    )
    return 0


def train(network: Any, teacher: Any, pictures: list[Array], steps: int) -> None:
    """Move a network towards what `teacher` makes of mirrored pictures.

    Args:
        network: Trained in place.
        teacher: From `(batch, height, width, 3)` to `scale` times the size.
        pictures: uint8, `(height, width, 3)`, no side below 16.
        steps: Of Adam, with a learning rate that ends at zero.
    """
    tf, keras = import_tensorflow(), sys.modules["keras"]
    schedule = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)
    optimizer = keras.optimizers.Adam(schedule, beta_2=0.99)
    optimizer.build(network.trainable_variables)

    @tf.function
    def step(images: Any) -> None:
        target = mirrored(tf, teacher, images)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(network(images, training=True) - target))
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    rng = np.random.default_rng(0)
    for _ in range(steps):
        step(tf.constant(_batch(pictures, rng)))


def mirrored(tf: Any, teacher: Any, images: Any) -> Any:
    """Return what a network makes of images that go on mirrored, for the images."""
    around = [[0, 0], [MIRRORED, MIRRORED], [MIRRORED, MIRRORED], [0, 0]]
    made = teacher(tf.pad(images, around, "SYMMETRIC"), training=False)
    cut = MIRRORED * made.shape[1] // (images.shape[1] + 2 * MIRRORED)
    return made[:, cut:-cut, cut:-cut]


def off_on_flat(network: Any) -> float:
    """Return how far flat greys are off at worst, border and all, in levels of 255."""
    greys = np.linspace(0, 1, 11, dtype=np.float32)
    images = np.broadcast_to(greys[:, None, None, None], (11, _SIDE, _SIDE, 3))
    made = np.asarray(network(images, training=False))
    return float(np.abs(made - greys[:, None, None, None]).max() * 255)


def _batch(pictures: list[Array], rng: np.random.Generator) -> Array:
    """Return `(batch, side, side, 3)` float32 crops, the last ones of a flat colour."""
    images = np.empty((_BATCH, _SIDE, _SIDE, 3), np.float32)
    for image in images[:-_FLAT]:
        picture = pictures[rng.integers(len(pictures))]
        top, left = (rng.integers(side - _SIDE + 1) for side in picture.shape[:2])
        image[:] = picture[top : top + _SIDE, left : left + _SIDE] / np.float32(255)
    grey = rng.uniform(0, 1, (_FLAT, 1, 1, 1))
    images[-_FLAT:] = np.clip(grey + rng.normal(0, 0.1, (_FLAT, 1, 1, 3)), 0, 1)
    return images


def _reduced(folder: Path, scale: int) -> list[Array]:
    """Return a reduced crop of each photograph, every other one through the chain."""
    options = camera_options([str(folder), "", "--scale", str(scale)])
    found = []
    for index, path in enumerate(list_pictures(folder)):
        rng = np.random.default_rng(index)
        hr = detailed_crop(as_rgb8(read_image(path).pixels), 128 * scale, rng)
        hr = in_whole_cells(hr, scale)
        lr = camera(hr, options, rng) if index % 2 else resize_bicubic(hr, 1 / scale)
        if min(lr.shape[:2]) >= _SIDE:
            found.append(lr)
    return found


if __name__ == "__main__":
    sys.exit(main())
