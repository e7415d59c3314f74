"""Judge a network that draws façades as the paper of pix2pix does: can they be read?

    python tools/check_facades.py RUN [--reader reader.keras] [--json]
    python tools/check_facades.py recipes/pix2pix/facades.yaml --generated PICTURES

A small network, the reader, learns to tell the parts of a façade from real photographs
of the recipe's training pairs. Then it reads the held-out photographs, those generated
from their label maps, and the mean training photograph. The share of pixels that it
reads as the label map says is the score; generated façades are as good as they can be
when they are read as well as real ones ([Isola et al.,
2017](https://arxiv.org/abs/1611.07004), section 4.1). L1 in `[-1, 1]` stands beside it.

With `--reader` the reader is kept in a file, or taken from it, so that several runs are
judged by the same one. `--generated` takes pictures that were made before, by the names
of the held-out pairs; a recipe without it shows the reader alone. Pairs come from the
recipe, whose source must be label maps: other folders with
`--set data.train.combined=...` and `--set data.validation.combined=...`.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.bundles.bundle import load_network
from imgan.bundles.register import resolve
from imgan.config import load_recipe
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.translation import PairSource
from imgan.data.pairs import as_rgb8
from imgan.data.pixels import as_unit
from imgan.data.pixels import to_uint8
from imgan.data.translation.files import list_translation_pairs
from imgan.data.translation.held_out import HeldOut
from imgan.data.translation.pairs import paired_reader
from imgan.data.translation.store import squeeze
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.io.images import read_image
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Size

_FILTERS = (32, 64, 128, 192)  # of the reader, from half the size to a sixteenth

PALETTE = {
    "background": (0, 0, 222),
    "facade": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 224),
    "sill": (112, 255, 144),
    "balcony": (192, 255, 64),
    "blind": (255, 240, 0),
    "decoration": (255, 160, 0),
    "molding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}
"""Colours of the labels in the pairs that pix2pix was published with."""
# The label maps are JPEG: the median pixel of one lies up to 31 levels from the
# palette, that of a photograph over 120.
_MOST_MEDIAN_DISTANCE = 60.0


class Facades(NamedTuple):
    """Photographs and what they show.

    Attributes:
        names: One for each photograph.
        photos: `(count, side, side, 3)` uint8 RGB.
        parts: `(count, side, side)` uint8, indices of `PALETTE`.
        maps: `(count, side, side, 3)` uint8 RGB, as a generator of the recipe is given.
    """

    names: list[str]
    photos: Array
    parts: Array
    maps: Array


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores."""
    options = _parse(arguments)
    folder = options.run if options.run.is_dir() else None
    recipe = load_recipe(
        options.run / "recipe.yaml" if folder else options.run, options.overrides
    )
    if not isinstance(recipe, Pix2PixRecipe) or recipe.data.validation is None:
        raise SystemExit(
            f"{options.run} must be a recipe of paired translation with "
            "data.validation, or a run of one"
        )
    train = read_facades(recipe, recipe.data.train)
    held_out = read_facades(recipe, recipe.data.validation)
    reader = open_reader(options.reader, train, options.steps)
    generated = None
    if options.generated:
        generated = read_generated(options.generated, held_out)
    elif folder:
        generated = generate(folder, held_out.maps)
    scores = judge(reader, train, held_out, generated)
    print(json.dumps(scores, indent=2) if options.json else text(scores))


def read_facades(recipe: Pix2PixRecipe, source: PairSource) -> Facades:
    """Read pairs as squares of the recipe's `data.image_size`."""
    side = recipe.data.image_size
    files = list_translation_pairs(source, recipe.data, held_out=True)
    whole = HeldOut(paired_reader(files, recipe.data, None, keep=False))
    size = Size(side, side)
    names, photos, parts, maps = [], [], [], []
    for pair in whole:
        names.append(Path(pair.name).stem)
        photos.append(squeeze(as_rgb8(pair.target), size))
        labels = as_rgb8(pair.source)
        # Of the whole map: a mean of two labels' colours may be a third one's.
        parts.append(
            squeeze(nearest_parts(labels)[..., np.newaxis], size, True)[..., 0]
        )
        maps.append(squeeze(labels, size, recipe.data.source.labels))
    return Facades(names, np.stack(photos), np.stack(parts), np.stack(maps))


def nearest_parts(labels: Array) -> Array:
    """Return the index of the nearest colour of the palette, `(height, width)` uint8.

    Raises:
        SystemExit: If most pixels are far from all of them.
    """
    colours = np.array(list(PALETTE.values()), np.int32)
    distances = np.stack(
        [np.square(labels.astype(np.int32) - colour).sum(axis=-1) for colour in colours]
    )
    if np.median(distances.min(axis=0)) > _MOST_MEDIAN_DISTANCE**2:
        raise SystemExit(
            "The source of the pairs is no label map of façades. Expected photographs "
            "left, label maps right, and data.direction=b_to_a"
        )
    return distances.argmin(axis=0).astype(np.uint8)


def read_generated(folder: Path, held_out: Facades) -> Array:
    """Return pictures of the held-out names, squeezed to the size of their photos."""
    found = {
        path.stem: path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in PICTURE_SUFFIXES
    }
    if missing := [name for name in held_out.names if name not in found]:
        raise SystemExit(f"{folder} has no pictures named {', '.join(missing[:10])}")
    size = Size(*held_out.photos.shape[1:3])
    return np.stack(
        [
            squeeze(as_rgb8(read_image(found[name]).pixels), size)
            for name in held_out.names
        ]
    )


def generate(run: Path, maps: Array) -> Array:
    """Return what a run's network makes of label maps, uint8."""
    from imgan.training.translation_validation import Translator

    translate = Translator(load_network(resolve(str(run)))[0])
    return np.stack([to_uint8(np.clip(translate(one), 0, 1)) for one in maps])


def open_reader(
    path: Path | None, train: Facades, steps: int, filters: Sequence[int] = _FILTERS
) -> Any:
    """Return the reader of a file, or train one and keep it there."""
    import_tensorflow()
    import keras

    if path and path.is_file():
        return keras.saving.load_model(path, compile=False)
    reader = train_reader(train, steps, filters)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        reader.save(path)
    return reader


def build_reader(filters: Sequence[int] = _FILTERS) -> Any:
    """Return a U-Net from pictures in `[0, 255]` to logits of parts.

    Sides are multiples of 2 to the number of levels, which `filters` has one of each.
    """
    import keras

    def block(x: Any, channels: int) -> Any:
        for _ in range(2):
            x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.95)(x)
            x = keras.layers.ReLU()(x)
        return x

    images = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(images)
    # Half the size from here on: parts are larger than a pixel, and it takes a quarter
    # of the time.
    stem = keras.layers.Conv2D(
        filters[0], 4, strides=2, padding="same", activation="relu"
    )
    x = stem(x)
    skips = []
    for channels in filters[:-1]:
        x = block(x, channels)
        skips.append(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Dropout(0.3)(block(x, filters[-1]))
    for skip in reversed(skips):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = block(keras.layers.Concatenate()([x, skip]), skip.shape[-1])
    x = keras.layers.Conv2D(len(PALETTE), 1)(x)
    return keras.Model(images, keras.layers.UpSampling2D(interpolation="bilinear")(x))


def train_reader(
    train: Facades,
    steps: int,
    filters: Sequence[int] = _FILTERS,
    batch_size: int = 8,
) -> Any:
    """Return a reader that was trained on real photographs and their label maps."""
    import keras

    keras.utils.set_random_seed(0)
    reader = build_reader(filters)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=2e-3, warmup_steps=max(1, steps // 20)
    )
    reader.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    rng = np.random.default_rng(0)
    for step in range(steps):
        loss = reader.train_on_batch(*_batch(train, batch_size, rng))
        if (step + 1) % 200 == 0:
            print(
                f"reader: step {step + 1} of {steps}, loss {loss:.3f}", file=sys.stderr
            )
    return reader


def _batch(
    train: Facades, batch_size: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return photographs and parts: crops, half of them mirrored, in other light."""
    side = train.photos.shape[1]
    crop = max(16, (side - side // 8) // 16 * 16)
    photos, parts = [], []
    for index in rng.integers(len(train.photos), size=batch_size):
        top, left = rng.integers(side - crop + 1, size=2)
        way = 1 - 2 * int(rng.integers(2))
        window = np.s_[top : top + crop, left : left + crop]
        photo = train.photos[index][window][:, ::way].astype(np.float32)
        gains = rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, size=3)
        photos.append(np.clip(photo * gains + rng.uniform(-20, 20), 0, 255))
        parts.append(train.parts[index][window][:, ::way])
    return np.stack(photos).astype(np.float32), np.stack(parts).astype(np.int32)


def judge(
    reader: Any, train: Facades, held_out: Facades, generated: Array | None
) -> dict[str, float]:
    """Return accuracies and distances; of nothing generated, none."""
    mean = to_uint8(as_unit(train.photos).mean(axis=0))
    commonest = np.bincount(train.parts.ravel()).argmax()
    real = accuracy(reader, held_out.photos, held_out.parts)
    of_mean = accuracy(reader, [mean] * len(held_out.parts), held_out.parts)
    scores = {
        "commonest_part_accuracy": float(np.mean(held_out.parts == commonest)),
        "real_accuracy": real,
        "mean_photo_accuracy": of_mean,
        "mean_photo_ratio": of_mean / real,
        "mean_photo_l1": l1(mean, held_out.photos),
    }
    if generated is not None:
        read = accuracy(reader, generated, held_out.parts)
        distance = l1(generated, held_out.photos)
        scores |= {
            "generated_accuracy": read,
            "generated_ratio": read / real,
            "generated_l1": distance,
            "generated_l1_ratio": distance / scores["mean_photo_l1"],
        }
    return scores


def accuracy(reader: Any, photos: Iterable[Array], parts: Array) -> float:
    """Return the share of pixels that the reader reads as they are."""
    right = [
        np.mean(
            np.asarray(reader(photo[np.newaxis], training=False))[0].argmax(-1) == part
        )
        for photo, part in zip(photos, parts, strict=True)
    ]
    return float(np.mean(right))


def l1(images: Array, truth: Array) -> float:
    """Return the mean absolute difference, values in `[-1, 1]`."""
    return 2.0 * float(np.abs(as_unit(images) - as_unit(truth)).mean())


def text(scores: dict[str, float]) -> str:
    """Return a table of the scores."""
    lines = [
        f"everything is the commonest part  {scores['commonest_part_accuracy']:.3f}"
    ]
    for name in ("real", "mean_photo", "generated"):
        if f"{name}_accuracy" not in scores:
            continue
        line = f"{name.replace('_', ' '):32}  {scores[f'{name}_accuracy']:.3f}"
        if f"{name}_ratio" in scores:
            line += f"  {scores[f'{name}_ratio']:.3f} of real"
            line += f"  L1 {scores[f'{name}_l1']:.3f}"
        lines.append(line)
    return "\n".join(lines)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a run, or a recipe")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    parser.add_argument("--generated", type=Path, help="folder of pictures")
    parser.add_argument("--reader", type=Path, help=".keras file, made if missing")
    parser.add_argument("--steps", type=int, default=1500, help="of the reader")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
