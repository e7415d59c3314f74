"""A batch as it would go, from the headers of its pictures: `--dry-run`.

Nothing is decoded, computed or written, not even a folder.
"""

import math
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.kinds import writes_bands
from imgan.errors import OutputError
from imgan.inference.batch import prepare_batch
from imgan.inference.expected_speed import expected_speed
from imgan.inference.outcome import Outcome
from imgan.inference.outcome import check_memory
from imgan.inference.report import FileRow
from imgan.inference.report import Report
from imgan.inference.report import rounded
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.io.formats import check_output
from imgan.io.formats import format_of
from imgan.io.paths import JobPlan
from imgan.io.reading import check_megapixels
from imgan.types import Size

_BYTES_PER_PIXEL = {
    "png": 2.0,
    "jpg": 0.4,
    "webp": 0.2,
    "tiff": 1.5,
    "bmp": 3.0,
    "avif": 0.3,
}
"""Of photographs in 8 bits that `x4` enlarged, with the usual quality: 1.6, 0.29, 0.14,
1.1, 3.0 and 0.21 on average of 14, and a quarter more than that. Finer noise, more bits
and transparency take more."""


_NAMED = 20
"""Results whose names are shown; a report holds all."""


@dataclass(frozen=True)
class Estimate:
    """What the pictures that are not there yet would take."""

    pictures: int
    input_megapixels: float
    output_megapixels: float
    seconds: float | None
    """In the network; None: the model's speed on this machine is not known."""
    seconds_by: str
    """Where that comes from."""
    bytes: int
    """On the disk, about."""
    free_bytes: int | None
    """None: the file system does not tell."""
    formats: dict[str, int]
    """How many results of each."""

    @property
    def fits(self) -> bool:
        """Whether the disk has room for as much as is estimated."""
        return self.free_bytes is None or self.bytes <= self.free_bytes

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        seconds = None if self.seconds is None else round(self.seconds, 1)
        return {
            "pictures": self.pictures,
            "input_megapixels": round(self.input_megapixels, 6),
            "output_megapixels": round(self.output_megapixels, 6),
            "seconds": seconds,
            "seconds_by": self.seconds_by,
            "bytes": self.bytes,
            "free_bytes": self.free_bytes,
            "formats": self.formats,
        }


@dataclass(frozen=True)
class DryRun:
    """What a dry run found."""

    report: Report
    estimate: Estimate

    @property
    def succeeds(self) -> bool:
        """Whether nothing is known that would fail."""
        return not self.report.count("failed") and self.estimate.fits

    def text(self) -> str:
        """Return it in three lines, after what would be made of what."""
        report, made = self.report, self.estimate
        counts = f"dry run: {made.pictures} to make, {report.count('skipped')} there "
        counts += f"already, {report.count('failed')} would fail"
        files = "file" if report.ignored == 1 else "files"
        for count, what in (
            (report.excluded, "left out by patterns"),
            (report.ignored, f"other {files} ignored"),
        ):
            counts += f", {count} {what}" * bool(count)
        counts += f"; {rounded(made.input_megapixels)} megapixels in, "
        counts += f"{rounded(made.output_megapixels)} out"
        time = "not known" if made.seconds is None else _duration(made.seconds)
        formats = ", ".join(f"{count} {kind}" for kind, count in made.formats.items())
        disk = f"about {_amount(made.bytes)} ({formats or 'nothing'})"
        if made.free_bytes is not None:
            disk += f"; {_amount(made.free_bytes)} are free"
        if not made.fits:
            disk += ": too little"
        time = f"time: {time} ({made.seconds_by})"
        return "\n".join([*self._planned(), counts, time, f"disk: {disk}"])

    def _planned(self) -> list[str]:
        rows = [row for row in self.report.files if row.status == "planned"]
        lines = [f"{row.input} -> {row.output}" for row in rows[:_NAMED]]
        more = len(rows) - len(lines)
        return lines + [f"and {more} more"] * bool(more)


def dry_run(
    plan: JobPlan,
    options: BatchOptions,
    command: str,
    *,
    megapixels_per_second: float | None = None,
) -> DryRun:
    """Look at the headers of a batch's pictures: what would be made, and what fails.

    Depth and transparency are known when a picture is decoded only: what a format
    loses of them is said by the batch itself.

    Args:
        plan: Inputs and outputs.
        options: What would be done.
        command: "upscale" or "translate".
        megapixels_per_second: Of input, if the speed was measured on this machine;
            else the card's is taken where it was measured on such a machine.

    Raises:
        ImganError: If the model cannot be used for it, or options contradict.
        OutputError: If results cannot be written where they belong.
    """
    batch = prepare_batch(plan, options, command)
    folder = _existing(plan.root or plan.jobs[0].output.parent)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder} cannot be written to; name another output")
    for item in batch.items:
        _look(batch.worker, item)
    report = batch.report(None, 0.0)
    rows = [row for row in report.files if row.status == "planned"]
    speed = expected_speed(
        options, batch.worker.card, report.precision, megapixels_per_second
    )
    estimate = _estimate(rows, options, folder, speed)
    report.estimate = estimate.to_json()
    return DryRun(report, estimate)


def _look(worker: Worker, item: Item) -> None:
    """Close the row of a picture as far as its headers tell."""
    row = item.row
    try:
        if worker.is_finished(item):
            row.status = "skipped"
            return
        given, made = row.input_size, row.output_size
        if given is None or made is None or row.output is None:
            raise ValueError("The headers were not looked at")
        check_megapixels(row.input, given, worker.options.max_megapixels)
        if worker.card is None or not writes_bands(worker.card):
            kind = str(format_of(row.output))
            check_output(kind, made, np.uint8, has_alpha=False)
        _check_memory(worker, item, made)
        row.status = "planned"
    except Exception as error:
        row.fail(error)


def _check_memory(worker: Worker, item: Item, size: Size) -> None:
    """Check that the machine can hold a result, if it is opaque and of 8 bits."""
    channels = 1 if worker.options.treatment.grey else 3
    bands = worker.card is not None and writes_bands(worker.card)
    made = Outcome(size, channels, np.dtype(np.uint8), False, bands)
    if worker.options.side_by_side:
        item.output_bytes = made.bytes
    else:
        worker.take_memory(item, made)
    check_memory(item.output_bytes, size)


def _estimate(
    rows: Iterable[FileRow],
    options: BatchOptions,
    folder: Path,
    expected: tuple[float | None, str],
) -> Estimate:
    rows = list(rows)
    formats = Counter(str(format_of(row.output or "")) for row in rows)
    given = sum(row.input_size.megapixels for row in rows if row.input_size)
    made = sum(row.output_size.megapixels for row in rows if row.output_size)
    computed = sum(_computed(row.input_size, options) for row in rows if row.input_size)
    speed, source = expected
    share = 1 / 3 if options.treatment.grey else 1.0
    size = sum(
        row.output_size.megapixels * _BYTES_PER_PIXEL[str(format_of(row.output or ""))]
        for row in rows
        if row.output_size
    )
    return Estimate(
        pictures=len(rows),
        input_megapixels=given,
        output_megapixels=made,
        seconds=None if speed is None else computed / speed,
        seconds_by=source,
        bytes=math.ceil(size * share * 1e6),
        free_bytes=_free(folder),
        formats=dict(sorted(formats.items())),
    )


def _computed(size: Size, options: BatchOptions) -> float:
    """Return megapixels of an input that the network is given: of a crop its part."""
    if options.target is None:
        return size.megapixels
    made, down, across, *_ = options.target.scaling(size)
    return min(size.megapixels, float(made.height / down * made.width / across) / 1e6)


def _existing(folder: Path) -> Path:
    """Return the nearest folder that is there already."""
    folder = Path(os.path.abspath(folder))
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 2:
        return f"about {math.ceil(seconds)} s"
    return f"about {minutes:.0f} min" if hours < 2 else f"about {hours:.1f} h"


def _amount(count: float) -> str:
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"
