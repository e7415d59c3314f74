"""What the commands for folders of pictures share: options, and how a batch is run."""

import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated
from typing import NoReturn

import typer

from imgan.cli.batch_progress import BatchProgress
from imgan.cli.errors import FAILED
from imgan.cli.errors import INTERRUPTED
from imgan.cli.text import write
from imgan.errors import OutputError

if TYPE_CHECKING:
    from imgan.inference.planning import FileOptions
    from imgan.inference.report import Report
    from imgan.inference.work import BatchOptions
    from imgan.io.paths import JobPlan

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT... OUTPUT",
        help="Pictures and folders of pictures, then the folder for the results; a "
        "picture's name for a single one.",
        show_default=False,
    ),
]
RESULTS = "Results"
FILES = "Which files"
SPEED = "Speed and memory"
RUN = "How it runs"

Recursive = Annotated[
    bool,
    typer.Option(
        "--recursive", help="Look into folders inside folders.", rich_help_panel=FILES
    ),
]
Pattern = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Of the files in folders take those of this name only, such as "
        "'*_raw.png'; with a slash, of this path below the folder. May be repeated. "
        "When a folder holds more than should be computed.",
        rich_help_panel=FILES,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Leave these out, such as '*_thumb.*'. May be repeated.",
        rich_help_panel=FILES,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Compute again what is there already: after a change of model or picture.",
        rich_help_panel=FILES,
    ),
]
MaxMegapixels = Annotated[
    float, typer.Option(min=0, help="Refuse larger inputs.", rich_help_panel=FILES)
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT|KIND=FORMAT,...",
        help="Of the results: same, png, jpg, webp, tiff, bmp or avif. Or by the kind "
        "of the input, where they differ: heic=jpg,tiff=png,*=same.",
        rich_help_panel=RESULTS,
    ),
]
Quality = Annotated[
    int,
    typer.Option(
        min=1, max=100, help="Of JPEG, WebP and AVIF.", rich_help_panel=RESULTS
    ),
]
PngCompression = Annotated[
    int,
    typer.Option(
        min=0,
        max=9,
        help="Effort for PNG: 0 is fastest, 9 smallest.",
        rich_help_panel=RESULTS,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="TEMPLATE",
        help="Names of the results without their suffix, when they go where others "
        "are: '{stem}_x{scale}'. Fields: stem, parent, index, scale, width, height, "
        "model; {index:04d} counts the inputs in the order of their names.",
        rich_help_panel=RESULTS,
    ),
]
Wrap = Annotated[
    str,
    typer.Option(
        metavar="none|x|y|both",
        help="For textures that repeat: the picture goes on at its other side, so the "
        "result has no seam either. x: left and right; y: top and bottom.",
        rich_help_panel=RESULTS,
    ),
]
Grey = Annotated[
    bool,
    typer.Option(
        "--grey",
        help="Grey results of one channel, whatever the input: for scans and old "
        "photographs that were stored in colour.",
        rich_help_panel=RESULTS,
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="auto|float32|bfloat16|float16",
        help="auto: bfloat16 where the processor is fast at it, for 8 bits. float32 to "
        "get the same bytes on machines of different kinds.",
        rich_help_panel=SPEED,
    ),
]
Device = Annotated[
    str, typer.Option(metavar="auto|cpu|gpu|gpu:0,1", rich_help_panel=SPEED)
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads of the CPU for the network, for encoding and for decoding: fewer "
        "than there are cores, where the machine must stay usable beside it. Default: "
        "all cores.",
        rich_help_panel=SPEED,
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Instead of --model, an export on TensorFlow Serving, where that has the "
        "GPU: grpc://host:8500/NAME. http://host:8501/NAME does as well for 8 bits at "
        "the model's own scale, and is 20 times slower for the rest.",
        rich_help_panel=SPEED,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        help="Seconds that a server may take for a tile. Default: 60.",
        rich_help_panel=SPEED,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="auto|local|ADDRESS",
        help="Share the work among the devices of a Ray cluster that sees all these "
        "paths: the one of RAY_ADDRESS or of a Ray that runs here, else one of this "
        "machine's own (auto); always its own (local); or one by its address, as "
        "head:6379 or ray://head:10001. Needs the extra ray.",
        rich_help_panel=SPEED,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Before a long batch: say what would be made, what would fail, and about "
        "how long and how large it would be. Looks at headers, writes nothing.",
        rich_help_panel=RUN,
    ),
]
Measure = Annotated[
    bool,
    typer.Option(
        "--measure",
        help="With --dry-run: time the model here for some seconds, when its card was "
        "written on another machine.",
        rich_help_panel=RUN,
    ),
]
OnError = Annotated[
    str,
    typer.Option(
        "--on-error",
        metavar="continue|stop",
        help="stop: begin with no other picture after one has failed, when a batch is "
        "of no use in parts.",
        rich_help_panel=RUN,
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.json",
        help="Write what was done as JSON.",
        rich_help_panel=RUN,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="No progress and no summary.", rich_help_panel=RUN),
]


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
) -> int:
    """Plan and process a batch, and tell the user; return the exit code."""
    if len(paths) < 2:
        raise typer.BadParameter("Expected at least one INPUT, and OUTPUT as the last")
    if running.measure and not running.dry_run:
        raise typer.BadParameter("--measure is of --dry-run; give both, or neither")
    from imgan.inference.combinations import check_for_cluster
    from imgan.inference.memory import share_arenas
    from imgan.inference.planning import plan_batch
    from imgan.inference.threads import limit_threads

    share_arenas()
    if running.cluster is not None:
        check_for_cluster(options)
    if options.jobs is not None:
        limit_threads(options.jobs)
    *inputs, output = paths
    _check_report(running.report)
    plan, options = plan_batch(inputs, output, files, options, command)
    progress = BatchProgress(len(plan.jobs), quiet=running.quiet)
    if plan.unvisited and not running.quiet:
        some = "folder inside is" if plan.unvisited == 1 else "folders inside are"
        progress.line(f"{plan.unvisited} {some} left out; see --recursive")
    if running.dry_run:
        return _rehearse(plan, options, command, running, progress)
    try:
        with progress:
            _remove_stale(output, shared=running.cluster not in (None, "local"))
            result = _run(plan, options, progress, command, running.cluster)
    except KeyboardInterrupt:
        _leave(progress)
    _tell(result, progress, running)
    if not running.quiet:
        write(result.summary())
    return FAILED if result.count("failed") else 0


def _tell(result: "Report", progress: BatchProgress, running: Running) -> None:
    """Say what failed, and write the report."""
    from imgan.inference.report import write_report

    for row in result.files:
        if row.status == "failed":
            progress.failure(row)
    progress.close()
    if running.report is not None:
        write_report(result, running.report)


def _rehearse(
    plan: "JobPlan",
    options: "BatchOptions",
    command: str,
    running: Running,
    progress: BatchProgress,
) -> int:
    """Tell what a batch would do, and do nothing of it; return the exit code."""
    from imgan.inference.rehearsal import rehearse
    from imgan.inference.speed import measure_batch

    speed = measure_batch(options) if running.measure else None
    found = rehearse(plan, options, command, megapixels_per_second=speed)
    _tell(found.report, progress, running)
    if not running.quiet:
        write(found.text())
    return 0 if found.succeeds else FAILED


def _run(
    plan: "JobPlan",
    options: "BatchOptions",
    progress: BatchProgress,
    command: str,
    cluster: str | None,
) -> "Report":
    if cluster is None:
        from imgan.inference.batch import run_batch

        return run_batch(plan, options, progress, command=command)
    from imgan.inference.cluster import run_on_cluster

    return run_on_cluster(plan, options, progress, command=command, address=cluster)


def _check_report(path: Path | None) -> None:
    """Fail before hours of work if the report could not be written after them."""
    if path is None:
        return
    if path.is_dir():
        raise OutputError(f"--report {path} is a folder; expected a file's name")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f"--report {path} cannot be written; name another file")


def _remove_stale(output: Path, *, shared: bool) -> None:
    """Remove what killed runs left beside the results; see `io.temporaries`."""
    from imgan.io.temporaries import is_temporary
    from imgan.io.temporaries import remove_stale_temporaries

    if output.is_dir():
        remove_stale_temporaries(output, shared=shared)
    elif output.parent.is_dir() and any(map(is_temporary, output.parent.iterdir())):
        # Beside a single result there may be a whole home folder: not walked in vain.
        remove_stale_temporaries(output.parent, shared=shared)


def _leave(progress: BatchProgress) -> NoReturn:
    """End at once: other threads may be deep inside TensorFlow or an encoder."""
    from imgan.io.images import remove_temporaries

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    progress.line("imgan: interrupted; the same command goes on where this one stopped")
    remove_temporaries()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(INTERRUPTED)
