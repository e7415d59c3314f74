"""Names of results by a template, such as `{stem}_x{scale}`."""

import os
import string
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace

from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.io.collisions import check_outputs
from imgan.io.paths import Job
from imgan.io.paths import JobPlan

FIELDS = ("stem", "parent", "index", "scale", "width", "height", "model")
"""What may stand in braces: the input's name without its suffix and that of its folder,
its number in the batch, from 1, how many times larger the result is, its size in
pixels, and the model's name."""

_LONGEST = 255  # bytes, on every common file system


class Factor(float):
    """A number that is written as short as it can be."""

    def __format__(self, spec: str) -> str:
        """Return it by a format, or else with at most four digits."""
        return float.__format__(self, spec or ".4g")


Values = Mapping[str, object]


class NameTemplate:
    """A pattern for the names of results, without their suffix.

    Args:
        text: With fields in braces, which may have formats: `{index:04d}`.

    Raises:
        UsageError: If there is no such field, or a name would leave its folder.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise UsageError(f"--name {text!r}: {error}") from error
        self.fields = frozenset(name for _, name, _, _ in parts if name is not None)
        for name in sorted(self.fields):
            if name not in FIELDS:
                raise UsageError(
                    f"--name has no field {name!r}.{did_you_mean(name, FIELDS)} "
                    f"Fields: {', '.join(FIELDS)}"
                )
        if not text or any(one in text for one in "/\\\0"):
            raise UsageError(
                f"--name must be the name of a file, without folders. Received: "
                f"{text!r}. The tree of folders is kept anyway"
            )
        if any(conversion or "{" in (spec or "") for _, _, spec, conversion in parts):
            raise UsageError(f"--name {text!r}: expected fields such as {{index:04d}}")
        self.fill({name: _EXAMPLES[name] for name in self.fields})

    def fill(self, values: Values) -> str:
        """Return the name for a picture.

        Args:
            values: Of the fields of the template, at least.

        Raises:
            UsageError: If a format does not suit its field, or no file can be so named.
        """
        try:
            name = self._text.format_map(values)
        except (ValueError, TypeError) as error:
            raise UsageError(f"--name {self._text!r}: {error}") from error
        too_long = len(os.fsencode(name)) > _LONGEST - len(".tiff")
        if name.strip(". ") == "" or too_long or any(one in name for one in "/\\\0"):
            raise UsageError(
                f"--name {self._text!r} makes {name!r}, which no file can be named"
            )
        return name


_EXAMPLES: Values = {
    "stem": "a",
    "parent": "a",
    "index": 1,
    "scale": Factor(4),
    "width": 1,
    "height": 1,
    "model": "a",
}


def rename_outputs(
    plan: JobPlan,
    template: NameTemplate,
    values_of: Callable[[Job], Values | None] = lambda job: {},
) -> JobPlan:
    """Return a plan whose results are named by a template, in the same folders.

    Args:
        plan: Into a folder.
        template: For all of its results.
        values_of: Returns what the template needs besides stem, parent and index; None
            for a picture of which it cannot be known: it keeps its name.

    Raises:
        UsageError: If two results would have one name, or one replace an input, or the
            output is a file, which has a name already.
    """
    if plan.root is None:
        raise UsageError("--name is for results in a folder; OUTPUT is a file's name")
    jobs = []
    for index, job in enumerate(plan.jobs, start=1):
        more = values_of(job)
        if more is None:
            jobs.append(job)
            continue
        parent = job.input.absolute().parent.name
        values = {"stem": job.input.stem, "parent": parent, "index": index, **more}
        named = template.fill(values) + job.output.suffix
        jobs.append(Job(job.input, job.output.with_name(named)))
    check_outputs(jobs)
    return replace(plan, jobs=jobs)
