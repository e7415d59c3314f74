"""PyAV, which clips need and pictures do not, and what a clip's file is called."""

import os
from pathlib import Path
from types import ModuleType

from imgan.errors import MissingExtraError
from imgan.errors import OutputError

CLIP_FORMATS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
}
"""Suffixes, lower case, of the files that are taken for clips, and their containers."""


def is_clip(path: Path | str) -> bool:
    """Return whether a path is named like a clip."""
    return Path(path).suffix.lower() in CLIP_FORMATS


def load_av() -> ModuleType:
    """Return PyAV.

    Raises:
        MissingExtraError: If it is not installed.
    """
    # SVT-AV1 tells its settings on stderr, whoever wants to know them.
    os.environ.setdefault("SVT_LOG", "1")
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("Video", "video") from error
    return av


def reason_of(error: Exception) -> str:
    """Return why a library of FFmpeg refused, without the name of its function."""
    return str(getattr(error, "strerror", None) or error).strip() or "unknown reason"


def clip_error(path: Path, error: Exception) -> OutputError:
    """Return the one clear line for a clip that cannot be written."""
    return OutputError(f"Cannot write {path}: {reason_of(error)}")
