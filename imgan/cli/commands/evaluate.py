"""`imgan evaluate`: scores with their protocol."""

import json
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from imgan.cli.errors import say
from imgan.cli.text import write
from imgan.errors import OutputError

if TYPE_CHECKING:
    from imgan.evaluate import Evaluation
    from imgan.evaluate import ImageScores
    from imgan.evaluate import Scores


def evaluate(
    hr_dir: Annotated[
        Path, typer.Argument(metavar="HR_DIR", help="Folder of the true pictures.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Shipped model, bundle or run folder, or bicubic. Default: x4; x2 for "
            "--scale 2.",
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(min=1, help="Ratio of output to input. Default: the model's."),
    ] = None,
    lr_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder of pictures to enlarge, named like the true ones or ending in "
            "x{scale}. Default: made by MATLAB-exact bicubic reduction.",
        ),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="FILE", help="Write the scores as JSON; - is stdout."
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option(metavar="auto|float32|bfloat16|float16")
    ] = "auto",
    tile: Annotated[
        int | None,
        typer.Option(min=0, help="Side of a tile in input pixels; 0: whole."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress on stderr.")
    ] = False,
) -> None:
    """Score a model on pictures whose truth is known.

    PSNR and SSIM on Y (BT.601, studio range), with as many pixels cropped at each
    border as the scale. Bicubic enlargement is scored beside the model.
    """
    from imgan.bundles.register import default_model
    from imgan.evaluate import evaluate as run

    if json_file not in (None, "-"):
        _check_writable(Path(str(json_file)))
    with _progress(quiet) as progress:
        result = run(
            hr_dir,
            model=model or default_model(scale),
            scale=scale,
            lr_dir=lr_dir,
            precision=precision,
            tile=tile,
            progress=progress,
        )
    text = json.dumps(result.to_json(), indent=2, ensure_ascii=False)
    if json_file == "-":
        write(text)
        return
    write(_table(result))
    if json_file is not None:
        _write(Path(json_file), text + "\n")


def _table(result: "Evaluation") -> str:
    """Return the scores as aligned text: pictures, means, then the protocol."""
    by_model = result.model != "bicubic"
    rows = [(image.name, image.model) for image in result.images]
    means = [(f"mean {Path(result.model).name}", result.mean)] if by_model else []
    means.append(("mean bicubic", result.bicubic))
    width = max(len(name) for name, _ in [*rows, *means])
    count = len(rows)
    return "\n".join(
        [
            f"{'':{width}}   PSNR-Y  SSIM-Y  PSNR-RGB",
            *(_line(name, scores, width) for name, scores in rows),
            "",
            *(_line(name, scores, width) for name, scores in means),
            "",
            f"{result.model} at scale {result.scale} on {count} "
            f"picture{'' if count == 1 else 's'}",
            f"{result.protocol}",
        ]
    )


def _line(name: str, scores: "Scores", width: int) -> str:
    return (
        f"{name:{width}}  {scores.psnr_y:7.2f}  {scores.ssim_y:6.4f}  "
        f"{scores.psnr_rgb:8.2f}"
    )


@contextmanager
def _progress(quiet: bool) -> Iterator["Callable[[ImageScores, int], None] | None"]:
    """Give a function to call after each picture: a bar on a terminal, else lines."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if quiet:
        yield None
    elif console.is_terminal:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("Scoring", total=None)

            def advance(_: "ImageScores", total: int) -> None:
                bar.update(task, advance=1, total=total)

            yield advance
    else:
        yield lambda image, _: say(f"{image.name}: {image.model.psnr_y:.2f} dB")


def _check_writable(path: Path) -> None:
    # Known before the work is done rather than after it.
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise OutputError(
            f"--json {path} cannot be written: expected a file in an existing folder, "
            "or - for stdout."
        )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"--json {path} cannot be written: {error}") from error
