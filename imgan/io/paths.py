"""Which files a command works on, and where each result goes: decided before it starts.

A folder is mirrored; only names that look like pictures become jobs. Whether they are
pictures is found out when they are read, so that each bad one is reported by itself.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.io.collisions import check_outputs
from imgan.io.format_rules import SAME
from imgan.io.format_rules import FormatRules
from imgan.io.formats import WRITABLE_FORMATS
from imgan.io.formats import format_name
from imgan.io.formats import format_of
from imgan.io.selection import Selection
from imgan.io.temporaries import is_temporary
from imgan.io.temporaries import remove_stale_temporaries

__all__ = ["Job", "JobPlan", "natural_key", "plan_jobs", "remove_stale_temporaries"]

_SUFFIX = re.compile(r"\.[A-Za-z]{3,5}")
"""What ends the names of files; folders are called `v2.1` or `results.x4`."""

_FolderId = tuple[int, int]
"""Device and inode: the same however a folder is reached."""


@dataclass(frozen=True)
class Job:
    """One file to read and the file to write from it."""

    input: Path
    output: Path


@dataclass
class JobPlan:
    """All jobs of a command, in natural order of their names."""

    jobs: list[Job]
    ignored: int
    """Files without a picture's suffix, and hidden ones of the system."""
    unreadable: list[Path] = field(default_factory=list)
    """Folders below an input that could not be listed."""
    unvisited: int = 0
    """Folders inside an input that were passed over, as `recursive` was not asked."""
    excluded: int = 0
    """Pictures in folders that `--pattern` and `--exclude` leave out."""
    root: Path | None = None
    """The folder that mirrors the inputs; None: the one output is a file by name."""


@dataclass
class _Found:
    """Pictures below one input, by path relative to it."""

    pictures: list[tuple[Path, Path]] = field(default_factory=list)
    ignored: int = 0
    unreadable: list[Path] = field(default_factory=list)
    unvisited: int = 0
    excluded: int = 0


def plan_jobs(
    inputs: Sequence[Path],
    output: Path,
    *,
    recursive: bool,
    image_format: str = SAME,
    selection: Selection | None = None,
    checked: bool = True,
) -> JobPlan:
    """Pair every input picture with its output.

    Args:
        inputs: Files and folders.
        output: A file if it has a picture's suffix and is no folder, else a folder that
            mirrors the tree of each input folder.
        recursive: Whether folders inside input folders are read too.
        image_format: One of `WRITABLE_FORMATS`, or `same`: the format of the input,
            and PNG for those that are only read (still GIF, HEIC). Or pairs of both,
            as `FormatRules` takes them.
        selection: Which files of folders are taken; None: all.
        checked: Look at once whether outputs are alike. False where they get other
            names or company first, and `collisions.check_outputs` comes after that.

    Raises:
        UsageError: If outputs are ambiguous, or would replace an input.
        DataError: If an input does not exist, there is no picture at all, or none for
            a pattern.
    """
    rules = FormatRules(image_format)
    if not inputs:
        raise UsageError("No input was given; expected files or folders")
    for path in inputs:
        if not os.path.lexists(path):
            raise DataError(f"No such file or folder: {path}")
    if format_of(output) is not None and not output.is_dir():
        return _plan_single(inputs, output, rules)
    if output.exists() and not output.is_dir():
        raise UsageError(
            f"{output} is a file without a picture's suffix; expected a folder, or a "
            "file name such as result.png"
        )
    refuse_misspelt(inputs, output)
    plan = _plan_folder(inputs, output, recursive, rules, selection or Selection())
    if checked:
        check_outputs(plan.jobs)
    return plan


def natural_key(path: Path) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Return a sort key that puts `2.png` before `10.png`, folder by folder."""
    return tuple(
        tuple(
            (0, int(piece), piece) if index % 2 else (1, 0, piece)
            for index, piece in enumerate(re.split(r"(\d+)", part.casefold()))
        )
        for part in path.parts
    )


def _plan_single(inputs: Sequence[Path], output: Path, rules: FormatRules) -> JobPlan:
    if len(inputs) != 1 or inputs[0].is_dir():
        received = inputs[0] if len(inputs) == 1 else f"{len(inputs)} inputs"
        raise UsageError(
            f"{output} is a file name, so exactly one input file is expected. "
            f"Received: {received}. Name a folder as output instead"
        )
    named = str(format_of(output))
    if named not in WRITABLE_FORMATS:
        raise UsageError(
            f"{output} would be a {format_name(named)} file, which is not written; "
            f"expected one of {', '.join(WRITABLE_FORMATS)}"
        )
    if rules.single not in (SAME, named) and rules.wanted(inputs[0]) != named:
        wanted = rules.wanted(inputs[0])
        raise UsageError(f"{output} contradicts --format {wanted}; drop one")
    jobs = [Job(inputs[0], output)]
    check_outputs(jobs)
    return JobPlan(jobs, 0)


def refuse_misspelt(inputs: Sequence[Path], output: Path) -> None:
    """Refuse a new folder for a single file, with a name that was meant for a file.

    Raises:
        UsageError: Says what a picture's name ends like.
    """
    single = len(inputs) == 1 and not inputs[0].is_dir()
    if single and _SUFFIX.fullmatch(output.suffix) and not output.exists():
        raise UsageError(
            f"{output} does not end like a picture; expected one of "
            f"{', '.join(WRITABLE_FORMATS)}. If a folder is meant, make it first"
        )


def _plan_folder(
    inputs: Sequence[Path],
    output: Path,
    recursive: bool,
    rules: FormatRules,
    selection: Selection,
) -> JobPlan:
    jobs: dict[Path, Job] = {}
    plan = JobPlan([], 0, root=output)
    for path in inputs:
        found = _find(path, output, recursive, selection)
        plan.ignored += found.ignored
        plan.unreadable += found.unreadable
        plan.unvisited += found.unvisited
        plan.excluded += found.excluded
        for picture, relative in found.pictures:
            job = Job(picture, output / rules.renamed(relative))
            # A file named twice, say by two overlapping globs, is one job.
            jobs.setdefault(Path(os.path.abspath(picture)), job)
    plan.jobs = list(jobs.values())
    selection.check(inputs)
    if not plan.jobs:
        raise DataError(_nothing(inputs, plan, recursive))
    return plan


def _nothing(inputs: Sequence[Path], plan: JobPlan, recursive: bool) -> str:
    """Return why a plan has no picture."""
    where = ", ".join(str(path) for path in inputs)
    if not any(path.is_dir() for path in inputs) and not plan.excluded:
        return (
            f"{where}: no name ends like that of a picture, such as .png or .jpg. "
            "Rename what is one"
        )
    files = "file" if plan.ignored == 1 else "files"
    told = f"No picture in {where} ({plan.ignored} other {files} ignored"
    if plan.excluded:
        pictures = "picture" if plan.excluded == 1 else "pictures"
        told += f", {plan.excluded} {pictures} excluded"
    return told + (")" if recursive else "); --recursive looks into folders inside")


def _find(path: Path, output: Path, recursive: bool, selection: Selection) -> _Found:
    found = _Found()
    if not path.is_dir():
        _add(found, path, Path(path.name))
        return found
    output_id = _folder_id(output)
    if output_id is not None and _folder_id(path) == output_id:
        raise UsageError(
            f"{output} is both input and output; results would be read as inputs by "
            "the next run. Name another output folder"
        )
    seen = set() if output_id is None else {output_id}
    # Links to folders come last: a folder that is also reached by its own name is
    # mirrored under that one, and none is read twice, so loops end.
    folders = [Path()]
    links: list[Path] = []
    while folders or links:
        relative = folders.pop() if folders else links.pop(0)
        for inner, is_link in _list(found, path, relative, seen):
            (links if is_link else folders).append(inner)
        links.sort(key=natural_key)
        if not recursive:
            ids = [_folder_id(path / folder) for folder in [*folders, *links]]
            found.unvisited = sum(one not in seen for one in ids)
            break
    taken = [pair for pair in found.pictures if selection.takes(pair[1])]
    found.excluded = len(found.pictures) - len(taken)
    found.pictures = sorted(taken, key=lambda one: (natural_key(one[1]), str(one[1])))
    return found


def _list(
    found: _Found, root: Path, relative: Path, seen: set[_FolderId]
) -> list[tuple[Path, bool]]:
    """Add the files of one folder; return its folders and whether each is a link."""
    folder_id = _folder_id(root / relative)
    if folder_id is None or folder_id in seen:
        return []
    seen.add(folder_id)
    try:
        with os.scandir(root / relative) as entries:
            listed = list(entries)
    except OSError as error:
        if relative == Path():
            raise DataError(f"Cannot list {root}: {error.strerror}") from error
        found.unreadable.append(root / relative)
        return []
    folders = []
    for entry in listed:
        inner = relative / entry.name
        if _is_folder(entry):
            folders.append((inner, entry.is_symlink()))
        else:
            _add(found, root / inner, inner)
    return folders


def _add(found: _Found, path: Path, relative: Path) -> None:
    # `._name.jpg` is what macOS leaves on foreign disks: attributes, not a picture.
    hidden = is_temporary(path) or path.name.startswith("._")
    if hidden or format_of(path) is None:
        found.ignored += 1
    else:
        found.pictures.append((path, relative))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link to itself: reported when it is read.
        return False


def _folder_id(path: Path) -> _FolderId | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
