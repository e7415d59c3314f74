"""From a recipe to the sets of pictures that it trains on and validates with."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from imgan import families
from imgan.config import Recipe
from imgan.config.generation import GenerationRecipe
from imgan.config.super_resolution import ResolutionFolders
from imgan.config.super_resolution import SuperResolutionData
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.checking.looks import read_any
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.picture_sets import as_read
from imgan.data.image_arrays import SKLEARN_PREFIX
from imgan.data.image_listing import list_images
from imgan.data.images import open_recipe_images
from imgan.data.images import require_labels
from imgan.data.pairs import list_pictures
from imgan.data.pixels import values_fault
from imgan.errors import UsageError
from imgan.io.bands import read_bands
from imgan.types import Array


def open_recipe(recipe: Recipe) -> list[PictureSet]:
    """Return the sets of files that a recipe names; none where it names arrays.

    Raises:
        DataError: If a folder is missing or holds no pictures.
        UsageError: If there is nothing to check in recipes of this kind.
    """
    if isinstance(recipe, SuperResolutionRecipe):
        data = recipe.data
        sets = [_open_pairs("train", data.train, data, recipe.scale)]
        if data.validation is not None:
            sets.append(_open_pairs("validation", data.validation, data, recipe.scale))
        return sets
    if isinstance(recipe, GenerationRecipe):
        return _open_images(recipe)
    raise UsageError(
        f"Data of family {recipe.family!r} cannot be checked yet. Give its folders."
    )


def check_store(recipe: Recipe) -> int:
    """Open the pictures of a generator's recipe as training does, and count them.

    Returns:
        How many there are; 0 for recipes of other kinds.

    Raises:
        DataError: If pictures or labels are unsuitable.
    """
    if not isinstance(recipe, GenerationRecipe):
        return 0
    store = open_recipe_images(recipe, keep=False)
    if families.get(recipe.family).labelled:
        require_labels(store)
    return len(store)


def _open_pairs(
    name: str, folders: ResolutionFolders, data: SuperResolutionData, scale: int
) -> PictureSet:
    lr = None if folders.lr is None else tuple(list_pictures(folders.lr))
    pictures = PictureSet(
        name,
        tuple(list_pictures(folders.hr)),
        lr,
        scale,
        channels=data.channels,
        # Validation is done on whole pictures.
        smallest=data.hr_patch_size if name == "train" else 0,
    )
    judge = partial(values_fault, value_range=data.value_range)
    if data.channels in (1, 3) and data.value_range is None:
        return replace(pictures, read=read_any, judge=judge)
    convert = as_read
    if data.value_range is not None:
        convert = partial(_to_unit, value_range=data.value_range)
    return replace(
        pictures, read=read_bands, judge=judge, convert=convert, converts=False
    )


def _open_images(recipe: GenerationRecipe) -> list[PictureSet]:
    data, source = recipe.data, Path(recipe.data.train)
    arrays = source.suffix.lower() == ".npz" and not source.is_dir()
    if arrays or data.train.startswith(SKLEARN_PREFIX):
        return []
    pictures = PictureSet(
        "pictures", list_images(source).paths, smallest_key="data.image_size"
    )
    if data.adapt:
        return [replace(pictures, smallest=data.image_size)]
    return [
        replace(
            pictures,
            channels=data.channels,
            image_size=data.image_size,
            converts=False,
        )
    ]


def _to_unit(pixels: Array, value_range: tuple[float, float]) -> Array:
    low, high = value_range
    unit = (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(unit, 0.0, 1.0)
