"""The fidelity dial: a network between a pixel-loss model and an adversarial one.

An adversarial model that was trained on from a pixel-loss model of the same network
names that one in its card, as `fidelity_partner`. Weights between theirs give pictures
between theirs (ESRGAN, section 3.4), without training and at the same cost.
"""

from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import policy_of
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.register import default_model
from imgan.bundles.register import resolve
from imgan.bundles.register import shipped
from imgan.errors import CheckpointError
from imgan.errors import UnknownModelError
from imgan.errors import UsageError
from imgan.types import Array

# What may differ between two forms of one network.
_FREE_ARGUMENTS = ("name", "dtype", "synchronized")
_ALIKE = (
    "scale",
    "input_channels",
    "output_channels",
    "input_range",
    "output_range",
    "pixel_range",
    "inference_mode",
)


def check_fidelity(fidelity: float) -> None:
    """Refuse a value that is not from 0 to 1.

    Raises:
        UsageError: Names the option.
    """
    if not 0.0 <= fidelity <= 1.0:
        raise UsageError(
            "--fidelity must be from 0 (sharpest) to 1 (most faithful). "
            f"Received: {fidelity:g}"
        )


def dialled() -> dict[str, Card]:
    """Return the shipped models that have a fidelity partner, by name."""
    cards = {name: read_card(folder) for name, folder in shipped().items()}
    return {name: card for name, card in cards.items() if card.fidelity_partner}


def choose_model(scale: float | None, fidelity: float | None) -> str:
    """Return the shipped model for an enlargement, when the user names none.

    Raises:
        UsageError: If a fidelity is asked for and no shipped model has a partner.
    """
    if fidelity is None:
        return default_model(scale)
    return default_dialled_model(scale)


def default_dialled_model(scale: float | None) -> str:
    """Return the shipped model for `--fidelity`, when the user names none.

    The smallest scale that reaches the one wanted, as with `default_model`; the largest
    where none does.

    Raises:
        UsageError: If none that ships has a partner.
    """
    models = dialled()
    if not models:
        raise UsageError(
            "--fidelity needs a model with a fidelity partner, and none that ships "
            "with this copy of imgan has one. Give a bundle of your own with --model"
        )
    wanted = 4.0 if scale is None else scale
    reaching = {name: card for name, card in models.items() if card.scale >= wanted}
    if not reaching:
        return max(models, key=lambda name: models[name].scale)
    return min(reaching, key=lambda name: reaching[name].scale)


def partner_of(folder: Path) -> Path:
    """Return the bundle of the pixel-loss model that a card names.

    Args:
        folder: Bundle of the adversarial model. Its partner is a shipped model's name,
            or a path that starts at this folder.

    Raises:
        UsageError: If the card names none.
        UnknownModelError: If it is not there.
        CheckpointError: If the two are not of the same network.
    """
    card = read_card(folder)
    if not card.fidelity_partner:
        known = ", ".join(dialled())
        raise UsageError(
            f"Model {card.name!r} has no fidelity partner, so --fidelity does not "
            f"apply to it. Shipped models that have one: {known or 'none'}"
        )
    try:
        partner = shipped().get(card.fidelity_partner)
        partner = partner or resolve(str(folder / card.fidelity_partner))
    except UnknownModelError as error:
        raise UnknownModelError(
            f"{folder} names {card.fidelity_partner!r} as its fidelity partner, which "
            "is no shipped model, nor a bundle at that path from this folder. Copy "
            "both bundles side by side as they were"
        ) from error
    _check_alike(card, read_card(partner), folder, partner)
    return partner


def blend_networks(
    folder: Path, fidelity: float, dtype: str | None = None
) -> tuple[Any, Card]:
    """Load a network between an adversarial model and its pixel-loss partner.

    Every weight is `fidelity * pixel + (1 - fidelity) * adversarial`; at 0 and 1 the
    weights are exactly those of one model.

    Args:
        folder: Bundle of the adversarial model.
        fidelity: 0 for the adversarial model, 1 for the pixel-loss model.
        dtype: As in `load_network`.

    Returns:
        The network, and the card of the adversarial model without its self check.

    Raises:
        UsageError: If the model has no partner, or `fidelity` is not from 0 to 1.
        UnknownModelError: If the partner is not there.
        CheckpointError: If either bundle is damaged, or their networks differ.
    """
    check_fidelity(fidelity)
    partner = partner_of(folder)
    network, card = load_network(folder)
    pixel, _ = load_network(partner)
    weights = [
        _between(np.asarray(faithful), np.asarray(sharp), fidelity)
        for faithful, sharp in zip(
            pixel.get_weights(), network.get_weights(), strict=True
        )
    ]
    network.set_weights(weights)
    if dtype is not None:
        network = network.variant(dtype=policy_of(dtype))
    return network, card.model_copy(update={"self_check": None})


def _between(faithful: Array, sharp: Array, fidelity: float) -> Array:
    if fidelity in (0.0, 1.0) or sharp.dtype.kind != "f":
        return faithful if fidelity == 1.0 else sharp
    mixed = fidelity * faithful.astype(np.float64)
    mixed += (1.0 - fidelity) * sharp.astype(np.float64)
    return mixed.astype(sharp.dtype)


def _check_alike(card: Card, other: Card, folder: Path, partner: Path) -> None:
    differing = [
        f"{name} {getattr(card, name)} and {getattr(other, name)}"
        for name in _ALIKE
        if getattr(card, name) != getattr(other, name)
    ]
    own, its = card.network, other.network
    if own.path != its.path:
        differing.insert(0, f"{own.path} and {its.path}")
    else:
        differing += [
            f"{key}={own.config.get(key)} and {key}={its.config.get(key)}"
            for key in sorted(own.config.keys() | its.config.keys())
            if key not in _FREE_ARGUMENTS and own.config.get(key) != its.config.get(key)
        ]
    if differing:
        raise CheckpointError(
            f"{folder} and its fidelity partner {partner} must be of one network. "
            f"They differ: {'; '.join(differing)}"
        )
