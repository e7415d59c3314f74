"""Recipes: YAML files that hold one whole experiment, validated to the last key."""

from imgan.config.loading import dump_recipe
from imgan.config.loading import load_recipe
from imgan.config.loading import validate_recipe
from imgan.config.recipe import Recipe

__all__ = ["Recipe", "dump_recipe", "load_recipe", "validate_recipe"]
