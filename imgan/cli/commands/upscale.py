"""`imgan upscale`: pictures and folders of pictures, enlarged."""

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


def upscale(
    paths: Paths,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Shipped model, bundle or run folder, or bicubic. Default: x4; x2 for "
            "a --scale of at most 2.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(help="Enlargement, such as 2.5. Default: the model's."),
    ] = None,
    fidelity: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="For an adversarial model with a partner: 0 invents most detail, 1 "
            "none. Default: the model as it is.",
        ),
    ] = None,
    keep_colors: Annotated[
        bool,
        typer.Option(
            "--keep-colors", help="Give results the large-scale colours of the input."
        ),
    ] = False,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    image_format: Format = "same",
    quality: Quality = 95,
    png_compression: PngCompression = 1,
    tile: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Side of a tile in input pixels; 0: the whole picture. Changes memory "
            "and speed, never the result. Default: the model's.",
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
    """Enlarge pictures and folders of pictures.

    Results appear whole or not at all. What is there already is skipped, so a batch
    that was stopped goes on with the same command.
    """
    from imgan.bundles.fidelity import choose_model
    from imgan.inference.work import BatchOptions

    options = BatchOptions(
        model=chosen_model(model, server) or choose_model(scale, fidelity),
        scale=scale,
        overwrite=overwrite,
        quality=quality,
        compression=png_compression,
        tile=tile,
        precision=precision,
        device=device,
        timeout=timeout,
        max_megapixels=max_megapixels,
        fidelity=fidelity,
        keep_colors=keep_colors,
    )
    return run_command(
        "upscale",
        paths,
        options,
        image_format,
        recursive,
        report,
        quiet,
        cluster,
        moving_options(fps, video_codec, crf, preset),
    )
