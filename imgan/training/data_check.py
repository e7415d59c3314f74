"""A look at a recipe's data before anything is spent on it; loads no framework."""

from imgan import families
from imgan.config import Recipe
from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.generation import GenerationRecipe
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.images import open_recipe_images
from imgan.data.images import require_labels
from imgan.data.pairs import check_sizes
from imgan.data.pairs import list_pairs
from imgan.data.translation import list_translation_pairs
from imgan.data.translation import open_domains
from imgan.data.translation import open_pairs
from imgan.data.translation.held_out_domains import check_held_out_domains


def check_data(recipe: Recipe) -> None:
    """Find what would stop the run later.

    Raises:
        DataError: If pictures are missing, unpaired or unsuitable.
    """
    if isinstance(recipe, SuperResolutionRecipe):
        for folders in (recipe.data.train, recipe.data.validation):
            if folders:
                pairs = list_pairs(folders.hr, folders.lr, recipe.scale)
                check_sizes(pairs, recipe.scale)
    elif isinstance(recipe, Pix2PixRecipe):
        open_pairs(recipe)
        if recipe.data.validation:
            list_translation_pairs(recipe.data.validation, recipe.data, held_out=True)
    elif isinstance(recipe, CycleGANRecipe):
        open_domains(recipe)
        check_held_out_domains(recipe.data)
    elif isinstance(recipe, GenerationRecipe):
        store = open_recipe_images(recipe)
        if families.get(recipe.family).labelled:
            require_labels(store)
