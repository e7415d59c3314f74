"""Several models at a glance, for `imgan models`: a table, its notes, and JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.card import Speed
from imgan.cli import card_scores
from imgan.cli import cards
from imgan.cli.text import aligned
from imgan.cli.text import write

COLUMNS = ("name", "scale", "size", "parameters", "speed", "PSNR", "purpose", "licence")

_WIDE = 130
"""Characters of a line that hold all columns."""
_LEFT_OUT = ("size", "purpose")
"""Columns that are not in narrower tables."""


@dataclass(frozen=True)
class Listed:
    """A model and what is known of it."""

    name: str
    """That a user gives for it."""
    folder: Path
    card: Card
    measured: Speed | None = None
    """On this machine; None: it was not asked for."""

    @property
    def speed(self) -> Speed | None:
        """What was measured here, or else by whoever made the card."""
        return self.measured or self.card.speed

    @property
    def purpose(self) -> str:
        """What the model is for."""
        return self.card.description or cards.purpose(self.card)


def as_json(found: Sequence[Listed]) -> str:
    """Return what the table shows as JSON, in the words of cards.

    Like all of our documents it is an object, so that it may get more keys.
    """
    values = {"models": [_row(one) for one in found]}
    return json.dumps(values, indent=2, ensure_ascii=False)


def _row(one: Listed) -> dict[str, Any]:
    card = one.card
    score = card_scores.psnr_score(card)
    return {
        "name": one.name,
        "task": card.task,
        "scale": card.scale,
        "bytes": cards.weight_bytes(one.folder),
        "parameters": card.network.parameters,
        "speed": one.speed.model_dump() if one.speed else None,
        "measured_here": one.measured is not None,
        "score": score.model_dump() if score else None,
        "purpose": one.purpose,
        "fidelity_partner": card.fidelity_partner,
        "licence": card.licence,
    }


def write_table(found: Sequence[Listed]) -> None:
    """Write models as a table as wide as the terminal, and notes under it."""
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
    for one in found:
        values = _cells(one)
        table.add_row(*(values[column] for column in columns))
    console.print(table)
    if narrow:
        write(aligned([(one.name, one.purpose) for one in found]) + "\n")
    for note in _notes(found):
        write(note)


def _cells(one: Listed) -> dict[str, str]:
    """Return the cells of a model by their columns."""
    return {
        "name": one.name,
        "scale": f"x{one.card.scale}",
        "size": cards.megabytes(one.folder),
        "parameters": f"{one.card.network.parameters / 1e3:,.0f} k",
        "speed": cards.speed(one.speed),
        "PSNR": card_scores.psnr(one.card),
        "purpose": one.purpose,
        "licence": one.card.licence,
    }


def _notes(found: Sequence[Listed]) -> list[str]:
    """Return what the columns leave open, and of which models it is true."""
    protocols: dict[str, list[str]] = {}
    machines: dict[str, list[str]] = {}
    for one in found:
        score = card_scores.psnr_score(one.card)
        if score is not None:
            protocols.setdefault(card_scores.protocol(score), []).append(one.name)
        if one.speed is not None:
            machines.setdefault(one.speed.machine, []).append(one.name)
    notes = [
        f"PSNR in dB of {_listed(names)}: {words}."
        for words, names in protocols.items()
    ]
    notes += [
        f"Fidelity: {one.name} goes towards {one.card.fidelity_partner} with "
        "--fidelity 0 to 1."
        for one in found
        if one.card.fidelity_partner
    ]
    here = any(one.measured for one in found)
    for machine, names in machines.items():
        whose = f" of {_listed(names)}" if len(machines) > 1 else ""
        where = f"here, on {machine}" if here else f"on {machine}"
        notes.append(f"Speed{whose}: megapixels of input per second {where}.")
    if machines and not here:
        notes[-1] = notes[-1][:-1] + "; --measure times them here."
    return notes


def _listed(names: Sequence[str]) -> str:
    """Return `x2, x4 and x8`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
