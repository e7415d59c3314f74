"""What the recipe in a card says about the pictures of the training."""

from typing import Any

from imgan.bundles.card import Card
from imgan.config.translation import Direction


def trained_direction(card: Card) -> Direction:
    """Return which side of the training the model is given."""
    recipe = card.recipe or {}
    said = _data(card).get("direction") or recipe.get("direction")
    return "b_to_a" if said == "b_to_a" else "a_to_b"


def label_sides(card: Card) -> tuple[bool, bool]:
    """Return whether source and target are maps of labels."""
    data = _data(card)
    names = ["source", "target"]
    if "source" not in data and ("a" in data or "b" in data):
        names = ["a", "b"] if trained_direction(card) == "a_to_b" else ["b", "a"]
    first, second = (bool((data.get(name) or {}).get("labels")) for name in names)
    return first, second


def _data(card: Card) -> dict[str, Any]:
    return (card.recipe or {}).get("data") or {}
