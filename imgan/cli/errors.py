"""From an exception to an exit code: one line for the user, a log for a bug."""

import contextlib
import datetime
import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

import typer

from imgan.errors import ImganError
from imgan.errors import shortened

FAILED, USAGE, BUG, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143

# Typer has carried its own copy of click since 0.26, and before that used the package;
# the base class of its public exception is the right one in both.
_UsageProblem = typer.BadParameter.__mro__[1]

# What the machine refuses; everything else that the system reports is a bug of ours.
_REFUSALS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EMFILE,
}


def say(message: str) -> None:
    """Write one message on stderr; a closed stderr is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(message.rstrip("\n") + "\n")
        sys.stderr.flush()


def exit_code_of(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell the user what went wrong, without a traceback, and return the exit code.

    Args:
        error: What ended the command.
        arguments: The words of the command line, for the log of a bug.
    """
    if isinstance(error, SystemExit):
        return _exit_status(error)
    if isinstance(error, ImganError):
        say(f"imgan: {error}")
        return error.exit_code
    if isinstance(error, _UsageProblem):
        say(_usage_message(error))
        return USAGE
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        say("imgan: interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        _abandon_stdout()
        return FAILED
    if isinstance(error, MemoryError):
        say("imgan: out of memory. Close other programs or use a smaller --tile.")
        return FAILED
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        where = f"{error.filename}: " if error.filename else ""
        say(f"imgan: {where}{error.strerror}")
        return FAILED
    return _report_bug(error, arguments)


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code
    say(str(error.code))
    return FAILED


def _usage_message(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    message: str = getattr(error, "message", str(error)).rstrip(".")
    possibilities: Iterable[str] | None = getattr(error, "possibilities", None)
    if possibilities:
        message += f". Did you mean {sorted(possibilities)[0]!r}?"
    elif hasattr(error, "format_message"):
        message = error.format_message()
    path = "imgan" if context is None else context.command_path
    end = "" if message.endswith((".", "?")) else "."
    return f"{path}: {message}{end} See `{path} --help`."


def _abandon_stdout() -> None:
    # Python flushes stdout once more at its end and would complain about the pipe then.
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _report_bug(error: BaseException, arguments: Sequence[str]) -> int:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    try:
        where = f"Details for a bug report: {write_log(error, arguments)}"
    except OSError as failure:
        where = f"No log could be written: {failure}"
    say(f"imgan: unexpected error: {shortened(reason)}. {where}")
    return BUG


def write_log(error: BaseException, arguments: Sequence[str]) -> Path:
    """Write versions, the command line and the traceback; return the file's path."""
    from imgan.machine import processor
    from imgan.machine import versions

    now = datetime.datetime.now()
    lines = [
        f"imgan {' '.join(map(repr, arguments))}",
        f"{now.isoformat(timespec='seconds')}  {platform.platform()}",
        *(f"{name}: {version}" for name, version in versions().items()),
        *(f"cpu {name}: {value}" for name, value in processor().items()),
        "",
        *traceback.format_exception(error),
    ]
    name = f"error-{now:%Y%m%d-%H%M%S}-{os.getpid()}.log"
    text = "\n".join(lines)
    try:
        return _write(_cache_folder() / "imgan" / "logs", name, text)
    except OSError:
        return _write(Path(tempfile.mkdtemp(prefix="imgan-")), name, text)


def _write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def _cache_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    # The specification says to ignore a value that is not an absolute path.
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".cache"
