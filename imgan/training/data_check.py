"""A look at a recipe's data before anything is spent on it; loads no framework."""

from imgan import families
from imgan.config import Recipe
from imgan.config.generation import GenerationRecipe
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.images import open_images
from imgan.data.images import require_labels
from imgan.data.pairs import check_sizes
from imgan.data.pairs import list_pairs


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
    elif isinstance(recipe, GenerationRecipe):
        data = recipe.data
        store = open_images(
            data.train,
            image_size=data.image_size,
            channels=data.channels,
            adapt=data.adapt,
        )
        if families.get(recipe.family).labelled:
            require_labels(store)
