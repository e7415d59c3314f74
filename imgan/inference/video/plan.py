"""Which inputs move, and what becomes of each: decided by names before it starts."""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Literal

from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.io.animation import ANIMATION_FORMATS
from imgan.io.animation import is_animation
from imgan.io.collisions import Spelling
from imgan.io.collisions import check_outputs
from imgan.io.format_rules import SAME
from imgan.io.format_rules import FormatRules
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.io.formats import format_of
from imgan.io.formats import suffix_of
from imgan.io.paths import Job
from imgan.io.paths import JobPlan
from imgan.io.paths import natural_key
from imgan.io.paths import refuse_misspelt
from imgan.io.selection import Selection
from imgan.io.temporaries import is_temporary
from imgan.io.video.library import CLIP_FORMATS
from imgan.io.video.library import is_clip

Kind = Literal["clip", "animation", "pictures"]


@dataclass(frozen=True)
class MovingJob:
    """One clip, animation or sequence to read, and what is written of it."""

    inputs: tuple[Path, ...]
    """One file; of a sequence its pictures."""
    name: Path
    """What it is called in messages and reports: the file, or the folder."""
    kind: Kind
    output: Path
    made: Kind
    image_format: str = "same"
    """Of an animation or of pictures."""


@dataclass
class MovingPlan:
    """The jobs that move, and the inputs that do not."""

    jobs: list[MovingJob] = field(default_factory=list)
    stills: list[Path] = field(default_factory=list)


_FOREIGN = frozenset(
    {".wmv", ".flv", ".ts", ".m2ts", ".mpg", ".mpeg", ".3gp", ".ogv", ".vob"}
)
"""Suffixes of clips that are not written."""


def plan_moving(
    inputs: Sequence[Path],
    output: Path,
    image_format: str = SAME,
    selection: Selection | None = None,
) -> MovingPlan:
    """Part the inputs that move from those that do not.

    Args:
        inputs: Files and folders. Of folders only what becomes a clip is looked at.
        output: A clip's or an animation's name, or a folder.
        image_format: As of `plan_jobs`. With a clip as input and a folder as output,
            every frame becomes a picture of that format; by kinds it stays a clip.
        selection: Which pictures of a folder a clip is made of.

    Raises:
        UsageError: If there is no such format, or an output is ambiguous or would
            replace its input.
        DataError: If an input does not exist.
    """
    rules = FormatRules(image_format)
    for path in inputs:
        if (is_clip(path) or is_clip(output)) and not path.exists():
            raise DataError(f"No such file or folder: {path}")
    if output.suffix.lower() in _FOREIGN and not output.is_dir():
        raise UsageError(
            f"{output} would be a clip of a kind that is not written; expected one of "
            f"{', '.join(CLIP_FORMATS)}"
        )
    if is_clip(output) and not output.is_dir():
        plan = MovingPlan([_into_clip(inputs, output, selection or Selection())])
    elif output.suffix.lower() in PICTURE_SUFFIXES and not output.is_dir():
        plan = _into_picture(inputs, output)
    else:
        plan = _into_folder(inputs, output, rules)
    _refuse_replacing(plan.jobs)
    return plan


def part_animations(plan: JobPlan, image_format: str) -> list[MovingJob]:
    """Take the animations out of a plan of pictures; return them as jobs."""
    rules = FormatRules(image_format)
    moving = [job for job in plan.jobs if is_animation(job.input)]
    found = {job.input for job in moving}
    plan.jobs = [job for job in plan.jobs if job.input not in found]
    return [
        # A plan of pictures names the results of GIFs as pictures.
        _animation(job.input, job.output.with_suffix(job.input.suffix), rules)
        for job in moving
    ]


def check_together(stills: Sequence[Job], moving: Sequence[MovingJob]) -> None:
    """Check that pictures and what moves do not get in each other's way.

    Raises:
        UsageError: As `io.collisions.check_outputs`.
    """
    alone = [Job(job.inputs[0], job.output) for job in moving]
    check_outputs([*stills, *alone])


def count_clips(inputs: Sequence[Path]) -> int:
    """Return how many clips lie in folders that were named, and are left out.

    A folder of a telephone's photographs has clips in it that would take days.
    """
    count = 0
    for folder in inputs:
        # One that cannot be listed is told by what lists its pictures.
        with contextlib.suppress(OSError):
            names = os.listdir(folder)
            count += sum(is_clip(one) and not one.startswith(".") for one in names)
    return count


def _into_clip(inputs: Sequence[Path], output: Path, selection: Selection) -> MovingJob:
    first = inputs[0]
    if len(inputs) == 1 and is_clip(first):
        return MovingJob((first,), first, "clip", output, "clip")
    if len(inputs) == 1 and is_animation(first):
        return MovingJob((first,), first, "animation", output, "clip")
    if len(inputs) == 1 and first.is_dir():
        pictures = _pictures_in(first, selection)
        selection.check([first])
        return MovingJob(tuple(pictures), first, "pictures", output, "clip")
    wrong = [path for path in inputs if format_of(path) is None or path.is_dir()]
    if wrong:
        raise UsageError(
            f"{output} is one clip, so one clip, one folder of pictures, or pictures "
            f"are expected. Received: {wrong[0]} among {len(inputs)} inputs. Name a "
            "folder as output instead"
        )
    return MovingJob(tuple(inputs), first.parent, "pictures", output, "clip")


def _into_picture(inputs: Sequence[Path], output: Path) -> MovingPlan:
    first = inputs[0]
    animated = is_animation(first)
    if len(inputs) != 1 or not (animated or is_clip(first)):
        return MovingPlan([], list(inputs))
    kind: Kind = "animation" if animated else "clip"
    job = replace(_animation(first, output, FormatRules(SAME)), kind=kind)
    return MovingPlan([job])


def _into_folder(
    inputs: Sequence[Path], output: Path, rules: FormatRules
) -> MovingPlan:
    plan = MovingPlan()
    alone = len(inputs) == 1
    if is_clip(inputs[0]) or is_animation(inputs[0]):
        refuse_misspelt(inputs, output)
    for path in inputs:
        if is_clip(path) and not path.is_dir():
            plan.jobs.append(
                _clip_into_folder(path, output, rules.single or SAME, alone)
            )
        elif is_animation(path):
            plan.jobs.append(_animation(path, output / path.name, rules))
        else:
            plan.stills.append(path)
    return plan


def _clip_into_folder(
    path: Path, output: Path, image_format: str, alone: bool
) -> MovingJob:
    if image_format == "same":
        return MovingJob((path,), path, "clip", output / path.name, "clip")
    folder = output if alone else output / path.stem
    return MovingJob((path,), path, "clip", folder, "pictures", image_format)


def _animation(path: Path, output: Path, rules: FormatRules) -> MovingJob:
    image_format = rules.asked(path)
    if image_format == SAME:
        image_format = ANIMATION_FORMATS.get(output.suffix.lower(), "")
        image_format = image_format or str(format_of(output))
    else:
        output = output.with_suffix(suffix_of(image_format))
    return MovingJob((path,), path, "animation", output, "animation", image_format)


def _pictures_in(folder: Path, selection: Selection) -> list[Path]:
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES
            and not path.name.startswith("._")
            and not is_temporary(path)
            and selection.takes(path.relative_to(folder))
        ]
    except OSError as error:
        raise DataError(f"Cannot list {folder}: {error.strerror}") from error
    if not found:
        raise DataError(f"No picture in {folder}; expected the frames of a clip")
    return sorted(found, key=lambda path: (natural_key(Path(path.name)), path.name))


def _refuse_replacing(jobs: Sequence[MovingJob]) -> None:
    taken: dict[str, MovingJob] = {}
    spelling = Spelling()
    for job in jobs:
        output = spelling.of(job.output.resolve())
        if any(spelling.of(path.resolve()) == output for path in job.inputs):
            raise UsageError(
                f"{job.output} would replace the input {job.name}. Name another output"
            )
        other = taken.setdefault(output, job)
        if other is not job:
            raise UsageError(
                f"{other.name} and {job.name} would both be written to {job.output}. "
                "Rename one, or run them with separate outputs"
            )
