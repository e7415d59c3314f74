"""`imgan models`: the models that ship with the package."""

from collections.abc import Sequence
from typing import Annotated

import typer

from imgan.bundles.card import Speed
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.bundles.register import shipped
from imgan.cli import cards
from imgan.cli import model_table
from imgan.cli.errors import say
from imgan.cli.model_table import Listed
from imgan.cli.text import aligned
from imgan.cli.text import write


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Describe this model instead of listing all."
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="Measure the speed on this machine: some seconds for each model, "
            "about a minute where it is slow.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print what the table shows as JSON; `imgan inspect NAME --json` has "
            "the whole card.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress of the measurement.")
    ] = False,
) -> None:
    """List the models that ship with imgan, or describe one."""
    folders = {name: resolve(name)} if name is not None else shipped()
    speeds = measured_speeds(list(folders), quiet=quiet) if measure else {}
    found = [
        Listed(one, folder, read_card(folder), speeds.get(one))
        for one, folder in folders.items()
    ]
    if as_json:
        write(model_table.as_json(found))
        return
    if name is not None:
        _describe(found[0])
        return
    if not found:
        write("No models ship with this copy of imgan.")
    else:
        model_table.write_table(found)
    write('"bicubic" needs no weights: upscale and evaluate take it for comparison.')


def _describe(one: Listed) -> None:
    rows = cards.describe(one.card, one.folder)
    if one.measured is not None:
        words = f"{cards.speed(one.measured)} of input on {one.measured.machine}"
        rows.append(("speed here", words))
    write(aligned(rows))


def measured_speeds(names: Sequence[str], *, quiet: bool) -> dict[str, Speed]:
    """Return how fast models are on this machine, with progress on stderr."""
    from imgan.cli.output import progress
    from imgan.inference.speed import measure_models
    from imgan.runtime import import_tensorflow

    # While it is imported, nothing can be shown.
    import_tensorflow()
    with progress("Measuring", _say_news, quiet=quiet) as advance:
        return measure_models(names, advance)


def _say_news(line: str, done: int, total: int) -> None:
    if line:
        say(line)
