"""`imgan inspect`: what a model is, and whether its weights are whole."""

from pathlib import Path
from typing import Annotated

import typer

from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.card import card_path
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.cli.cards import describe
from imgan.cli.text import aligned
from imgan.cli.text import write
from imgan.errors import CheckpointError
from imgan.io.digests import sha256_of


def inspect(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A shipped name, a bundle, a run folder or an export."
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
        write(card_path(folder).read_text(encoding="utf-8").rstrip())
    else:
        write(aligned(describe(card, folder)))
    expected = {WEIGHTS_NAME: card.weights_sha256}
    files = card.export.files if card.export else expected
    for name, digest in files.items():
        _check(folder / name, digest)
    if not as_json:
        write(f"\nWhole: {', '.join(files)} as the card's sha256 says.")


def _check(path: Path, expected: str) -> None:
    try:
        received = sha256_of(path)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from error
    if received != expected:
        raise CheckpointError(
            f"{path} is not the file that its card describes: expected sha256 "
            f"{expected[:12]}..., received {received[:12]}.... Copy the folder again."
        )
