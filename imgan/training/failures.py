"""What the machine refuses during a run, in one line that says what to do."""

import errno
import os
from pathlib import Path

from imgan.errors import ImganError
from imgan.errors import OutputError
from imgan.errors import TrainingError

# What a file system answers when there is no room.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def explain(error: Exception, folder: Path) -> Exception:
    """Return the failure as one of imgan's own, or the same error if it is a bug.

    TensorFlow and HDF5 have errors of their own for a full disk, which name it only in
    their text.

    Args:
        error: What ended the run.
        folder: That of the run.
    """
    if isinstance(error, ImganError):
        return error
    reason = refusal(error)
    if reason is not None:
        return OutputError(_message(error, folder, reason))
    # By name: run folders are opened before TensorFlow is loaded.
    if type(error).__name__ == "ResourceExhaustedError":
        return TrainingError(
            "The memory of the device is full. Lower data.batch_size or the networks' "
            "num_filters, or set training.precision=mixed_bfloat16."
        )
    return error


def refusal(error: Exception) -> str | None:
    """Return the system's reason if it is one that a user can remove, else None."""
    number = getattr(error, "errno", None)
    known = {code: os.strerror(code) for code in (*_FULL, *_REFUSED)}
    if number in known:
        return known[number]
    if isinstance(error, OSError) and number is not None:
        return error.strerror
    return next((text for text in known.values() if text in str(error)), None)


def advice(reason: str) -> str:
    """Return what to do before the command is repeated."""
    full = {os.strerror(code) for code in _FULL}
    return "Make room" if reason in full else "See to that"


def _message(error: Exception, folder: Path, reason: str) -> str:
    name = getattr(error, "filename", None)
    where = f" ({name})" if name and str(name) != str(folder) else ""
    return (
        f"The run folder {folder} cannot be written to{where}: {reason}. "
        f"{advice(reason)}, then repeat the command; the run resumes at its last "
        "checkpoint."
    )
