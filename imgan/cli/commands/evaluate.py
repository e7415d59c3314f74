"""`imgan evaluate`: scores with their protocol."""

from pathlib import Path
from typing import Annotated
from typing import Any

import typer

from imgan.cli.errors import say
from imgan.cli.evaluations import generation_table
from imgan.cli.evaluations import super_resolution_table
from imgan.cli.evaluations import translation_table
from imgan.cli.output import Advance
from imgan.cli.output import check_json
from imgan.cli.output import check_output_file
from imgan.cli.output import progress
from imgan.cli.output import show
from imgan.errors import UsageError


def evaluate(
    hr_dir: Annotated[
        Path,
        typer.Argument(
            metavar="HR_DIR",
            help="Folder of the true pictures. For a generator: real pictures, as a "
            "folder, class folders, an .npz file or sklearn:digits. For a translation: "
            "targets beside --source-dir, a folder of pictures A|B, or a CSV manifest.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Shipped model, bundle, run or export, or bicubic. Default: x4; x2 "
            "for --scale 2.",
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
    tta: Annotated[
        bool,
        typer.Option(
            "--tta",
            help="Super-resolution: the mean over eight symmetries, as in upscale.",
        ),
    ] = False,
    source_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Translation: folder of inputs, named like the targets."
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            metavar="a_to_b|b_to_a",
            help="Translation: of pictures A|B and manifests. Default: as trained.",
        ),
    ] = None,
    full_size: Annotated[
        bool,
        typer.Option(
            "--full-size",
            help="Translation: leave pictures as they are where the training squeezed "
            "them to squares. Default: squeeze them too.",
        ),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE.html",
            help="Translation: page of scores and examples.",
        ),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Generators and translation: weights of Keras' Inception V3 without "
            "its top, for FID and KID. Default for generators: features of a "
            "classifier of the real pictures.",
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

    Translation: L1, PSNR and SSIM on all channels, beside those of the source as it is
    and of the mean target; FID and KID with --features.
    """
    from imgan.bundles.fidelity import choose_model

    name = model or choose_model(scale, fidelity)
    task = _task(name)
    options: dict[str, Any] = {
        "scale": scale,
        "lr_dir": lr_dir,
        "precision": precision,
        "tile": tile,
        "fidelity": fidelity,
        "tta": tta or None,
        "source_dir": source_dir,
        "direction": direction,
        "full_size": full_size or None,
        "html": html,
        "features": features,
        "count": count,
        "seed": seed,
    }
    given = {key: value for key, value in options.items() if value is not None}
    score, fitting = _SCORING[task]
    _refuse(given.keys() - fitting, name, task)
    check_json(json_file)
    check_output_file(html, "--html")
    with progress("Scoring", _say_line, quiet=quiet) as advance:
        table, values = score(hr_dir, name, given, advance)
    show(table, values, json_file)


def _task(model: str) -> str:
    """Return what a model does, by its card."""
    from imgan.bundles.card import read_card
    from imgan.bundles.register import resolve

    if model == "bicubic":
        return "super_resolution"
    return read_card(resolve(model)).task


def _refuse(foreign: set[str], model: str, task: str) -> None:
    if foreign:
        raise UsageError(
            f"--{min(foreign).replace('_', '-')} does not apply to {model}, a model of "
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


def _translation(
    truth: Path, model: str, options: dict[str, Any], advance: Advance
) -> tuple[str, dict[str, Any]]:
    from imgan.evaluate import PairResult
    from imgan.evaluate import evaluate_translation
    from imgan.evaluate.page import EXAMPLES
    from imgan.evaluate.page import write_page

    page: Path | None = options.pop("html", None)
    done = 0

    def scored(image: PairResult, total: int) -> None:
        nonlocal done
        done += 1
        advance(f"{image.name}: L1 {image.model.l1:.4f}", done, total)

    result = evaluate_translation(
        truth,
        model=model,
        examples=EXAMPLES if page else 0,
        progress=scored,
        **options,
    )
    if page:
        write_page(result, page)
    return translation_table(result), result.to_json()


_ENLARGING = {"scale", "lr_dir", "precision", "tile", "fidelity", "tta"}
_TRANSLATING = {
    *("source_dir", "direction", "full_size", "html", "features", "precision", "tile")
}
_SCORING = {
    "super_resolution": (_super_resolution, _ENLARGING),
    "generation": (_generation, {"features", "count", "seed"}),
    "translation": (_translation, _TRANSLATING),
}


def _say_line(line: str, done: int, total: int) -> None:
    say(line)
