"""How the commands for folders of pictures run a batch, and what they tell."""

import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NoReturn

import typer

from imgan.cli.batch_progress import BatchProgress
from imgan.cli.errors import FAILED
from imgan.cli.errors import INTERRUPTED
from imgan.cli.errors import TERMINATED
from imgan.cli.output import STDOUT
from imgan.cli.output import check_output_file
from imgan.cli.termination import terminable
from imgan.cli.text import write
from imgan.errors import DataError
from imgan.errors import Terminated
from imgan.errors import UsageError

if TYPE_CHECKING:
    from imgan.inference.planning import FileOptions
    from imgan.inference.report import Report
    from imgan.inference.video.options import MovingOptions
    from imgan.inference.video.plan import MovingJob
    from imgan.inference.work import BatchOptions
    from imgan.io.paths import JobPlan


@dataclass(frozen=True)
class Running:
    """How a command for a batch runs, and what it tells."""

    report: Path | None = None
    """Where to write what was done as JSON."""
    quiet: bool = False
    cluster: str | None = None
    dry_run: bool = False
    measure: bool = False
    """Whether a dry run times the model."""


def chosen_model(model: str | None, server: str | None) -> str | None:
    """Return what `--model` or `--server` names; None where neither was given."""
    from imgan.inference.servers import parse_server

    if server is None:
        return model
    if model is not None:
        raise typer.BadParameter("--model and --server exclude each other; give one")
    parse_server(server)
    return server


def run_command(
    command: str,
    paths: list[Path],
    options: "BatchOptions",
    files: "FileOptions",
    running: Running,
    moving: "MovingOptions",
) -> int:
    """Plan and process a batch, and tell the user; return the exit code."""
    if len(paths) < 2:
        raise typer.BadParameter("Expected at least one INPUT, and OUTPUT as the last")
    if running.measure and not running.dry_run:
        raise typer.BadParameter("--measure is of --dry-run; give both, or neither")
    from imgan.cli.clip_command import check_used
    from imgan.cli.clip_command import clips_left_out
    from imgan.cli.clip_progress import ClipProgress
    from imgan.inference.combinations import check_for_cluster
    from imgan.inference.memory import share_arenas
    from imgan.inference.threads import limit_threads

    share_arenas()
    if running.cluster is not None:
        check_for_cluster(options)
    if options.jobs is not None:
        limit_threads(options.jobs)
    *inputs, output = paths
    check_output_file(running.report, "--report")
    for path, what in ((output, "OUTPUT"), (running.report, "--report")):
        if path == Path(STDOUT):
            raise UsageError(f"{what} cannot be stdout. Name a file")
    plan, jobs, options = _plan(inputs, output, files, options, command, running)
    check_used(moving, jobs)
    progress = ClipProgress(len(plan.jobs) + len(jobs), quiet=running.quiet)
    left_out = clips_left_out(inputs)
    if left_out and not running.quiet:
        progress.line(left_out)
    if plan.unvisited and not running.quiet:
        some = "folder inside is" if plan.unvisited == 1 else "folders inside are"
        progress.line(f"{plan.unvisited} {some} left out; see --recursive")
    if running.dry_run:
        if jobs and not running.quiet:
            progress.line(f"{len(jobs)} that move, {jobs[0].name} first, are left out")
        return _dry_run(plan, options, command, running, progress)
    try:
        with terminable(), progress:
            cluster = running.cluster
            _remove_stale(output)
            result = _run(plan, jobs, options, moving, progress, command, cluster)
    except Terminated:
        _leave(progress, TERMINATED)
    except KeyboardInterrupt:
        _leave(progress, INTERRUPTED)
    _tell(result, progress, running)
    if not running.quiet:
        write(result.summary())
    return FAILED if result.count("failed") else 0


def _plan(
    inputs: list[Path],
    output: Path,
    files: "FileOptions",
    options: "BatchOptions",
    command: str,
    running: Running,
) -> "tuple[JobPlan, list[MovingJob], BatchOptions]":
    """Part what moves from pictures, and decide on names and the model of both."""
    from imgan.cli.clip_command import check_files
    from imgan.cli.clip_command import clips_left_out
    from imgan.cli.clip_command import plan_clips
    from imgan.cli.clip_command import take_animations
    from imgan.inference.planning import plan_batch
    from imgan.inference.video.plan import check_together

    jobs, stills = plan_clips(inputs, output, files, running.cluster)
    named = [job.inputs[0] for job in jobs]
    try:
        plan, options = plan_batch(
            stills, output, files, options, command, moving=named, checked=False
        )
    except DataError as error:
        clips = clips_left_out(stills)
        raise DataError(f"{error}. {clips}") if clips else error from None
    jobs += take_animations(plan, files.image_format, running.cluster)
    check_files(files, jobs, len(plan.jobs), dry_run=running.dry_run)
    check_together(plan.jobs, jobs)
    return plan, jobs, options


def _tell(result: "Report", progress: BatchProgress, running: Running) -> None:
    """Say what failed, and write the report."""
    from imgan.inference.report import write_report

    for row in result.files:
        if row.status == "failed":
            progress.failure(row)
    progress.close()
    if running.report is not None:
        write_report(result, running.report)


def _dry_run(
    plan: "JobPlan",
    options: "BatchOptions",
    command: str,
    running: Running,
    progress: BatchProgress,
) -> int:
    """Tell what a batch would do, and do nothing of it; return the exit code."""
    from imgan.inference.dry_run import dry_run
    from imgan.inference.speed import measure_batch

    speed = measure_batch(options) if running.measure else None
    found = dry_run(plan, options, command, megapixels_per_second=speed)
    _tell(found.report, progress, running)
    if not running.quiet:
        write(found.text())
    return 0 if found.succeeds else FAILED


def _run(
    plan: "JobPlan",
    jobs: "list[MovingJob]",
    options: "BatchOptions",
    moving: "MovingOptions",
    progress: BatchProgress,
    command: str,
    cluster: str | None,
) -> "Report":
    if jobs:
        from imgan.inference.video.run import run_mixed

        return run_mixed(plan, jobs, options, moving, progress, command=command)
    if cluster is None:
        from imgan.inference.batch import run_batch

        return run_batch(plan, options, progress, command=command)
    from imgan.inference.cluster import run_on_cluster

    return run_on_cluster(plan, options, progress, command=command, address=cluster)


def _remove_stale(output: Path) -> None:
    """Remove what killed runs left beside the results; see `io.temporaries`."""
    from imgan.io.temporaries import is_temporary
    from imgan.io.temporaries import remove_stale_temporaries

    if output.is_dir():
        remove_stale_temporaries(output)
    elif output.parent.is_dir() and any(map(is_temporary, output.parent.iterdir())):
        # Beside a single result there may be a whole home folder: not walked in vain.
        remove_stale_temporaries(output.parent)


def _leave(progress: BatchProgress, code: int) -> NoReturn:
    """End at once: other threads may be deep inside TensorFlow or an encoder."""
    from imgan.io.images import remove_temporaries

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    progress.line("imgan: interrupted; the same command goes on where this one stopped")
    remove_temporaries()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code)
