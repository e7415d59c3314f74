"""`imgan train`: from a recipe to a bundle, resumed where it stopped."""

import json
import logging
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from imgan.cli.errors import TERMINATED
from imgan.cli.errors import say
from imgan.cli.text import aligned
from imgan.cli.text import write
from imgan.errors import Terminated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from imgan.config import Recipe
    from imgan.training.experiment import Experiment

Show = Callable[[int, int, dict[str, float]], None]


def train(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="YAML file of the experiment.")
    ],
    run_dir: Annotated[
        Path | None,
        typer.Option(help="The run's folder. Default: resume, or the next in runs/."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a key, e.g. training.steps=500."
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Start from the weights of this model or bundle."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The recipe's own two-minute version.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, train nothing.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only the bundle's path.")
    ] = False,
) -> None:
    """Train a network from a recipe, or resume its run.

    The same command given again continues an interrupted run and ends with the very
    weights that an undisturbed run would have. A finished run says so.
    """
    from imgan.config import load_recipe
    from imgan.runtime import import_tensorflow
    from imgan.training.run_folder import open_run

    changes = list(overrides or ())
    if init:
        # Quoted, as a name may look like a number or a comment.
        changes.append(f"init={json.dumps(init, ensure_ascii=False)}")
    resolved = load_recipe(recipe, changes, quick=quick)
    if dry_run:
        _show_plan(resolved)
        return
    experiments: list[Experiment] = []
    check = partial(_check, resolved, experiments)
    run = open_run(resolved, run_dir, check=check)
    if run.finished:
        say(f"{run.path} is finished")
        write(str(run.bundle))
        return
    import_tensorflow()
    from imgan.training.train import train as train_recipe

    terminal = None if quiet else _terminal()
    with _logging(run.log, terminal, quiet), _progress(terminal) as show:
        logging.getLogger("imgan").info("run folder %s", run.path)
        experiment = experiments[0] if experiments else None
        try:
            bundle = train_recipe(resolved, run, progress=show, experiment=experiment)
        except Terminated:
            # Typer would make 130 of it, as of any Ctrl-C.
            raise typer.Exit(TERMINATED) from None
    if not quiet:
        say(f"report: {run.report}")
    write(str(bundle))


def _check(recipe: "Recipe", experiments: "list[Experiment]") -> None:
    """Build what a new run needs, and keep it: a recipe that fails leaves no folder."""
    from imgan.runtime import import_tensorflow

    import_tensorflow()
    from imgan.training.train import check_recipe

    experiments.append(check_recipe(recipe))


def _show_plan(recipe: "Recipe") -> None:
    """Print the resolved recipe and what it amounts to."""
    from imgan.config import dump_recipe
    from imgan.runtime import import_tensorflow
    from imgan.training.data_check import check_data

    # Before TensorFlow is loaded: what is missing is said at once.
    check_data(recipe)
    import_tensorflow()
    from imgan.training.train import build_experiment

    plan = build_experiment(recipe).plan()
    write(dump_recipe(recipe))
    write(aligned(plan))


def _terminal() -> "Console | None":
    """Return what the bar and the log share, so that neither breaks the other."""
    import sys

    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def _logging(path: Path, terminal: "Console | None", quiet: bool) -> "Iterator[None]":
    """Send the package's log to the run's file, and to stderr unless quiet."""
    logger = logging.getLogger("imgan")
    handlers: list[logging.Handler] = [_LogFile(path, encoding="utf-8")]
    if not quiet:
        handlers.append(_console_handler(terminal))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
    handlers[0].setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.setLevel(logging.INFO)
    # TensorFlow's imports give the root logger a handler of their own.
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = True
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


class _LogFile(logging.FileHandler):
    """A log whose disk may be full: that is said once, by what fails next."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing, where logging itself would print a traceback."""


def _console_handler(terminal: "Console | None") -> logging.Handler:
    if terminal is None:
        return logging.StreamHandler()
    from rich.logging import RichHandler

    handler = RichHandler(
        console=terminal, show_path=False, show_level=False, show_time=False
    )
    # The bar shows the numbers; the file and the report keep them all.
    handler.addFilter(lambda record: not str(record.msg).startswith("step %d "))
    return handler


@contextmanager
def _progress(terminal: "Console | None") -> "Iterator[Show | None]":
    """Yield what shows progress: a bar on a terminal, nothing otherwise."""
    if terminal is None:
        yield None
        return
    from imgan.cli.training_progress import TrainingProgress

    with TrainingProgress(terminal) as show:
        yield show
