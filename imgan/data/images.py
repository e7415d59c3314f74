"""Opens what a recipe of generation names: folders, `.npz` files, known sets."""

from collections import Counter
from pathlib import Path

import numpy as np

from imgan.config.generation import GenerationRecipe
from imgan.data.image_arrays import SKLEARN_PREFIX
from imgan.data.image_arrays import ImageArrays
from imgan.data.image_arrays import load_sklearn
from imgan.data.image_arrays import read_npz
from imgan.data.image_listing import list_images
from imgan.data.image_store import ArraySource
from imgan.data.image_store import FileSource
from imgan.data.image_store import ImageStore
from imgan.data.image_store import as_uint8
from imgan.data.image_store import expectation
from imgan.data.image_store import require_labels
from imgan.data.pair_store import KEEP
from imgan.errors import DataError

__all__ = [
    "ImageStore",
    "as_uint8",
    "open_images",
    "open_training_images",
    "require_labels",
]

_MOST_KINDS = 3
# Decoded before training starts, about half a millisecond each.
_MOST_DECODED = 1000


def open_images(
    source: str,
    *,
    image_size: int,
    channels: int,
    adapt: bool = False,
    keep: bool | None = None,
) -> ImageStore:
    """Open a folder of pictures, of class folders, an `.npz` file or `sklearn:digits`.

    Args:
        source: A path or the name of a set.
        image_size: Side of the pictures in pixels.
        channels: 1: grey. 3: RGB.
        adapt: Crop, resize and convert pictures; without it, all must fit. Sets by name
            are always adapted.
        keep: Keep decoded pictures in memory; None: if they fit in a quarter of it.

    Raises:
        DataError: If there are no pictures, or some that do not fit.
        UsageError: If there is no set of that name.
        MissingExtraError: If a set comes with a package that is not installed.
    """
    path = Path(source)
    if source.startswith(SKLEARN_PREFIX):
        arrays, adapt = load_sklearn(source), True
    elif path.suffix.lower() == ".npz" and not path.is_dir():
        arrays = read_npz(path)
    else:
        arrays = None
    if arrays is None:
        store = _open_folder(path, image_size, channels, adapt, keep)
    else:
        store = _open_arrays(arrays, image_size, channels, adapt, keep)
    if not adapt:
        _check_sizes(store)
        _check_colours(store)
    return store


def open_training_images(recipe: GenerationRecipe) -> ImageStore:
    """Return the pictures that a recipe trains on, without those held out.

    Raises:
        DataError: As `open_images`.
        UsageError: The same.
        MissingExtraError: The same.
    """
    data = recipe.data
    store = open_recipe_images(recipe, keep=KEEP[data.cache])
    return store.split(data.holdout, recipe.seed)[0] if data.holdout else store


def open_recipe_images(
    recipe: GenerationRecipe, keep: bool | None = None
) -> ImageStore:
    """Return all pictures that a recipe names, those held out among them.

    Args:
        recipe: Names them, and what they must be.
        keep: As of `open_images`.

    Raises:
        DataError: As `open_images`.
        UsageError: The same.
        MissingExtraError: The same.
    """
    data = recipe.data
    return open_images(
        data.train,
        image_size=data.image_size,
        channels=data.channels,
        adapt=data.adapt,
        keep=keep,
    )


def _open_folder(
    folder: Path, image_size: int, channels: int, adapt: bool, keep: bool | None
) -> ImageStore:
    listing = list_images(folder)
    return ImageStore(
        FileSource(str(folder.absolute()), listing.paths),
        image_size=image_size,
        channels=channels,
        adapt=adapt,
        labels=listing.labels,
        label_names=listing.label_names,
        keep=keep,
    )


def _open_arrays(
    arrays: ImageArrays, image_size: int, channels: int, adapt: bool, keep: bool | None
) -> ImageStore:
    return ImageStore(
        ArraySource(arrays.name, arrays.images),
        image_size=image_size,
        channels=channels,
        adapt=adapt,
        labels=arrays.labels,
        label_names=arrays.label_names,
        # What needs no work is in memory already, and keeping it costs nothing.
        keep=keep if adapt else True,
    )


def _check_sizes(store: ImageStore) -> None:
    wanted = (store.image_size, store.image_size)
    sizes = ((index, store.size(index)) for index in range(len(store)))
    wrong = [(index, str(size)) for index, size in sizes if size != wanted]
    _refuse(store, wrong, len(store))


def _check_colours(store: ImageStore) -> None:
    """Decode some pictures of all parts of the store; the others tell in training."""
    looked_at = np.linspace(0, len(store) - 1, min(len(store), _MOST_DECODED))
    found = [(index, store.misfit(index)) for index in looked_at.astype(int).tolist()]
    _refuse(store, [(index, what) for index, what in found if what], len(looked_at))


def _refuse(store: ImageStore, wrong: list[tuple[int, str]], looked_at: int) -> None:
    if not wrong:
        return
    # One file for each kind of misfit tells more than the first few files.
    first: dict[str, int] = {}
    for index, what in wrong:
        first.setdefault(what, index)
    counts = Counter(what for _, what in wrong)
    shown = [
        f"{store.name(index)} is {what}"
        + (f" (and {counts[what] - 1:,} more)" if counts[what] > 1 else "")
        for what, index in list(first.items())[:_MOST_KINDS]
    ]
    others = len(first) - len(shown)
    if others:
        shown.append(f"and {others:,} more sizes or colours")
    raise DataError(
        f"{len(wrong):,} of {looked_at:,} pictures do not fit: {', '.join(shown)}; "
        + expectation(store)
    )
