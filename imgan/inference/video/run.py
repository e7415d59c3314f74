"""Clips, animations and sequences, one after another; one that fails stops no other."""

import time
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.kinds import reads_bands
from imgan.bundles.kinds import writes_bands
from imgan.errors import UsageError
from imgan.inference.batch import check_request
from imgan.inference.batch import load_predictor
from imgan.inference.batch import run_batch
from imgan.inference.predictor import Predictor
from imgan.inference.report import FileRow
from imgan.inference.report import Report
from imgan.inference.video.making import Maker
from imgan.inference.video.making import Once
from imgan.inference.video.options import MovingOptions
from imgan.inference.video.plan import MovingJob
from imgan.inference.work import BatchOptions
from imgan.io.paths import JobPlan
from imgan.io.video.codecs import check_choice

OnEvent = Callable[[Any], None]


def run_moving(
    jobs: Sequence[MovingJob],
    options: BatchOptions,
    moving: MovingOptions,
    on_event: OnEvent = lambda event: None,
    *,
    command: str = "upscale",
    load: Callable[[], Predictor] | None = None,
) -> Report:
    """Process clips, animations and sequences.

    Args:
        jobs: What to read and write.
        options: What to do with every frame.
        moving: How clips are encoded.
        on_event: Called in this thread with `Advanced` and `Finished`.
        command: "upscale" or "translate": what the model must do.
        load: Returns the predictor; called in another thread, and only when there is
            something to compute.

    Returns:
        One row per job, in their order.

    Raises:
        ImganError: If the model cannot be used at all, or the codec.
        KeyboardInterrupt: What is finished of a clip is kept for the next run.
    """
    card = check_request(options, command)
    check_moving(jobs, options, moving, card)
    started = time.perf_counter()
    once = Once(load or partial(load_predictor, options))
    batch = Maker(options, moving, card, once, on_event)
    rows: list[FileRow] = []
    for job in jobs:
        stopped = options.on_error == "stop" and any(r.status == "failed" for r in rows)
        row = FileRow(job.name, job.output, status="not_done")
        rows.append(row if stopped else batch.process(job))
    precisions = [row.precision for row in rows if row.precision]
    return Report(
        command=command,
        model=options.model,
        weights_sha256=card.weights_sha256 if card else None,
        device=once.device or options.device,
        precision=precisions[0] if precisions else options.precision,
        fidelity=options.fidelity,
        seed=options.seed if options.stochastic else None,
        files=rows,
        seconds=time.perf_counter() - started,
        network_seconds=batch.clock.seconds,
    )


def run_mixed(
    plan: JobPlan,
    jobs: Sequence[MovingJob],
    options: BatchOptions,
    moving: MovingOptions,
    on_event: OnEvent = lambda event: None,
    *,
    command: str = "upscale",
) -> Report:
    """Process pictures, and then what moves, with one predictor.

    Args:
        plan: The pictures.
        jobs: What moves.
        options: What to do with every picture and frame.
        moving: How clips are encoded.
        on_event: Called in this thread.
        command: "upscale" or "translate".

    Raises:
        ImganError: As `run_batch` and `run_moving`.
    """
    once = Once(partial(load_predictor, options))
    check_moving(jobs, options, moving, check_request(options, command))
    stills = run_batch(plan, options, on_event, command=command, load=once)
    if options.on_error == "stop" and stills.count("failed"):
        rows = [FileRow(job.name, job.output, status="not_done") for job in jobs]
        stills.files += rows
        return stills
    moved = run_moving(jobs, options, moving, on_event, command=command, load=once)
    if not any(row.precision for row in moved.files):
        moved.precision = stills.precision
    moved.files = stills.files + moved.files
    moved.ignored, moved.excluded = stills.ignored, stills.excluded
    moved.seconds += stills.seconds
    moved.network_seconds += stills.network_seconds
    return moved


def check_moving(
    jobs: Sequence[MovingJob],
    options: BatchOptions,
    moving: MovingOptions,
    card: Card | None,
) -> None:
    """Refuse what no clip can be made with.

    Raises:
        UsageError: If options do not fit clips, or the model takes no pictures.
        OutputError: If PyAV lacks the codec.
        MissingExtraError: If PyAV is not installed, and it is needed.
    """
    if options.side_by_side:
        raise UsageError("--side-by-side is for pictures; leave clips out")
    if jobs and options.treatment.grey:
        raise UsageError(
            f"--grey is for pictures, and {jobs[0].name} moves; leave one of them out"
        )
    if card is not None and (reads_bands(card) or writes_bands(card)):
        raise UsageError(
            f"Model {options.model!r} takes or makes raw values in bands; clips and "
            "animations hold colours"
        )
    for job in jobs:
        if job.made == "clip":
            check_choice(moving.encoding, job.output)
