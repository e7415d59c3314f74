"""One process at a time trains in a run folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path

from imgan.errors import TrainingError
from imgan.training.failures import explain
from imgan.training.run_folder import RunFolder

if sys.platform != "win32":
    import fcntl


@contextmanager
def locked(run: RunFolder) -> Iterator[None]:
    """Hold the lock of a run folder.

    The system drops it with the process, however that ends, so none is ever left over.
    File systems that know no locks go without, and so does Windows.

    Raises:
        OutputError: If the folder cannot be written to.
        TrainingError: If another process holds it.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        file = _locked_file(run)
    except OSError as error:
        raise explain(error, run.path) from error
    try:
        yield
    finally:
        # Removed while it is held: see `_is_current`.
        with suppress(OSError):
            run.lock.unlink()
        os.close(file)


def _locked_file(run: RunFolder) -> int:
    """Return the open file that holds the lock."""
    while True:
        file = os.open(run.lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode(errors="replace").strip()
            os.close(file)
            raise TrainingError(
                f"Process {holder or 'of another imgan'} is training in {run.path}. "
                "Wait for it, stop it, or choose another --run-dir."
            ) from error
        except OSError:
            pass
        if _is_current(file, run.lock):
            # Without room for the number the lock is as good.
            with suppress(OSError):
                os.ftruncate(file, 0)
                os.write(file, f"{os.getpid()}\n".encode())
            return file
        os.close(file)


def _is_current(file: int, path: Path) -> bool:
    """Return whether nobody has removed the file between opening and locking it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
