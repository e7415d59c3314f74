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

_WIDE = 130
"""Characters of a line that hold all columns."""
_LEFT_OUT = ("size", "purpose")
"""Columns that are not in narrower tables."""


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

    # A pipe has no width; a table that is read by a program must not be folded.
    console = Console(width=None if sys.stdout.isatty() else 200)
    narrow = console.width < _WIDE
    columns = [one for one in COLUMNS if not (narrow and one in _LEFT_OUT)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column in {"scale", "size", "parameters", "speed"}
        table.add_column(
            column,
            justify="right" if right else "left",
            no_wrap=column != "purpose" and not narrow,
            overflow="fold",
        )
    for name, (folder, card) in found.items():
        values = _values(name, folder, card, measure)
        table.add_row(*(values[column] for column in columns))
    console.print(table)
    if narrow:
        purposes = [(name, _purpose(card)) for name, (_, card) in found.items()]
        write(aligned(purposes) + "\n")


def _values(name: str, folder: Path, card: Card, measure: bool) -> dict[str, str]:
    """Return the cells of a model by their columns."""
    return {
        "name": name,
        "scale": f"x{card.scale}",
        "size": cards.megabytes(folder),
        "parameters": f"{card.network.parameters / 1e3:,.0f} k",
        "speed": measured_speed(name) if measure else cards.speed(card),
        "PSNR": cards.psnr(card),
        "purpose": _purpose(card),
        "licence": card.licence,
    }


def _purpose(card: Card) -> str:
    return card.description or cards.purpose(card)


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
    from imgan.inference.speed import measure_batch
    from imgan.inference.work import BatchOptions

    return f"{significant(measure_batch(BatchOptions(model=name)))} MP/s"
