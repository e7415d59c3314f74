"""A look at a recipe's data before anything is spent on it; loads no framework."""

from collections.abc import Iterator
from contextlib import contextmanager

from imgan import families
from imgan.config import Recipe
from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.generation import GenerationRecipe
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.super_resolution import ResolutionFolders
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.images import open_recipe_images
from imgan.data.images import require_labels
from imgan.data.pairs import check_sizes
from imgan.data.pairs import list_pairs
from imgan.data.translation import list_translation_pairs
from imgan.data.translation import open_domains
from imgan.data.translation import open_pairs
from imgan.data.translation.held_out_domains import check_held_out_domains
from imgan.errors import DataError


def check_data(recipe: Recipe) -> None:
    """Find what would stop the run later.

    Raises:
        DataError: If pictures are missing, unpaired or unsuitable. It begins with the
            key of the recipe that names them.
    """
    with _of("data.train"):
        _check_train(recipe)
    with _of("data.validation"):
        _check_validation(recipe)


@contextmanager
def _of(key: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise type(error)(f"{key}: {error}") from error


def _check_train(recipe: Recipe) -> None:
    if isinstance(recipe, SuperResolutionRecipe):
        _check_folders(recipe.data.train, recipe.scale)
    elif isinstance(recipe, Pix2PixRecipe):
        open_pairs(recipe)
    elif isinstance(recipe, CycleGANRecipe):
        open_domains(recipe)
    elif isinstance(recipe, GenerationRecipe):
        store = open_recipe_images(recipe)
        if families.get(recipe.family).labelled:
            require_labels(store)


def _check_validation(recipe: Recipe) -> None:
    if isinstance(recipe, SuperResolutionRecipe):
        if recipe.data.validation:
            _check_folders(recipe.data.validation, recipe.scale)
    elif isinstance(recipe, Pix2PixRecipe):
        if recipe.data.validation:
            list_translation_pairs(recipe.data.validation, recipe.data, held_out=True)
    elif isinstance(recipe, CycleGANRecipe):
        check_held_out_domains(recipe.data)


def _check_folders(folders: ResolutionFolders, scale: int) -> None:
    check_sizes(list_pairs(folders.hr, folders.lr, scale), scale)
