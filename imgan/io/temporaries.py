"""Files that are being written, under hidden names beside their final place.

An output appears under its own name only when it is complete. Until then it is
`.<name>.<pid>.imgan-tmp`, so that a later run can tell what a killed one left behind.
"""

import contextlib
import os
import re
import time
from pathlib import Path

from imgan.errors import OutputError

_PATTERN = re.compile(r"^\..+\.(\d+)\.imgan-tmp$", re.DOTALL)
_LONGEST_NAME = 255  # bytes, on every common file system
_DAY = 86_400.0  # seconds

# A plain set: its single operations are atomic, so that a signal handler may call
# `remove_temporaries` while another frame of its own thread is in here.
_active: set[Path] = set()


def is_temporary(path: Path) -> bool:
    """Return whether a path is named like an unfinished output of any process."""
    return _PATTERN.match(path.name) is not None


def open_temporary(path: Path) -> tuple[int, Path]:
    """Create and register the temporary of an output, with missing folders.

    Returns:
        A descriptor open for reading and writing, and the temporary's path.

    Raises:
        OutputError: If the folder or the file cannot be made.
    """
    temporary = path.with_name(_temporary_name(path.name))
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
    """Remove a temporary if it is still there."""
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
    _active.discard(temporary)


def active_temporaries() -> list[Path]:
    """Return the temporaries that this process is writing now."""
    return sorted(_active.copy())


def remove_temporaries() -> None:
    """Remove every temporary of this process at once; for an interrupt handler."""
    for temporary in active_temporaries():
        discard_temporary(temporary)


def remove_stale_temporaries(folder: Path) -> int:
    """Remove what killed processes left under a folder; return how many files.

    Temporaries of processes that still run are kept. Links are not followed.
    """
    removed = 0
    for root, _, names in os.walk(folder):
        for name in names:
            match = _PATTERN.match(name)
            if match is None:
                continue
            temporary = Path(root, name)
            if is_stale(temporary, int(match[1])):
                with contextlib.suppress(OSError):
                    temporary.unlink()
                    removed += 1
    return removed


def is_stale(temporary: Path, pid: int) -> bool:
    """Return whether the process that was writing a temporary has ended."""
    if pid == os.getpid():
        return temporary not in _active
    if os.name == "nt":
        # Signal 0 would end a process there, so only age tells.
        return time.time() - temporary.stat().st_mtime > _DAY
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def write_error(path: Path, error: OSError) -> OutputError:
    """Return the one clear line for an output that cannot be written."""
    reason = error.strerror or str(error)
    return OutputError(f"Cannot write {path}: {reason}")


def _temporary_name(name: str) -> str:
    ending = f".{os.getpid()}.imgan-tmp"
    room = _LONGEST_NAME - len(ending) - 1
    while len(os.fsencode(name)) > room:
        name = name[:-1]
    return f".{name}{ending}"
