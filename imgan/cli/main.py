"""The `imgan` command: its verbs, and what a failure looks like.

Verbs are named here as import paths and resolved when used, so that `imgan --help`
answers at once: nothing below a verb's module is imported before the verb is chosen.
"""

import importlib
import re
import sys
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import typer
import typer.core
import typer.main

from imgan import __version__
from imgan.cli.errors import INTERRUPTED
from imgan.cli.errors import exit_code_of
from imgan.cli.errors import say
from imgan.errors import did_you_mean


class Verb(NamedTuple):
    """A command as `package.module:function` and its line in `imgan --help`."""

    path: str
    summary: str


COMMANDS = {
    "upscale": Verb(
        "imgan.cli.commands.upscale:upscale",
        "Enlarge pictures and folders of pictures.",
    ),
    "translate": Verb(
        "imgan.cli.commands.translate:translate",
        "Turn pictures into others of the same size.",
    ),
    "sample": Verb(
        "imgan.cli.commands.sample:sample",
        "Draw new pictures from a trained generator.",
    ),
    "train": Verb(
        "imgan.cli.commands.train:train",
        "Train a network from a recipe, or resume its run.",
    ),
    "evaluate": Verb(
        "imgan.cli.commands.evaluate:evaluate",
        "Score a model on known truth, or a generator on real pictures.",
    ),
    "check": Verb(
        "imgan.cli.commands.check:check",
        "Look at pictures before training on them.",
    ),
    "export": Verb(
        "imgan.cli.commands.export:export",
        "Write a model for TensorFlow Serving, LiteRT or ONNX.",
    ),
    "import": Verb(
        "imgan.cli.commands.import_:import_model",
        "Make a model of another project's checkpoint, without PyTorch.",
    ),
    "models": Verb(
        "imgan.cli.commands.models:models",
        "List the models that ship with imgan, or describe one.",
    ),
    "inspect": Verb(
        "imgan.cli.commands.inspect:inspect",
        "Show what a model is, and check that its weights are whole.",
    ),
    "info": Verb(
        "imgan.cli.commands.info:info",
        "Print versions, devices and precision, for a bug report.",
    ),
}


class Command(typer.core.TyperCommand):
    """A command whose usage names its arguments the same in every release of Typer."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line: `RECIPE`, not `{recipe}`."""
        pieces = super().collect_usage_pieces(ctx)
        return [_plain(piece) for piece in pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options under the headings that they name.

        Typer knows headings only where Rich draws frames around them, which a pipe, a
        pager and a narrow terminal have no use for.
        """
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            is_argument = parameter.param_type_name == "argument"
            heading = "Arguments" if is_argument else "Options"
            heading = getattr(parameter, "rich_help_panel", None) or heading
            if record is not None:
                sections.setdefault(heading, []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _plain(piece: str) -> str:
    braced = re.fullmatch(r"\{(.*)\}(\.\.\.)?", piece)
    return braced[1].upper() if braced else piece


class LazyGroup(typer.core.TyperGroup):
    """A group that imports the module of a command when the command is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, imported now, or None."""
        if cmd_name not in COMMANDS:
            return None
        return load_command(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the words begin with, or fail with the nearest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            hint = did_you_mean(name, COMMANDS)
            ctx.fail(
                f"No such command {name!r}.{hint} Known: {', '.join(sorted(COMMANDS))}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb[1]) for name, verb in COMMANDS.items()])


def load_command(name: str) -> Any:
    """Import the function of a command and return it as a command object."""
    module, function = COMMANDS[name].path.split(":")
    app = _typer()
    target = getattr(importlib.import_module(module), function)
    app.command(name, cls=Command)(target)
    command = typer.main.get_command(app)
    command.name = name
    return command


def _typer(**options: Any) -> typer.Typer:
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **options,
    )


app = _typer(cls=LazyGroup, invoke_without_command=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imgan {__version__}")
        raise typer.Exit


@app.callback()
def _imgan(
    ctx: typer.Context,
    version: bool = typer.Option(
        False,
        "--version",
        callback=_version,
        is_eager=True,
        help="Print the version and exit.",
    ),
) -> None:
    """Super-resolution and image-to-image translation with GANs.

    `imgan COMMAND --help` explains a command.
    """
    if ctx.invoked_subcommand is None:
        say(ctx.get_help())
        raise typer.Exit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: Words after `imgan`; those of the process when None.

    Returns:
        0 all done, 1 something failed, 2 usage, 3 a bug in imgan, 130 interrupted, 143
        ended by SIGTERM.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        command = typer.main.get_command(app)
        result = command.main(args=words, prog_name="imgan", standalone_mode=False)
        # A reader that went away is noticed here, not while the interpreter ends.
        sys.stdout.flush()
    except BaseException as error:
        return exit_code_of(error, words)
    if result == INTERRUPTED:
        # Typer makes a number of Ctrl-C before it can be caught here.
        say("imgan: interrupted")
    return result if isinstance(result, int) else 0
