"""The generator that a run of translation begins with, where `init` names a model."""

import inspect
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from imgan import families
from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.config.translation import TranslationRecipe
from imgan.errors import ConfigError
from imgan.errors import did_you_mean
from imgan.models.replicas import replica_count
from imgan.training.experiment import build_network

_INNER, _OUTER = "pix2pixhd", "pix2pixhd_local"
"""Families of the generator of half the size, and of the one that is put around it."""


def enhances(path: str, init: str | None) -> bool:
    """Return whether a run puts a new network around the one that `init` names.

    Args:
        path: `package.module:Class` of the generator that is trained.
        init: Of a recipe.

    Raises:
        CheckpointError: If it cannot be read.
    """
    return bool(init) and _fits_inside(read_card(resolve(str(init))), path)


def initial_generator(recipe: TranslationRecipe, path: str, channels: Any) -> Any:
    """Return the network that `init` names, in the recipe's precision.

    For `pix2pixhd_local` it may be one of `pix2pixhd`: then it is the part that works
    at half the size, and what is around it begins anew, as in section 3.1 of
    [Wang et al., 2018](https://arxiv.org/abs/1711.11585).

    Args:
        recipe: With `init`.
        path: `package.module:Class` of the generator that is trained.
        channels: Of its input and of its output.

    Raises:
        CheckpointError: If it cannot be loaded.
        ConfigError: If it does not fit the recipe.
    """
    init = str(recipe.init)
    network, card = load_network(resolve(init))
    inside = _fits_inside(card, path)
    expected = families.get(_INNER).generator if inside else path
    if card.network.path == families.IMPORTED:
        expected = card.network.path
    _check_card(card, expected, channels, init)
    own = card.network.config
    form = {
        "dtype": recipe.training.precision,
        "synchronized": replica_count() > 1,
        "seed": recipe.seed,
        "noise_seed": None,
    }
    # The arguments of an enhancer are those of what is inside it, and more.
    built = families.resolve(path if inside else expected)
    taken = inspect.signature(built).parameters
    known = sorted(set(taken) - {"name", *form})
    check_arguments(recipe.generator, own, known, init)
    if not inside:
        return network.variant(**{key: form[key] for key in form if key in own})
    left = {key: own[key] for key in own if key not in {"name", *recipe.generator}}
    enhancer = build_network(path, "generator", recipe.generator, {**left, **form})
    enhancer.load_global(network)
    return enhancer


def _fits_inside(card: Card, path: str) -> bool:
    names = (_INNER, _OUTER)
    return (card.network.path, path) == tuple(families.get(n).generator for n in names)


def _check_card(card: Card, path: str, channels: Any, init: str) -> None:
    source, target = channels
    expected = {
        "network": path.partition(":")[2],
        "input channels": source,
        "output channels": target,
    }
    found = {
        "network": card.network.path.partition(":")[2],
        "input channels": card.input_channels,
        "output channels": card.output_channels,
    }
    if found != expected:
        raise ConfigError(
            f"init must be a model of {_words(expected)}. Received: {init}, of "
            f"{_words(found)}. Take another model, or none: `--set init=null` trains "
            "from scratch"
        )


def check_arguments(
    arguments: Mapping[str, Any],
    own: Mapping[str, Any],
    known: Collection[str],
    init: str,
) -> None:
    """Refuse arguments that the network which `init` names does not have so.

    Args:
        arguments: `generator` of a recipe.
        own: Those of the network.
        known: What a recipe may give.
        init: Of the recipe.

    Raises:
        ConfigError: Names the argument.
    """
    for key, value in arguments.items():
        if key not in known:
            raise ConfigError(
                f"unknown key 'generator.{key}'.{did_you_mean(key, known)}"
            )
        if own.get(key, value) != value:
            raise ConfigError(
                f"generator.{key}={value} does not go with init={init}, whose network "
                f"has {own[key]}. Leave one of the two out"
            )


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())
