"""What a foreign file holds: a network, and what the file does not say of it."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any

from imgan.errors import CheckpointError
from imgan.errors import UsageError
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.conversion import convert
from imgan.importing.detection import detect
from imgan.importing.keras2 import as_generator
from imgan.importing.keras2 import is_keras_file
from imgan.importing.keras2 import read_keras_model
from imgan.importing.parts import Tensors
from imgan.importing.plan import Plan
from imgan.importing.statistics import by_picture
from imgan.importing.statistics import normalizes_batches
from imgan.runtime import import_tensorflow

KERAS_LAYOUT = "Keras model"
KERAS_FAMILY = "imported"

Range = tuple[float, float]


@dataclass(frozen=True)
class ImportOptions:
    """What the file does not say.

    Attributes:
        key: Dotted path of the network in a file that holds several.
        name: Of the model; None: that of the output folder.
        licence: Of the weights.
        attribution: Of the weights.
        input_range: Of the pictures that a Keras model takes; None: told by its layers.
        output_range: The same of those that it makes.
        lambdas: What `Lambda` layers of a Keras model do, by their name.
        own_statistics: Run batch normalisation of a translator by each picture's own
            statistics; see `imgan.importing.statistics`.
        overwrite: Replace a bundle that is there.
    """

    key: str | None = None
    name: str | None = None
    licence: str = ""
    attribution: str = ""
    input_range: Range | None = None
    output_range: Range | None = None
    lambdas: Mapping[str, str] = field(default_factory=dict)
    own_statistics: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Found:
    """What a file holds.

    Attributes:
        network: A `Network` in its inference form, float32.
        family: Of `imgan.families`, or `KERAS_FAMILY`.
        layout: Of the file, such as "PyTorch zip archive".
        container: Where in the file the tensors lay.
        assumptions: Sentences about what the file does not say.
    """

    network: Any
    family: str
    layout: str
    container: str = ""
    assumptions: Sequence[str] = ()


def read_network(source: Path, options: ImportOptions) -> Found:
    """Read a network, TensorFlow being imported when the file is known to hold one.

    Args:
        source: A checkpoint of PyTorch, safetensors or ncnn, or a Keras model.
        options: What the file does not say.

    Raises:
        CheckpointError: If the file cannot be read, holds an unknown network, or its
            tensors are not those of the network that it looks like.
        UsageError: If an option is for files of another kind.
    """
    if is_keras_file(source):
        return _of_keras(source, options)
    _refuse_options(
        **{
            "input-range": options.input_range,
            "output-range": options.output_range,
            "lambda": options.lambdas,
        }
    )
    checkpoint = read_checkpoint(source, options.key)
    try:
        plan = _planned(checkpoint.tensors, options)
        import_tensorflow()
        network = convert(plan, checkpoint.tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{source}: {error}") from error
    layout, container = checkpoint.layout, checkpoint.container
    return Found(network, plan.family, layout, container, plan.assumptions)


def _of_keras(source: Path, options: ImportOptions) -> Found:
    _refuse_options(key=options.key, statistics=options.own_statistics)
    import_tensorflow()
    model = read_keras_model(source, options.lambdas)
    try:
        network = as_generator(
            model, input_range=options.input_range, output_range=options.output_range
        )
    except CheckpointError as error:
        raise CheckpointError(f"{source}: {error}") from error
    assumptions = _assumed(options, network)
    return Found(network, KERAS_FAMILY, KERAS_LAYOUT, "", assumptions)


def _refuse_options(**values: Any) -> None:
    """Refuse options that are for files of the other kind, by their names."""
    for name, value in values.items():
        if value:
            of_keras = name in ("input-range", "output-range", "lambda")
            kind = "Keras models" if of_keras else "checkpoints of PyTorch"
            raise UsageError(f"--{name} is for {kind}. Leave it out")


def _planned(tensors: Tensors, options: ImportOptions) -> Plan:
    plan = detect(tensors)
    if options.own_statistics:
        return by_picture(plan)
    if normalizes_batches(plan):
        assumption = (
            "Batch normalisation runs by the statistics kept from training; "
            "--statistics picture takes each picture's own, as the test script of "
            "pix2pix does without --eval."
        )
        return replace(plan, assumptions=(*plan.assumptions, assumption))
    return plan


def _assumed(options: ImportOptions, network: Any) -> list[str]:
    """Return sentences about ranges that were guessed from layers."""
    named = {"input": options.input_range, "output": options.output_range}
    return [
        f"Values of the {side} are taken to lie in {list(own)}; --{side}-range says "
        "otherwise."
        for side, own in (
            ("input", network.input_range),
            ("output", network.output_range),
        )
        if named[side] is None
    ]
