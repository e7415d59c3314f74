"""Whether two results are one file, also on disks that do not tell `A` from `a`.

macOS and Windows do not, and on Linux neither do memory cards and the disks of others.
"""

import os
import sys
import unicodedata
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from imgan.errors import UsageError

if TYPE_CHECKING:
    from imgan.io.paths import Job

_LOOKED_AT = 100
"""Names in a folder that may show whether case matters there."""


def check_outputs(jobs: "Sequence[Job]") -> None:
    """Check that every job has an output of its own, which is no input of another.

    Raises:
        UsageError: Names both.
    """
    spelling = Spelling()
    _refuse_collisions(jobs, spelling)
    _refuse_replacing(jobs, spelling)


def _refuse_collisions(jobs: "Sequence[Job]", spelling: "Spelling") -> None:
    taken: dict[str, Job] = {}
    for job in jobs:
        other = taken.setdefault(spelling.of(job.output), job)
        if other is not job:
            raise UsageError(
                f"{other.input} and {job.input} would both be written to {job.output}. "
                "Rename one, or run them with separate outputs"
            )


def _refuse_replacing(jobs: "Sequence[Job]", spelling: "Spelling") -> None:
    inputs = {spelling.of(os.path.realpath(job.input)): job.input for job in jobs}
    for job in jobs:
        replaced = inputs.get(spelling.of(os.path.realpath(job.output)))
        if replaced is not None:
            raise UsageError(
                f"{job.output} would replace the input {replaced}. Name another output"
            )


class Spelling:
    """Brings paths into the one form that all names of a file have in common."""

    def __init__(self) -> None:
        self._ignores_case: dict[Path, bool] = {}

    def of(self, path: Path | str) -> str:
        """Return a path in the spelling that stands for all that its disk takes for it.

        Args:
            path: Of a file that need not exist, and whose folders need not either.
        """
        folder = Path(os.path.abspath(path)).parent
        if folder not in self._ignores_case:
            self._ignores_case[folder] = ignores_case(folder)
        text = os.path.normcase(path)
        if self._ignores_case[folder]:
            text = unicodedata.normalize("NFC", text.casefold())
        return text


def ignores_case(folder: Path) -> bool:
    """Return whether names in a folder that differ in case alone are one file's.

    Looks whether something that is there also answers to its name in other case, and
    where nothing is, takes what is usual on the system. Writes nothing.

    Args:
        folder: Absolute; if it does not exist, the nearest one above it counts.
    """
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _LOOKED_AT)]
        inside = [folder / name for name in names]
        if folder.stat().st_dev == folder.parent.stat().st_dev:
            inside.append(folder)
        for path in inside:
            other = path.with_name(_in_other_case(path.name))
            if other != path:
                return _is_same(path, other)
    except OSError:
        # What cannot be looked into is told by the system's habit.
        pass
    return sys.platform in ("darwin", "win32")


def _in_other_case(name: str) -> str:
    # Of other alphabets, systems differ in what they take for one letter.
    return "".join(one.swapcase() if one.isascii() else one for one in name)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return os.path.samestat(path.lstat(), other.lstat())
    except FileNotFoundError:
        return False
