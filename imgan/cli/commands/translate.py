"""`imgan translate`: pictures turned into others of the same size."""

from pathlib import Path
from typing import Annotated

import typer

from imgan.cli.batch_command import Cluster
from imgan.cli.batch_command import Device
from imgan.cli.batch_command import Format
from imgan.cli.batch_command import MaxMegapixels
from imgan.cli.batch_command import Overwrite
from imgan.cli.batch_command import Paths
from imgan.cli.batch_command import PngCompression
from imgan.cli.batch_command import Precision
from imgan.cli.batch_command import Quality
from imgan.cli.batch_command import Quiet
from imgan.cli.batch_command import Recursive
from imgan.cli.batch_command import ReportFile
from imgan.cli.batch_command import Server
from imgan.cli.batch_command import Timeout
from imgan.cli.batch_command import chosen_model
from imgan.cli.batch_command import run_command
from imgan.cli.clip_command import Crf
from imgan.cli.clip_command import Fps
from imgan.cli.clip_command import Preset
from imgan.cli.clip_command import VideoCodec
from imgan.cli.clip_command import moving_options


def translate(
    paths: Paths,
    model: Annotated[
        str | None, typer.Option(metavar="PATH", help="Bundle or run folder.")
    ] = None,
    stochastic: Annotated[
        bool,
        typer.Option(
            "--stochastic",
            help="Dropout on, as the paper has it: every seed gives another result.",
        ),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Of --stochastic. Default: 0."),
    ] = None,
    side_by_side: Annotated[
        bool,
        typer.Option(
            "--side-by-side",
            help="Write sheets of input | result instead of results, 8-bit.",
        ),
    ] = False,
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of what results should be, of the same names: sheets are "
            "input | result | target.",
        ),
    ] = None,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    image_format: Format = "same",
    quality: Quality = 95,
    png_compression: PngCompression = 1,
    tile: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Side of a tile in input pixels; 0: the whole picture. Changes the "
            "result only of networks that see the whole picture. Default: the model's.",
        ),
    ] = None,
    precision: Precision = "auto",
    device: Device = "auto",
    server: Server = None,
    timeout: Timeout = None,
    max_megapixels: MaxMegapixels = 500,
    cluster: Cluster = None,
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
        timeout=timeout,
        max_megapixels=max_megapixels,
        stochastic=stochastic,
        seed=seed or 0,
        side_by_side=side_by_side,
        targets=targets,
    )
    return run_command(
        "translate",
        paths,
        options,
        image_format,
        recursive,
        report,
        quiet,
        cluster,
        moving_options(fps, video_codec, crf, preset),
    )
