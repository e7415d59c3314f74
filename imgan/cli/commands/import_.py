"""`imgan import`: another project's checkpoint becomes a model."""

from pathlib import Path
from typing import Annotated
from typing import Any

import typer

from imgan.cli.errors import say
from imgan.cli.text import write
from imgan.errors import UsageError


def import_model(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT",
            help="PyTorch (.pth, .pt, .ckpt), .safetensors, ncnn (.param with its .bin "
            "beside it), or a Keras model (.h5, .keras).",
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(metavar="OUTPUT", help="Folder of the new model."),
    ],
    key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which network, where a file holds several; without it the message "
            "lists them.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the model. Default: the folder's.")
    ] = None,
    licence: Annotated[
        str, typer.Option(help="Of the weights, as their author states it.")
    ] = "",
    attribution: Annotated[
        str, typer.Option(help="Who made the weights, and where they are published.")
    ] = "",
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="OUT IN",
            help="Check that the model makes picture OUT, made elsewhere with the same "
            "weights, of picture IN.",
        ),
    ] = None,
    input_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Values that a Keras model takes, such as -1 1 or 0 255. Default: as "
            "its layers tell.",
        ),
    ] = None,
    output_range: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Values that a Keras model makes."),
    ] = None,
    lambdas: Annotated[
        list[str] | None,
        typer.Option(
            "--lambda",
            metavar="LAYER=OPERATION",
            help="What a Lambda layer of a Keras model does, whose code is never run, "
            "such as lambda_1=depth_to_space:2; may be repeated.",
        ),
    ] = None,
    statistics: Annotated[
        str,
        typer.Option(
            metavar="stored|picture",
            help="By what batch normalisation of pix2pix and CycleGAN runs. stored: "
            "statistics kept from training; picture: each picture's own, as the test "
            "script of pix2pix does without --eval.",
        ),
    ] = "stored",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a model that is there.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors.")
    ] = False,
) -> None:
    """Make a model of another project's checkpoint, without PyTorch.

    What kind of network it is, is read off the names and shapes of its tensors. Nothing
    in the file is run. The result is a model like any other: for --model, export,
    evaluate and train --init.
    """
    from imgan.importing.importer import import_checkpoint
    from imgan.importing.network import ImportOptions

    if statistics not in ("stored", "picture"):
        raise typer.BadParameter(
            f"--statistics must be one of stored, picture. Received: {statistics}"
        )
    options = ImportOptions(
        key=key,
        name=name,
        licence=licence,
        attribution=attribution,
        input_range=_range(input_range, "--input-range"),
        output_range=_range(output_range, "--output-range"),
        lambdas=dict(_assignment(text) for text in lambdas or ()),
        own_statistics=statistics == "picture",
        overwrite=overwrite,
    )
    if compare is not None:
        from imgan.importing.comparison import check_pictures

        check_pictures(*compare)
    made = import_checkpoint(checkpoint, output, options)
    if not quiet:
        write(_summary(made))
        for remark in made.remarks:
            say(f"note: {remark}")
    if compare is not None:
        _compare(made.folder, *compare, quiet=quiet)


def _range(
    bounds: tuple[float, float] | None, option: str
) -> tuple[float, float] | None:
    if bounds is not None and not bounds[0] < bounds[1]:
        raise UsageError(f"{option} must rise. Received: {bounds[0]:g} {bounds[1]:g}")
    return bounds


def _assignment(text: str) -> tuple[str, str]:
    layer, equals, operation = text.partition("=")
    if not (layer and equals and operation):
        raise UsageError(
            "--lambda must be LAYER=OPERATION, such as lambda_1=depth_to_space:2. "
            f"Received: {text}"
        )
    return layer, operation


def _summary(made: Any) -> str:
    from imgan.cli.cards import halo
    from imgan.cli.cards import purpose

    card = made.card
    return (
        f"{made.folder}: {card.network.path.partition(':')[2]}, {purpose(card)}, "
        f"{card.network.parameters:,} parameters, from {card.origin.file} "
        f"({card.origin.layout}); halo {halo(card)}"
    )


def _compare(folder: Path, made: Path, source: Path, *, quiet: bool) -> None:
    from imgan.errors import CheckpointError
    from imgan.importing.comparison import compare_with

    found = compare_with(folder, made, source)
    numbers = (
        f"largest difference {found.largest:.3g} of 255, {found.mean:.3g} on average, "
        f"{found.share:.2%} of the values within one level"
    )
    if not found.agrees:
        raise CheckpointError(
            f"{folder} does not make {made} of {source}: {numbers}. The model is kept; "
            "JPEG files and half precision differ by a few levels, anything more means "
            "that the network is another one"
        )
    if not quiet:
        write(f"{made}: the same picture, {numbers}")
