"""`imgan evaluate`: scores with their protocol."""

from pathlib import Path
from typing import Annotated
from typing import Any

import typer

from imgan.cli.errors import say
from imgan.cli.evaluations import generation_table
from imgan.cli.evaluations import super_resolution_table
from imgan.cli.output import Advance
from imgan.cli.output import check_json
from imgan.cli.output import progress
from imgan.cli.output import show
from imgan.errors import UsageError


def evaluate(
    hr_dir: Annotated[
        Path,
        typer.Argument(
            metavar="HR_DIR",
            help="Folder of the true pictures. For a generator: real pictures, as a "
            "folder, class folders, an .npz file or sklearn:digits.",
        ),
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
        str | None,
        typer.Option(metavar="auto|float32|bfloat16|float16", help="Default: auto."),
    ] = None,
    tile: Annotated[
        int | None,
        typer.Option(min=0, help="Side of a tile in input pixels; 0: whole."),
    ] = None,
    fidelity: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="For an adversarial model with a partner, as in upscale. Default: "
            "the model as it is.",
        ),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Generators: weights of Keras' Inception V3 without its top, for FID "
            "and KID. Default: features of a classifier of the real pictures.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Generators: samples to draw. Default: 2000."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Generators: seed of the samples. Default: 0."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress on stderr.")
    ] = False,
) -> None:
    """Score a model on known truth, or a generator on real pictures.

    Super-resolution: PSNR and SSIM on Y (BT.601, studio range), with as many pixels
    cropped at each border as the scale, beside bicubic enlargement; sharpness and the
    drift of colours. Grey at its own depth, by models of one channel; bands likewise.

    Generation: whether labels are recognised, how many classes are drawn, diversity,
    distance from the training pictures, FID, KID, precision and recall.
    """
    from imgan.bundles.fidelity import choose_model

    name = model or choose_model(scale, fidelity)
    task = _task(name)
    enlarging: dict[str, Any] = {
        "scale": scale,
        "lr_dir": lr_dir,
        "precision": precision,
        "tile": tile,
        "fidelity": fidelity,
    }
    drawing: dict[str, Any] = {"features": features, "count": count, "seed": seed}
    fitting, others = enlarging, drawing
    if task == "generation":
        fitting, others = drawing, enlarging
    _refuse(others, name, task)
    given = {key: value for key, value in fitting.items() if value is not None}
    check_json(json_file)
    score = _generation if task == "generation" else _super_resolution
    with progress("Scoring", _say_line, quiet=quiet) as advance:
        table, values = score(hr_dir, name, given, advance)
    show(table, values, json_file)


def _task(model: str) -> str:
    """Return what a model does, by its card."""
    from imgan.bundles.card import read_card
    from imgan.bundles.drawing import EXTRA
    from imgan.bundles.drawing import find_export
    from imgan.bundles.register import resolve

    if model == "bicubic":
        return "super_resolution"
    exported = find_export(Path(model))
    return read_card(exported / EXTRA if exported else resolve(model)).task


def _refuse(options: dict[str, Any], model: str, task: str) -> None:
    given = [key for key, value in options.items() if value is not None]
    if given:
        raise UsageError(
            f"--{given[0].replace('_', '-')} does not apply to {model}, a model of "
            f"{task.replace('_', ' ')}. Leave it out."
        )


def _super_resolution(
    hr_dir: Path, model: str, options: dict[str, Any], advance: Advance
) -> tuple[str, dict[str, Any]]:
    from imgan.evaluate import ImageScores
    from imgan.evaluate import evaluate as run

    done = 0

    def scored(image: ImageScores, total: int) -> None:
        nonlocal done
        done += 1
        advance(f"{image.name}: {image.model.psnr_y:.2f} dB", done, total)

    result = run(hr_dir, model=model, progress=scored, **options)
    return super_resolution_table(result), result.to_json()


def _generation(
    source: Path, model: str, options: dict[str, Any], advance: Advance
) -> tuple[str, dict[str, Any]]:
    from imgan.runtime import import_tensorflow

    import_tensorflow()
    from imgan.evaluate.generator import evaluate_generator

    result = evaluate_generator(
        str(source),
        model=model,
        progress=lambda done, total: advance(
            f"{done:,} of {total:,} samples", done, total
        ),
        **options,
    )
    return generation_table(result), result.to_json()


def _say_line(line: str, done: int, total: int) -> None:
    say(line)
