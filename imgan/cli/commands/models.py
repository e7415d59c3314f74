"""`imgan models`: the models that ship with the package."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.bundles.register import shipped
from imgan.cli import cards
from imgan.cli.text import aligned
from imgan.cli.text import significant
from imgan.cli.text import write

COLUMNS = ("name", "scale", "size", "parameters", "speed", "PSNR", "purpose", "licence")


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Describe this model instead of listing all."
        ),
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the speed on this machine.")
    ] = False,
) -> None:
    """List the models that ship with imgan, or describe one."""
    if name is not None:
        folder = resolve(name)
        card = read_card(folder)
        rows = cards.describe(card, folder)
        if measure:
            rows.append(("speed here", f"{measured_speed(name)} of input"))
        write(aligned(rows))
        return
    found = {name: (folder, read_card(folder)) for name, folder in shipped().items()}
    if not found:
        write("No models ship with this copy of imgan.")
    else:
        _write_table(found, measure)
        _write_notes([card for _, card in found.values()], measure)
    write('"bicubic" needs no weights: upscale and evaluate take it for comparison.')


def _write_table(found: dict[str, tuple[Path, Card]], measure: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in COLUMNS:
        right = column in {"scale", "size", "parameters", "speed"}
        table.add_column(
            column,
            justify="right" if right else "left",
            no_wrap=column != "purpose",
            overflow="fold",
        )
    for name, (folder, card) in found.items():
        table.add_row(
            name,
            f"x{card.scale}",
            cards.megabytes(folder),
            f"{card.network.parameters / 1e3:,.0f} k",
            measured_speed(name) if measure else cards.speed(card),
            cards.psnr(card),
            card.description or cards.purpose(card),
            card.licence,
        )
    # A pipe has no width; a table that is read by a program must not be folded.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _write_notes(found: list[Card], measure: bool) -> None:
    protocols = {cards.protocol(card.metrics[0]) for card in found if card.metrics}
    for text in sorted(protocols):
        write(f"PSNR in dB: {text}.")
    for card in found:
        if card.fidelity_partner:
            write(
                f"Fidelity: {card.name} goes towards {card.fidelity_partner} with "
                "--fidelity 0 to 1."
            )
    machines = {card.speed.machine for card in found if card.speed}
    if measure:
        write("Speed: megapixels of input per second on this machine.")
    elif machines:
        where = "; ".join(sorted(machines))
        write(f"Speed: megapixels of input per second on {where}.")


def measured_speed(name: str) -> str:
    """Return the input megapixels per second of a model on this machine, in words."""
    import imgan
    from imgan.inference.speed import measure_speed

    return f"{significant(measure_speed(imgan.load(name)))} MP/s"
