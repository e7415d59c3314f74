"""Files that are being written, under hidden names beside their final place.

An output appears under its own name only when it is complete. Until then it is
`.<name>.<pid>@<machine>.imgan-tmp`, so that a later run can tell what a killed one left
behind: the number of a process says nothing on another machine, and containers, which
are machines here, all begin at 1.
"""

import atexit
import contextlib
import hashlib
import os
import platform
import re
import shutil
import time
from pathlib import Path

from imgan.errors import OutputError

_PATTERN = re.compile(r"^\..+\.(\d+)@(.+)\.imgan-tmp$", re.DOTALL)
_LONGEST_NAME = 255  # bytes, on every common file system
_DAY = 86_400.0  # seconds

# A plain set: its single operations are atomic, so that a signal handler may call
# `remove_temporaries` while another frame of its own thread is in here.
_active: set[Path] = set()


def is_temporary(path: Path) -> bool:
    """Return whether a path is named like an unfinished output of any process."""
    return _PATTERN.match(path.name) is not None


def machine_name() -> str:
    """Return the name of this machine, in characters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())[:64] or "unnamed"


def temporary_of(
    path: Path, pid: int | None = None, machine: str | None = None
) -> Path:
    """Return the temporary that a process has for an output.

    Args:
        path: The output. Of a name that leaves no room, a digest stands for the end.
        pid: Number of the process; None: of this one.
        machine: Where it runs; None: here.
    """
    pid = os.getpid() if pid is None else pid
    ending = f".{pid}@{machine or machine_name()}.imgan-tmp"
    name, room = path.name, _LONGEST_NAME - len(ending) - 1
    if len(os.fsencode(name)) > room:
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
        while len(os.fsencode(name)) > room - len(digest):
            name = name[:-1]
        name += digest
    return path.with_name(f".{name}{ending}")


def open_temporary(path: Path) -> tuple[int, Path]:
    """Create and register the temporary of an output, with missing folders.

    Returns:
        A descriptor open for reading and writing, and the temporary's path.

    Raises:
        OutputError: If the folder or the file cannot be made.
    """
    temporary = temporary_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "a folder of that name exists")
        # A killed run may have had this very process number (usual in containers).
        temporary.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        _active.add(temporary)
        return os.open(temporary, flags, 0o666), temporary
    except OSError as error:
        _active.discard(temporary)
        raise write_error(path, error) from error


def commit_temporary(temporary: Path, path: Path) -> None:
    """Give a complete temporary its final name, replacing what was there.

    Raises:
        OutputError: If it cannot be renamed, for instance because it was removed.
    """
    try:
        os.replace(temporary, path)
    except OSError as error:
        raise write_error(path, error) from error
    _active.discard(temporary)


def discard_temporary(temporary: Path) -> None:
    """Remove a temporary, a file or a folder, if it is still there."""
    if temporary.is_dir() and not temporary.is_symlink():
        shutil.rmtree(temporary, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    _active.discard(temporary)


def write_text(path: Path, text: str) -> None:
    """Write a small file of text, which appears under its name when it is complete.

    Args:
        path: In a folder that exists; replaced if it is there.
        text: Its content.

    Raises:
        OSError: If it cannot be written; what was there is left as it is.
    """
    temporary = temporary_of(path)
    _active.add(temporary)
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        # Nothing is left of it where all went well.
        discard_temporary(temporary)


def active_temporaries() -> list[Path]:
    """Return the temporaries that this process is writing now."""
    return sorted(_active.copy())


def remove_temporaries() -> None:
    """Remove every temporary of this process at once; for an interrupt handler."""
    for temporary in active_temporaries():
        discard_temporary(temporary)


def _remove_at_exit(pid: int) -> None:
    # An interrupt may come after a file was made and before anybody guards it. What is
    # forked from this process has none of its own.
    if os.getpid() == pid:
        remove_temporaries()


atexit.register(_remove_at_exit, os.getpid())


def remove_stale_temporaries(folder: Path) -> int:
    """Remove what killed processes left under a folder; return how many files.

    Temporaries of processes that still run are kept, those of other machines for a
    day. Links are not followed.

    Args:
        folder: Looked through with all that is in it.
    """
    removed = 0
    for root, _, names in os.walk(folder):
        for name in names:
            match = _PATTERN.match(name)
            if match is None:
                continue
            temporary = Path(root, name)
            with contextlib.suppress(OSError):
                if _is_left_behind(temporary, int(match[1]), match[2]):
                    temporary.unlink()
                    removed += 1
    return removed


def make_temporary_folder(parent: Path, name: str) -> Path:
    """Create and register a folder for what will be renamed into its parent.

    Args:
        parent: Made if it is missing; other machines may write there too.
        name: Of the kind of thing, to tell it from others.

    Raises:
        OSError: If it cannot be made.
    """
    folder = temporary_of(parent / name)
    _active.add(folder)
    try:
        folder.mkdir(parents=True)
    except OSError:
        _active.discard(folder)
        raise
    return folder


def remove_stale_folders(parent: Path, named: str = _PATTERN.pattern) -> None:
    """Remove folders that processes were killed over while they wrote them.

    Args:
        parent: What they lie in.
        named: Regular expression for the whole of their names; its first group is the
            number of the process, a second one the machine.
    """
    pattern = re.compile(named, re.DOTALL)
    for path in parent.glob(".*"):
        match = pattern.fullmatch(path.name)
        if match is None or not path.is_dir():
            continue
        machine = match[2] if pattern.groups > 1 else None
        with contextlib.suppress(OSError):
            if _is_left_behind(path, int(match[1]), machine):
                shutil.rmtree(path, ignore_errors=True)


def _is_left_behind(temporary: Path, pid: int, machine: str | None) -> bool:
    if machine in (None, machine_name()):
        return is_stale(temporary, pid)
    return _is_old(temporary)


def is_stale(temporary: Path, pid: int) -> bool:
    """Return whether the process of this machine that wrote a temporary has ended."""
    if pid == os.getpid():
        return temporary not in _active
    if os.name == "nt":
        # Signal 0 would end a process there, so only age tells.
        return _is_old(temporary)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _is_old(temporary: Path) -> bool:
    return time.time() - temporary.stat().st_mtime > _DAY


def write_error(path: Path, error: OSError) -> OutputError:
    """Return the one clear line for an output that cannot be written."""
    reason = error.strerror or str(error)
    return OutputError(f"Cannot write {path}: {reason}")
