"""`imgan upscale`: pictures and folders of pictures, enlarged."""

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


def upscale(
    paths: Paths,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Shipped model, bundle, run or export, or bicubic. Default: x4; x2 "
            "for an enlargement of at most 2, of all pictures.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            help="Enlargement, such as 2.5. Default: the model's.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Of results in pixels, instead of --scale: when something else wants "
            "a size to the pixel. Alone it keeps the proportions.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The same. With both, --fit says what becomes of the proportions.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            metavar="inside|outside|crop|stretch",
            help="inside: as large as fits into --width and --height; outside: as "
            "small as covers them; crop: that, and the middle of it is kept; stretch: "
            "the proportions are given up. Default: inside.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    fidelity: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="For an adversarial model with a partner: 0 invents most detail, 1 "
            "none. Default: the model as it is.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    keep_colors: Annotated[
        bool,
        typer.Option(
            "--keep-colors",
            help="Give results the large-scale colours of the input.",
            rich_help_panel=RESULTS,
        ),
    ] = False,
    tta: Annotated[
        bool,
        typer.Option(
            "--tta",
            help="The mean of what the network makes of a picture turned and mirrored "
            "in all eight ways: a little nearer to the truth for eight times the time, "
            "when a few pictures matter.",
            rich_help_panel=RESULTS,
        ),
    ] = False,
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
            help="Side of a tile in input pixels; 0: the whole picture. Changes memory "
            "and speed, not the result; of networks that see further than 64 pixels, "
            "by a quarter of a level at most. Default: the model's.",
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
    """Enlarge pictures and folders of pictures.

    Results appear whole or not at all. What is there already is skipped, so a batch
    that was stopped goes on with the same command.
    """
    from imgan.inference.planning import AUTO_MODEL
    from imgan.inference.planning import FileOptions
    from imgan.inference.sizing import target_size
    from imgan.inference.treatment import Treatment
    from imgan.inference.work import BatchOptions

    options = BatchOptions(
        model=chosen_model(model, server) or AUTO_MODEL,
        scale=scale,
        target=target_size(width, height, fit),
        treatment=Treatment(tta=tta, wrap=wrap, grey=grey),
        overwrite=overwrite,
        quality=quality,
        compression=png_compression,
        tile=tile,
        precision=precision,
        device=device,
        jobs=jobs,
        timeout=timeout,
        max_megapixels=max_megapixels,
        fidelity=fidelity,
        keep_colors=keep_colors,
        on_error=on_error,
    )
    files = FileOptions(
        recursive, image_format, tuple(pattern or ()), tuple(exclude or ()), name
    )
    running = Running(report, quiet, cluster, dry_run, measure)
    moving = moving_options(fps, video_codec, crf, preset)
    return run_command("upscale", paths, options, files, running, moving)
