"""Which models turn pictures into pictures, and what may be asked of each."""

from pathlib import Path

from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.fidelity import check_fidelity
from imgan.bundles.fidelity import partner_of
from imgan.bundles.register import resolve
from imgan.errors import UsageError
from imgan.inference.remote import server_card
from imgan.inference.servers import is_server

BICUBIC = "bicubic"
"""What `--model` takes for no network at all."""

_NO_DROPOUT = "--stochastic needs a network with dropout; {} {}. Leave it out"


def picture_card(folder: Path) -> Card:
    """Read the card of a network that turns pictures into pictures.

    Raises:
        CheckpointError: If the card is absent or damaged.
        UsageError: If the model draws pictures from noise, or what it makes of one
            would depend on others.
    """
    return _of_pictures(read_card(folder))


def _of_pictures(card: Card) -> Card:
    if card.task == "generation":
        raise UsageError(
            f"Model {card.name!r} draws pictures from noise, not from files; use "
            "`imgan sample`, or imgan.load_sampler in Python"
        )
    if card.inference_mode.normalization == "batch":
        raise UsageError(
            f"Model {card.name!r} normalises by statistics of the batch, so a result "
            "would depend on the other files. Save it with stored ones"
        )
    return card


def check_model(
    model: str,
    fidelity: float | None = None,
    *,
    keep_colors: bool = False,
    stochastic: bool = False,
    device: str = "auto",
    precision: str = "auto",
    timeout: float | None = None,
) -> Card | None:
    """Return the card of a model for pictures, without loading it; None for "bicubic".

    A model on a server has the options that its export leaves open, and its server is
    asked for the card, within `timeout` seconds.

    Raises:
        UnknownModelError: If there is no such model, or its partner is missing.
        CheckpointError: If its card is damaged, or its partner is of another network.
        ServerError: If it is on a server that does not answer, or has no such model.
        UsageError: If it draws pictures, has no fidelity partner where a fidelity is
            asked for, no dropout where it shall be random, or makes other channels or
            other pictures than it takes where colours are kept.
    """
    if fidelity is not None:
        check_fidelity(fidelity)
    if is_server(model):
        _check_server(fidelity, stochastic, device, precision)
        card = _of_pictures(server_card(model, timeout))
        _check_colors(card, keep_colors)
        return card
    if timeout is not None:
        raise UsageError(
            f"--timeout is for a model on a server. Received: {model}. Leave it out"
        )
    if model == BICUBIC:
        if fidelity is not None:
            raise UsageError("--fidelity does not apply to bicubic. Leave it out")
        if stochastic:
            raise UsageError(_NO_DROPOUT.format("bicubic", "is no network"))
        return None
    folder = resolve(model)
    card = picture_card(folder)
    if card.export is not None and (fidelity is not None or stochastic):
        option = "--stochastic" if stochastic else "--fidelity"
        raise UsageError(
            f"{option} needs the weights of a network, and {model} is an export, which "
            "has none to change. Leave it out, or give the bundle"
        )
    if fidelity is not None:
        partner_of(folder)
    if stochastic and not card.network.config.get("dropout"):
        raise UsageError(_NO_DROPOUT.format(repr(card.name), "has none"))
    _check_colors(card, keep_colors)
    return card


def _check_server(
    fidelity: float | None, stochastic: bool, device: str, precision: str
) -> None:
    asked = {
        "--fidelity": fidelity is not None,
        "--stochastic": stochastic,
        "--device": device != "auto",
        "--precision": precision != "auto",
    }
    for option in (option for option, given in asked.items() if given):
        raise UsageError(
            f"{option} is for models on this machine; a server computes on its own "
            "devices, and what its export does. Leave it out"
        )


def _check_colors(card: Card, keep_colors: bool) -> None:
    if keep_colors and card.task == "translation":
        raise UsageError(
            "--keep-colors is for enlarged pictures, and a translation changes colours "
            f"on purpose. Received: {card.name!r}. Leave it out"
        )
    if keep_colors and card.input_channels != card.output_channels:
        raise UsageError(
            "--keep-colors needs a model that gives as many channels as it takes. "
            f"Received: {card.name!r}, {card.input_channels} in and "
            f"{card.output_channels} out"
        )
