"""Options that the commands for folders of pictures share, under headings of `--help`.

What they may not be together is said by `imgan.inference.combinations`.
"""

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT... OUTPUT",
        help="Pictures, clips and folders of pictures, then the folder for the "
        "results; a file's name for a single one.",
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
        min=1,
        max=100,
        help="Of JPEG, WebP and AVIF: lower where files must be small.",
        rich_help_panel=RESULTS,
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
    str,
    typer.Option(
        metavar="auto|cpu|gpu|gpu:0,1",
        help="What computes: auto takes the first GPU, gpu:0,1 shares the work among "
        "several, cpu where a GPU is busy with something else.",
        rich_help_panel=SPEED,
    ),
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
        help="Write what was done as JSON: for scripts, and for what failed.",
        rich_help_panel=RUN,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        help="No progress and no summary: for scripts.",
        rich_help_panel=RUN,
    ),
]
