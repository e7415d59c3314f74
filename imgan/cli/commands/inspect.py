"""`imgan inspect`: what a model is, and whether its weights are whole."""

from typing import Annotated

import typer

from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.bundle import weights_sha256
from imgan.bundles.card import CARD_NAME
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.cli.cards import describe
from imgan.cli.text import aligned
from imgan.cli.text import write
from imgan.errors import CheckpointError


def inspect(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A shipped name, a bundle or a run folder."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the card as it is stored.")
    ] = False,
) -> None:
    """Show what a model is, and check that its weights are whole."""
    folder = resolve(model)
    card = read_card(folder)
    if as_json:
        write((folder / CARD_NAME).read_text(encoding="utf-8").rstrip())
    else:
        write(aligned(describe(card, folder)))
    weights = folder / WEIGHTS_NAME
    try:
        digest = weights_sha256(folder)
    except OSError as error:
        raise CheckpointError(f"{weights}: {error.strerror}") from error
    if digest != card.weights_sha256:
        raise CheckpointError(
            f"{weights} is not the file that its card describes: expected sha256 "
            f"{card.weights_sha256[:12]}..., received {digest[:12]}.... "
            "Copy the bundle again."
        )
