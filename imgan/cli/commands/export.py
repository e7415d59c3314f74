"""`imgan export`: a model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from imgan.bundles.register import resolve
from imgan.cli.text import write
from imgan.errors import UsageError

FORMATS = ("saved_model", "litert", "onnx")

_FILES = {".tflite": "litert", ".onnx": "onnx"}


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A shipped name, a bundle or a run folder."
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="Folder. A SavedModel becomes its next version: OUTPUT/1, OUTPUT/2. "
            "LiteRT and ONNX also take a file's name, such as x4.tflite.",
        ),
    ],
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(FORMATS),
            help="saved_model: for TensorFlow Serving and imgan itself; litert: for "
            "phones and small boards; onnx: for ONNX Runtime.",
        ),
    ] = "saved_model",
    precision: Annotated[
        str,
        typer.Option(
            metavar="float32|bfloat16|float16|int8",
            help="Of the hidden layers. bfloat16: for servers whose processors compute "
            "it quickly; float16: for GPUs, and half the size in LiteRT; int8: LiteRT "
            "only, with --calibrate.",
        ),
    ] = "float32",
    serving_kit: Annotated[
        bool,
        typer.Option(
            "--serving-kit",
            help="Also write configuration for TensorFlow Serving, a request for curl "
            "and notes into OUTPUT/serving.",
        ),
    ] = False,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Pictures like those to come, by which int8 finds its ranges: large "
            "ones for a model that enlarges, inputs for one that translates.",
        ),
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Pictures on which to measure what int8 loses. Default: those of "
            "--calibrate.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors.")
    ] = False,
) -> None:
    """Write a model for TensorFlow Serving, LiteRT or ONNX.

    What was written is compared with the model before it gets its name, and the
    difference is printed.
    """
    if file_format not in FORMATS:
        raise typer.BadParameter(
            f"--format must be one of {', '.join(FORMATS)}. Received: {file_format}"
        )
    if (calibrate or score) and (file_format, precision) != ("litert", "int8"):
        option = "--calibrate" if calibrate else "--score"
        raise UsageError(
            f"{option} is for --format litert --precision int8. Leave it out"
        )
    if serving_kit and file_format != "saved_model":
        raise UsageError("--serving-kit is for --format saved_model. Leave it out")
    if file_format == "saved_model" and output.suffix.lower() in _FILES:
        raise UsageError(
            f"{output} is a file's name, and a SavedModel is a folder. Give "
            f"--format {_FILES[output.suffix.lower()]}, or a folder"
        )
    bundle = resolve(model)
    if file_format == "saved_model":
        lines = _saved_model(bundle, output, precision, serving_kit)
    else:
        lines = _portable(file_format, bundle, output, precision, calibrate, score)
    if not quiet:
        write("\n".join(lines))


def _saved_model(
    bundle: Path, output: Path, precision: str, serving_kit: bool
) -> list[str]:
    from imgan.bundles.card import read_card
    from imgan.export.saved_model import export_saved_model
    from imgan.export.serving_kit import write_serving_kit

    made = export_saved_model(bundle, output, precision=precision)
    lines = [
        f"{made.folder}: SavedModel in {precision}, "
        f"signatures {', '.join(made.signatures)}",
        *made.lines,
    ]
    if serving_kit:
        kit = write_serving_kit(output, read_card(made.folder))
        lines.append(f"{kit / 'README.md'}: how to serve it")
    return lines


def _portable(
    file_format: str,
    bundle: Path,
    output: Path,
    precision: str,
    calibrate: Path | None,
    score: Path | None,
) -> list[str]:
    if file_format == "onnx":
        from imgan.export.onnx_model import export_onnx

        made = export_onnx(bundle, output, precision=precision)
    else:
        from imgan.export.litert import export_litert

        made = export_litert(
            bundle, output, precision=precision, calibrate=calibrate, score=score
        )
    return list(made.lines)
