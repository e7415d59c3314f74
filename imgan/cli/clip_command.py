"""What clips and animations add to the commands for pictures: options and planning."""

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from imgan.errors import UsageError

if TYPE_CHECKING:
    from imgan.inference.planning import FileOptions
    from imgan.inference.video.options import MovingOptions
    from imgan.inference.video.plan import MovingJob
    from imgan.io.paths import JobPlan

CLIPS = "Clips"

Fps = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=CLIPS,
        min=0.01,
        max=1000,
        help="Frames a second of a clip made of pictures, as frames/ out.mp4. "
        "Default: 24. A clip keeps its own.",
    ),
]
VideoCodec = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=CLIPS,
        metavar="h264|hevc|av1|vp9|ffv1",
        help="Of clips: hevc and av1 for smaller files, ffv1 to lose nothing (.mkv). "
        "Default: h264, hevc above 8 bits, vp9 in .webm.",
    ),
]
Crf = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=CLIPS,
        min=0,
        max=63,
        help="Quality of clips, as ffmpeg has it: lower is better and larger. Default: "
        "18 of h264, 20 of hevc, 28 of av1, 24 of vp9.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=CLIPS,
        help="Effort of the clip's encoder: ultrafast to veryslow of h264 and hevc, 13 "
        "to 0 of av1, 8 to 0 of vp9. Slower only where disk is dear.",
    ),
]


def moving_options(
    fps: float | None, codec: str | None, crf: int | None, preset: str | None
) -> "MovingOptions":
    """Return what the options of a command line ask of clips."""
    from imgan.inference.video.options import MovingOptions
    from imgan.io.video.codecs import EncodingChoice

    return MovingOptions(EncodingChoice(codec, crf, preset), fps)


def plan_clips(
    inputs: list[Path], output: Path, files: "FileOptions", cluster: str | None
) -> "tuple[list[MovingJob], list[Path]]":
    """Part what moves from the pictures of a command line.

    Raises:
        UsageError: If an output is ambiguous, or clips are to go to a cluster.
        DataError: If an input does not exist.
    """
    from imgan.inference.video.plan import plan_moving
    from imgan.io.selection import Selection

    chosen = Selection(files.patterns, files.excludes)
    plan = plan_moving(inputs, output, files.image_format, chosen)
    if plan.jobs and cluster is not None:
        raise UsageError(
            f"--cluster shares pictures, and {plan.jobs[0].name} moves; leave it "
            "out, or work on a folder of its frames"
        )
    return plan.jobs, plan.stills


def take_animations(
    plan: "JobPlan", image_format: str, cluster: str | None
) -> "list[MovingJob]":
    """Take animations out of a plan of pictures; on a cluster they stay, and fail."""
    from imgan.inference.video.plan import part_animations

    return [] if cluster is not None else part_animations(plan, image_format)


def check_files(
    files: "FileOptions", jobs: "list[MovingJob]", stills: int, *, dry_run: bool
) -> None:
    """Refuse what is asked of files and is not done for what moves.

    Raises:
        UsageError: Names the option and what to do.
    """
    if not jobs:
        return
    first = jobs[0]
    moves = f"{first.name} moves"
    if first.kind == "pictures":
        moves = f"{first.output} would be a clip of pictures"
    if files.name is not None:
        raise UsageError(
            f"--name is for pictures, and {moves}; leave it out, or that by --exclude"
        )
    if dry_run and not stills:
        raise UsageError(f"--dry-run looks at pictures only, and {moves}")


def check_used(moving: "MovingOptions", jobs: "list[MovingJob]") -> None:
    """Refuse options of clips where they would do nothing.

    Raises:
        UsageError: If no clip is made, or `--fps` is given and none of pictures.
    """
    from imgan.inference.video.options import MovingOptions

    if moving == MovingOptions():
        return
    made = [job for job in jobs if job.made == "clip"]
    if not made:
        raise UsageError(
            "--fps, --video-codec, --crf and --preset are for clips, and none is made "
            "here; leave them out, or name an output such as result.mp4"
        )
    if moving.fps is not None and all(job.kind != "pictures" for job in made):
        raise UsageError(
            "--fps is for clips made of pictures; others keep their times. Leave it out"
        )


def clips_left_out(inputs: list[Path]) -> str | None:
    """Return a line about clips in the folders that were named, if there are any."""
    from imgan.inference.video.plan import count_clips

    count = count_clips(inputs)
    if not count:
        return None
    some = "clip beside pictures is" if count == 1 else "clips beside pictures are"
    return f"{count} {some} left out: name a clip itself to have it made"
