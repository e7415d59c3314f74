"""Does a generated set help a classifier? Trains one with it and one without.

    imgan train recipes/cgan/augmentation.yaml --run-dir runs/augmentation
    imgan sample more/ --model runs/augmentation --count 500
    python tools/check_augmentation.py runs/augmentation more/

Both classifiers are tested on the pictures that the run held out. What is printed is
the accuracy for each seed of the classifier, without and with the generated pictures.
"""

from pathlib import Path

import numpy as np
import typer

from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.config import validate_recipe
from imgan.data.images import ImageStore
from imgan.data.images import as_uint8
from imgan.data.images import open_images
from imgan.types import Array


def main(run: Path, generated: Path, seeds: int = 3) -> None:
    """Compare the two classifiers."""
    from imgan.metrics.classifier import train_classifier

    recipe = validate_recipe(read_card(resolve(str(run))).recipe or {})
    shape = {"image_size": recipe.data.image_size, "channels": recipe.data.channels}
    real = open_images(recipe.data.train, adapt=recipe.data.adapt, **shape)
    few, unseen = real.split(recipe.data.holdout, recipe.seed)
    more = open_images(str(generated), **shape)
    if few.label_names != more.label_names:
        raise SystemExit(f"labels are {few.label_names} and {more.label_names}")
    images, labels = _arrays(few)
    both = [
        np.concatenate(pair)
        for pair in zip((images, labels), _arrays(more), strict=True)
    ]
    test_images, test_labels = _arrays(unseen)
    print(f"{len(images)} real, {len(more)} generated, {len(unseen)} to test on")
    classes = len(few.label_names or ())
    for seed in range(seeds):
        scores = []
        for pictures, truth in ((images, labels), both):
            # Nothing is held out here: the test pictures are others.
            classifier = train_classifier(pictures, truth, classes, seed, held_out=0.05)
            scores.append(np.mean(classifier.predict(test_images) == test_labels))
        print(f"seed {seed}: without {scores[0]:.2%}, with {scores[1]:.2%}")


def _arrays(store: ImageStore) -> tuple[Array, Array]:
    images = as_uint8(store, np.arange(len(store)))
    return images, np.asarray(store.labels)


if __name__ == "__main__":
    typer.run(main)
