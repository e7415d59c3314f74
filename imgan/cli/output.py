"""Results as text and JSON, and progress on the way to them."""

import codecs
import json
import os
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imgan.cli.errors import say
from imgan.cli.text import write
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.io.formats import format_of
from imgan.io.video.library import is_clip

STDOUT = "-"

_TENTHS = 10

Advance = Callable[[str, int, int], None]
"""Takes a line for a log, how much is done, and of how much."""


def check_json(json_file: str | None) -> None:
    """Fail before the work if `--json` could not be written after it.

    Raises:
        UsageError: As `check_output_file`.
        OutputError: As `check_output_file`.
    """
    if json_file not in (None, STDOUT):
        check_output_file(Path(str(json_file)), "--json", ", or - for stdout")


def check_output_file(path: Path | None, option: str, otherwise: str = "") -> None:
    """Fail before the work if the file of an option must not be written after it.

    Args:
        path: Of the file; None: there is none.
        option: Its name, such as `--html`.
        otherwise: What else the option takes, for the message.

    Raises:
        UsageError: If it is named like a picture or a clip: it would replace that.
        OutputError: If it is a folder, or cannot be written.
    """
    if path is None:
        return
    if format_of(path) is not None or is_clip(path):
        raise UsageError(
            f"{option} {path} is named like a picture or a clip, which it would "
            "replace. Name another file"
        )
    folder = path.absolute().parent
    target = path if path.exists() else folder
    if path.is_dir() or not folder.is_dir() or not os.access(target, os.W_OK):
        raise OutputError(
            f"{option} {path} cannot be written: expected a file in an existing "
            f"folder{otherwise}."
        )


def show(text: str, values: Mapping[str, Any], json_file: str | None) -> None:
    """Write a result as text on stdout and as JSON where it is wanted.

    Raises:
        OutputError: If the file cannot be written.
    """
    encoded = json.dumps(values, indent=2, ensure_ascii=False)
    # Bytes in names of files that are no text become escapes of JSON.
    encoded = encoded.encode("utf-8", "backslashreplace").decode("utf-8")
    if json_file == STDOUT:
        # What another encoding lacks is an escape of JSON too.
        is_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
        write(encoded if is_utf8 else json.dumps(values, indent=2))
        return
    try:
        if json_file is not None:
            Path(json_file).write_text(encoded + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"--json {json_file} cannot be written: {error}") from error
    finally:
        # Neither is lost for what befalls the other.
        write(text)


@contextmanager
def progress(title: str, plain: Advance, *, quiet: bool) -> Iterator[Advance]:
    """Yield what to call after each step.

    Args:
        title: Stands before the bar.
        plain: Used where there is no terminal.
        quiet: Show nothing.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if quiet:
        yield lambda line, done, total: None
    elif console.is_terminal:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda line, done, total: bar.update(
                task, completed=done, total=total
            )
    else:
        yield plain


def say_tenths(what: str = "") -> Advance:
    """Return what says each tenth of the work in a line, for `progress`.

    Args:
        what: Counted there, such as "files"; empty: the numbers say enough.
    """
    said = 0

    def advance(line: str, done: int, total: int) -> None:
        nonlocal said
        if done * _TENTHS // max(total, 1) > said:
            said = done * _TENTHS // total
            say(f"{done:,} of {total:,} {what}".rstrip())

    return advance
