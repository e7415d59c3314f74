"""What the commands for folders of pictures share: options, and how a batch is run."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from typing import Annotated
from typing import NoReturn

import typer

from imgan.cli.batch_progress import BatchProgress
from imgan.cli.errors import FAILED
from imgan.cli.errors import INTERRUPTED
from imgan.cli.errors import TERMINATED
from imgan.cli.text import write
from imgan.errors import OutputError

if TYPE_CHECKING:
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
Recursive = Annotated[
    bool, typer.Option("--recursive", help="Look into folders inside folders.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Compute again what is there already.")
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="same|png|jpg|webp|tiff|bmp|avif",
        help="Format of the results.",
    ),
]
Quality = Annotated[int, typer.Option(min=1, max=100, help="Of JPEG, WebP and AVIF.")]
PngCompression = Annotated[
    int, typer.Option(min=0, max=9, help="Effort for PNG: 0 is fastest, 9 smallest.")
]
Precision = Annotated[str, typer.Option(metavar="auto|float32|bfloat16|float16")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|gpu|gpu:0,1")]
Server = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Instead of --model, an export on TensorFlow Serving, where that has the "
        "GPU: grpc://host:8500/NAME. http://host:8501/NAME does as well for 8 bits at "
        "the model's own scale, and is 20 times slower for the rest.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=0.001, help="Seconds that a server may take for a tile. Default: 60."
    ),
]
MaxMegapixels = Annotated[float, typer.Option(min=0, help="Refuse larger inputs.")]
ReportFile = Annotated[
    Path | None, typer.Option(metavar="FILE.json", help="Write what was done as JSON.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="auto|local|ADDRESS",
        help="Share the work among the devices of a Ray cluster that sees all these "
        "paths: the one of RAY_ADDRESS or of a Ray that runs here, else one of this "
        "machine's own (auto); always its own (local); or one by its address, as "
        "head:6379 or ray://head:10001. Needs the extra ray.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no summary.")]


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
    image_format: str,
    recursive: bool,
    report_file: Path | None,
    quiet: bool,
    cluster: str | None = None,
) -> int:
    """Plan and process a batch, and tell the user; return the exit code."""
    if len(paths) < 2:
        raise typer.BadParameter("Expected at least one INPUT, and OUTPUT as the last")
    from imgan.inference.batch import check_request
    from imgan.inference.memory import share_arenas
    from imgan.inference.report import write_report
    from imgan.io.paths import plan_jobs

    share_arenas()
    *inputs, output = paths
    check_request(options, command)
    _check_report(report_file)
    plan = plan_jobs(inputs, output, recursive=recursive, image_format=image_format)
    progress = BatchProgress(len(plan.jobs), quiet=quiet)
    if plan.unvisited and not quiet:
        some = "folder inside is" if plan.unvisited == 1 else "folders inside are"
        progress.line(f"{plan.unvisited} {some} left out; see --recursive")
    try:
        with _terminable(), progress:
            _remove_stale(output, shared=cluster not in (None, "local"))
            result = _run(plan, options, progress, command, cluster)
    except _Terminated:
        _leave(progress, TERMINATED)
    except KeyboardInterrupt:
        _leave(progress, INTERRUPTED)
    for row in result.files:
        if row.status == "failed":
            progress.failure(row)
    progress.close()
    if report_file is not None:
        write_report(result, report_file)
    if not quiet:
        write(result.summary())
    return FAILED if result.count("failed") else 0


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


class _Terminated(KeyboardInterrupt):
    """SIGTERM came: what `kill`, `docker stop` and job schedulers send."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the block like Ctrl-C, where nobody else handles it."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        # A second one must not disturb how the first is answered.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise
    except BaseException:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(progress: BatchProgress, code: int) -> NoReturn:
    """End at once: other threads may be deep inside TensorFlow or an encoder."""
    from imgan.io.images import remove_temporaries

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    progress.line("imgan: interrupted; the same command goes on where this one stopped")
    remove_temporaries()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code)
