"""`imgan sample`: new pictures from a generator of noise."""

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from imgan.cli.errors import TERMINATED
from imgan.cli.output import progress
from imgan.cli.output import say_tenths
from imgan.cli.termination import terminable
from imgan.cli.text import write
from imgan.errors import Terminated

if TYPE_CHECKING:
    from imgan.inference.sample_plan import SamplePlan


def sample(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="Folder for the pictures, with a folder for each label inside; with "
            "--grid also a file such as grid.png.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(metavar="PATH", help="Bundle, run folder or exported SavedModel."),
    ],
    count: Annotated[
        int, typer.Option(min=1, help="Pictures; of each label if there are any.")
    ] = 64,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Draw this label; may be repeated. Default: every one."
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="The same seed, label and number give the same picture."
        ),
    ] = 0,
    grid: Annotated[
        bool, typer.Option("--grid", help="One picture of all, a row for each label.")
    ] = False,
    interpolate: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Frames between a picture and the next."),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help="Bound of the noise, such as 1: more typical, less varied.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress and no summary.")
    ] = False,
) -> None:
    """Draw new pictures from a trained generator.

    With labels, the result is a folder of class folders with as many pictures in each,
    which `imgan train` reads.
    """
    from imgan.inference.sample_files import write_samples
    from imgan.inference.sample_plan import SampleOptions
    from imgan.inference.sample_plan import plan_samples
    from imgan.inference.sampler import find_generator
    from imgan.inference.sampler import load_sampler

    options = SampleOptions(
        count=count,
        labels=tuple(label or ()),
        seed=seed,
        between=interpolate or 0,
        truncation=truncation,
        grid=grid,
        overwrite=overwrite,
    )
    plan = plan_samples(find_generator(model)[1], output, options)
    sampler = load_sampler(model)
    drawing = progress("Drawing", say_tenths(), quiet=quiet)
    try:
        with terminable(), drawing as advance:
            write_samples(sampler, plan, lambda drawn: advance("", drawn, plan.total))
    except Terminated:
        # Typer would make 130 of it, as of any Ctrl-C.
        raise typer.Exit(TERMINATED) from None
    if not quiet:
        pictures = _counted(plan, labelled=bool(sampler.labels))
        write(f"{pictures} in {plan.grid or output}, seed {seed}")


def _counted(plan: "SamplePlan", *, labelled: bool) -> str:
    """Return how many pictures were drawn, and of how many labels."""
    pictures = f"{plan.total:,} picture{'s' if plan.total > 1 else ''}"
    if not labelled:
        return pictures
    classes = len(plan.groups)
    return f"{pictures} of {classes} label{'s' if classes > 1 else ''}"
