"""The generator that a run of super-resolution begins with, where `init` names one."""

import logging
from typing import Any

from imgan import families
from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.register import resolve
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.errors import ConfigError
from imgan.training.experiment import as_trained

_log = logging.getLogger(__name__)


def initial_enlarger(recipe: SuperResolutionRecipe, path: str) -> Any:
    """Return the network that `init` names, as the recipe trains it.

    A model of another scale gives all layers that both scales have; what turns their
    features into pixels begins anew. EDSR's networks for x3 and x4 were trained so from
    that for x2 ([Lim et al., 2017](https://arxiv.org/abs/1707.02921), section 3.2).

    Args:
        recipe: Names the model.
        path: `package.module:Class` of the network that is trained.

    Raises:
        ConfigError: If it is another network, or another argument is asked for.
        CheckpointError: If it cannot be loaded.
    """
    network, card = load_network(resolve(str(recipe.init)))
    wanted = path.partition(":")[2]
    found = card.network.path.partition(":")[2]
    imported = card.network.path == families.IMPORTED
    # What was imported as a graph cannot be built for another scale.
    other_scale = card.scale != recipe.scale and not imported
    expected = {
        "network": found if imported else wanted,
        "scale": recipe.scale if imported else card.scale,
        "channels": recipe.data.channels,
    }
    received = {
        "network": found,
        "scale": card.scale,
        "channels": card.input_channels,
    }
    if received != expected:
        _refuse(recipe, expected, received)
    _check_arguments(recipe, card)
    network = as_trained(network, recipe)
    return _of_another_scale(network, recipe) if other_scale else network


def _of_another_scale(network: Any, recipe: SuperResolutionRecipe) -> Any:
    """Return the network for the recipe's scale, with all weights that fit."""
    twin = type(network)(**{**network.get_config(), "scale": recipe.scale})
    sources = {layer.name: layer for layer in network.layers}
    anew = []
    for layer in twin.layers:
        source = sources.get(layer.name)
        weights = source.get_weights() if source else []
        if [w.shape for w in weights] == [tuple(w.shape) for w in layer.weights]:
            layer.set_weights(weights)
        elif layer.weights:
            anew.append(layer.name)
    _log.info("init=%s has another scale; anew: %s", recipe.init, ", ".join(anew))
    return twin


def _check_arguments(recipe: SuperResolutionRecipe, card: Card) -> None:
    for key, value in recipe.generator.items():
        if (own := card.network.config.get(key, "no such argument")) != value:
            raise ConfigError(
                f"generator.{key}={value} does not go with init={recipe.init}, "
                f"whose network has {own}. Leave one of the two out"
            )


def _refuse(
    recipe: SuperResolutionRecipe, expected: dict[str, Any], received: dict[str, Any]
) -> None:
    words = [f"{key} {value}" for key, value in expected.items()]
    own = [f"{key} {value}" for key, value in received.items()]
    raise ConfigError(
        f"init must be a model of {', '.join(words)}. "
        f"Received: {recipe.init}, of {', '.join(own)}. "
        f"{_ways_out(recipe, expected, received)}"
    )


def _ways_out(
    recipe: SuperResolutionRecipe, expected: dict[str, Any], received: dict[str, Any]
) -> str:
    """Return what to do about an `init` that does not fit."""
    name = _family_of(recipe, received["network"])
    scratch = "`--set init=null` trains from scratch"
    if name is None or {**expected, "network": received["network"]} != received:
        return f"Take another model, or none: {scratch}"
    has_key = "network" in type(recipe).model_fields
    key = "network" if has_key else "family"
    return f"`--set {key}={name}` trains that network, {scratch}"


def _family_of(recipe: SuperResolutionRecipe, network: str) -> str | None:
    """Return a family with such a generator that the recipe could name."""
    own = families.get(recipe.family)
    for name, family in families.FAMILIES.items():
        same_kind = family.experiment == own.experiment
        fits = same_kind or "network" in type(recipe).model_fields
        if fits and family.generator.partition(":")[2] == network:
            return name
    return None
