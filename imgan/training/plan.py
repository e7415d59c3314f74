"""What a recipe amounts to, before anything is spent on it."""

from imgan.config import Recipe
from imgan.data.pairs import list_pairs
from imgan.networks.halo import halo
from imgan.training.train import build_generator


def describe_plan(recipe: Recipe) -> list[tuple[str, str]]:
    """Build the network and list the data, as a run would; train nothing.

    Returns:
        Rows of label and value.

    Raises:
        ConfigError: If the recipe names arguments that the network does not have.
        DataError: If pictures are missing or unpaired.
    """
    network = build_generator(recipe)
    fused = network.fused()
    data, steps = recipe.data, recipe.training.steps
    train = list_pairs(data.train.hr, data.train.lr, recipe.scale)
    rows = [
        ("network", type(network).__name__),
        ("parameters in training", f"{network.count_params():,}"),
        ("parameters at inference", f"{fused.count_params():,}"),
        ("halo", f"{halo(fused)} pixels"),
        ("training pictures", str(len(train))),
        ("patches in all", f"{steps * data.batch_size:,}"),
    ]
    if data.validation:
        held_out = list_pairs(data.validation.hr, data.validation.lr, recipe.scale)
        rows.append(("validation pictures", str(len(held_out))))
    return rows
