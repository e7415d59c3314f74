"""From what a user asks for to a plan: which files, which model, which names."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from imgan.bundles.card import Card
from imgan.bundles.fidelity import choose_model
from imgan.errors import ImganError
from imgan.errors import UsageError
from imgan.inference.batch import check_request
from imgan.inference.batch import scale_of
from imgan.inference.sizing import TargetSize
from imgan.inference.work import BatchOptions
from imgan.inference.work import Worker
from imgan.io.format_rules import SAME
from imgan.io.images import read_size
from imgan.io.naming import Factor
from imgan.io.naming import NameTemplate
from imgan.io.naming import Values
from imgan.io.naming import rename_outputs
from imgan.io.paths import Job
from imgan.io.paths import JobPlan
from imgan.io.paths import plan_jobs
from imgan.io.selection import Selection
from imgan.io.video.library import is_clip
from imgan.io.video.probe import probe_clip
from imgan.types import Size

AUTO_MODEL = ""
"""In `BatchOptions.model`: the shipped model that suits the pictures."""


@dataclass(frozen=True)
class FileOptions:
    """Which files a batch takes, and how its results are called."""

    recursive: bool = False
    image_format: str = SAME
    """As `io.format_rules` takes it."""
    patterns: tuple[str, ...] = ()
    """Of the files of folders that are taken; none: all."""
    excludes: tuple[str, ...] = ()
    """Of those that are left out."""
    name: str | None = None
    """Template for the names of results; None: those of the inputs."""


def plan_batch(
    inputs: list[Path],
    output: Path,
    files: FileOptions,
    options: BatchOptions,
    command: str,
    moving: Sequence[Path] = (),
    checked: bool = True,
) -> tuple[JobPlan, BatchOptions]:
    """Decide what a batch reads and writes, before anything is computed.

    Where a target size decides how much pictures are enlarged and no model is named,
    the one that suits the largest enlargement makes all of them: a batch has one model.

    Args:
        inputs: Files and folders; none where all is `moving`.
        output: A file or a folder.
        files: Which files, and their results' names.
        options: What to do; its model may be `AUTO_MODEL`.
        command: "upscale" or "translate".
        moving: Clips and animations that the same model is for; not in the plan.
        checked: As of `plan_jobs`; names by a template are always looked at.

    Returns:
        The plan, and the options with a model.

    Raises:
        ImganError: If options, files or names are not possible.
    """
    template = NameTemplate(files.name) if files.name is not None else None
    if template is not None and options.targets is not None:
        raise UsageError(
            "--targets are found by the names of inputs, so results keep them; drop "
            "--name"
        )
    card = None
    if options.model != AUTO_MODEL:
        card = check_request(options, command)
    plan = JobPlan([], 0, root=output)
    if inputs or not moving:
        plan = plan_jobs(
            inputs,
            output,
            recursive=files.recursive,
            image_format=files.image_format,
            selection=Selection(files.patterns, files.excludes),
            checked=checked and template is None,
        )
    if options.model == AUTO_MODEL:
        model = _suitable(options, [job.input for job in plan.jobs] + list(moving))
        options = replace(options, model=model)
        card = check_request(options, command)
    if template is not None:
        worker = Worker(options, card, scale_of(options, card))
        plan = rename_outputs(plan, template, _naming(template, worker))
    return plan, options


def largest_enlargement(
    target: TargetSize, pictures: Iterable[Path]
) -> Fraction | None:
    """Return how much the picture that is enlarged most must grow to a target.

    None if no picture tells its size. Those that do not fail by themselves, later.
    """
    found = []
    for path in pictures:
        try:
            found.append(target.scaling(_size_of(path)).largest)
        except ImganError:
            continue
    return max(found, default=None)


def _size_of(path: Path) -> Size:
    return probe_clip(path).size if is_clip(path) else read_size(path)


def _suitable(options: BatchOptions, pictures: Iterable[Path]) -> str:
    scale = options.scale
    if options.target is not None:
        largest = largest_enlargement(options.target, pictures)
        scale = None if largest is None else float(largest)
    return choose_model(scale, options.fidelity)


def _naming(template: NameTemplate, worker: Worker) -> Callable[[Job], Values | None]:
    """Return what tells the values of a template, from headers only where it must."""
    model = _plain(worker.card)
    fixed: Values = {"scale": Factor(worker.scale), "model": model}
    sizes = template.fields & {"width", "height"}
    if not sizes and not (worker.options.target and "scale" in template.fields):
        return lambda job: fixed

    def values_of(job: Job) -> Values | None:
        try:
            size = read_size(job.input)
            made = worker.result_size(size)
        except ImganError:
            return None
        scale = fixed["scale"]
        if worker.options.target is not None:
            scale = Factor(worker.options.target.scaling(size).largest)
        return {**fixed, "scale": scale, "width": made.width, "height": made.height}

    return values_of


def _plain(card: Card | None) -> str:
    name = "bicubic" if card is None else card.name
    return "".join("-" if one in "/\\\0" else one for one in name)
