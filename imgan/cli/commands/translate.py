"""`imgan translate`: pictures turned into others of the same size."""

from pathlib import Path
from typing import Annotated

import typer

from imgan.cli.batch_command import Running
from imgan.cli.batch_command import chosen_model
from imgan.cli.batch_command import run_command
from imgan.cli.batch_options import RESULTS
from imgan.cli.batch_options import SPEED
from imgan.cli.batch_options import Cluster
from imgan.cli.batch_options import Device
from imgan.cli.batch_options import DryRun
from imgan.cli.batch_options import Exclude
from imgan.cli.batch_options import Format
from imgan.cli.batch_options import Grey
from imgan.cli.batch_options import Jobs
from imgan.cli.batch_options import MaxMegapixels
from imgan.cli.batch_options import Measure
from imgan.cli.batch_options import Name
from imgan.cli.batch_options import OnError
from imgan.cli.batch_options import Overwrite
from imgan.cli.batch_options import Paths
from imgan.cli.batch_options import Pattern
from imgan.cli.batch_options import PngCompression
from imgan.cli.batch_options import Precision
from imgan.cli.batch_options import Quality
from imgan.cli.batch_options import Quiet
from imgan.cli.batch_options import Recursive
from imgan.cli.batch_options import ReportFile
from imgan.cli.batch_options import Server
from imgan.cli.batch_options import Timeout
from imgan.cli.batch_options import Wrap
from imgan.cli.clip_command import Crf
from imgan.cli.clip_command import Fps
from imgan.cli.clip_command import Preset
from imgan.cli.clip_command import VideoCodec
from imgan.cli.clip_command import moving_options


def translate(
    paths: Paths,
    model: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Folder of a bundle, a run or an export."),
    ] = None,
    stochastic: Annotated[
        bool,
        typer.Option(
            "--stochastic",
            help="Dropout on, as the paper has it: every seed gives another result.",
            rich_help_panel=RESULTS,
        ),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Of --stochastic. Default: 0.", rich_help_panel=RESULTS
        ),
    ] = None,
    side_by_side: Annotated[
        bool,
        typer.Option(
            "--side-by-side",
            help="Write sheets of input | result instead of results, 8-bit.",
            rich_help_panel=RESULTS,
        ),
    ] = False,
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of what results should be, of the same names: sheets are "
            "input | result | target.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    wrap: Wrap = "none",
    grey: Grey = False,
    image_format: Format = "same",
    quality: Quality = 95,
    png_compression: PngCompression = 1,
    name: Name = None,
    recursive: Recursive = False,
    pattern: Pattern = None,
    exclude: Exclude = None,
    overwrite: Overwrite = False,
    max_megapixels: MaxMegapixels = 500,
    tile: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Side of a tile in input pixels; 0: the whole picture. Changes the "
            "result only of networks that see the whole picture. Default: the model's.",
            rich_help_panel=SPEED,
        ),
    ] = None,
    precision: Precision = "auto",
    device: Device = "auto",
    jobs: Jobs = None,
    server: Server = None,
    timeout: Timeout = None,
    cluster: Cluster = None,
    dry_run: DryRun = False,
    measure: Measure = False,
    on_error: OnError = "continue",
    fps: Fps = None,
    video_codec: VideoCodec = None,
    crf: Crf = None,
    preset: Preset = None,
    report: ReportFile = None,
    quiet: Quiet = False,
) -> int:
    """Turn pictures into others of the same size.

    Results appear whole or not at all. What is there already is skipped, so a batch
    that was stopped goes on with the same command.

    A model of several frames takes the pictures of a folder in the order of their
    names: each result is made of its picture and those before it.
    """
    from imgan.inference.planning import FileOptions
    from imgan.inference.treatment import Treatment
    from imgan.inference.work import BatchOptions

    if seed is not None and not stochastic:
        raise typer.BadParameter("--seed is of --stochastic; give both, or neither")
    named = chosen_model(model, server)
    if named is None:
        raise typer.BadParameter("Expected --model, or --server")
    options = BatchOptions(
        model=named,
        overwrite=overwrite,
        quality=quality,
        compression=png_compression,
        tile=tile,
        precision=precision,
        device=device,
        jobs=jobs,
        timeout=timeout,
        max_megapixels=max_megapixels,
        stochastic=stochastic,
        seed=seed or 0,
        side_by_side=side_by_side,
        targets=targets,
        treatment=Treatment(wrap=wrap, grey=grey),
        on_error=on_error,
    )
    files = FileOptions(
        recursive, image_format, tuple(pattern or ()), tuple(exclude or ()), name
    )
    running = Running(report, quiet, cluster, dry_run, measure)
    moving = moving_options(fps, video_codec, crf, preset)
    return run_command("translate", paths, options, files, running, moving)
