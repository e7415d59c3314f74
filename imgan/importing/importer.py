"""A foreign file becomes a bundle with a card."""

import hashlib
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any

from imgan import __version__
from imgan import families
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import InferenceMode
from imgan.bundles.card import Origin
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.conversion import convert
from imgan.importing.detection import detect
from imgan.importing.likeness import LEAST_LIKENESS
from imgan.importing.likeness import likeness
from imgan.importing.parts import Tensors
from imgan.importing.plan import Plan
from imgan.importing.statistics import by_picture
from imgan.importing.statistics import normalizes_batches
from imgan.runtime import import_tensorflow

UNKNOWN_LICENCE = "unknown"
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
class Imported:
    """A bundle that was made.

    Attributes:
        folder: Of the bundle.
        card: As written.
        remarks: What the user should know: assumptions, doubts.
    """

    folder: Path
    card: Card
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """What a file holds."""

    network: Any
    family: str
    layout: str
    container: str = ""
    assumptions: Sequence[str] = ()


def import_checkpoint(
    source: Path, folder: Path, options: ImportOptions | None = None
) -> Imported:
    """Write the bundle of a network that another project saved.

    Args:
        source: A checkpoint of PyTorch, safetensors or ncnn, or a Keras model.
        folder: Of the bundle.
        options: What the file does not say.

    Raises:
        CheckpointError: If the file cannot be read, holds an unknown network, or its
            tensors are not those of the network that it looks like.
        OutputError: If there is something at `folder`.
        UsageError: If an option is for files of another kind.
    """
    options = options or ImportOptions()
    _check_output(folder, options.overwrite)
    found = _read(source, options)
    task = families.FAMILIES[found.family].task if found.family != KERAS_FAMILY else ""
    scale = int(found.network.get_config().get("scale", 1))
    enlarges = task == "super_resolution" or scale > 1
    card = Card(
        imgan_version=__version__,
        name=options.name or folder.name,
        description=f"Imported from {source.name}.",
        task="super_resolution" if enlarges else "translation",
        family=found.family,
        network=describe_network(found.network),
        scale=scale,
        licence=options.licence or UNKNOWN_LICENCE,
        attribution=options.attribution,
        origin=_origin(source, found, enlarges),
        **_of_network(found.network, enlarges),
    )
    card = save_bundle(found.network, card, folder)
    return Imported(folder, card, _remarks(card))


def _check_output(folder: Path, overwrite: bool) -> None:
    if folder.suffix.lower() in (".keras", ".h5", ".json"):
        raise UsageError(
            f"{folder} is a file's name, and a bundle is a folder. Give a name without "
            "a suffix"
        )
    if folder.exists() and not overwrite:
        raise OutputError(
            f"{folder} is there. Give another name, or --overwrite to replace it"
        )


def _read(source: Path, options: ImportOptions) -> _Found:
    from imgan.importing.keras2 import as_generator
    from imgan.importing.keras2 import is_keras_file
    from imgan.importing.keras2 import read_keras_model

    if is_keras_file(source):
        _refuse_options(key=options.key, statistics=options.own_statistics)
        import_tensorflow()
        network = as_generator(
            read_keras_model(source, options.lambdas),
            input_range=options.input_range,
            output_range=options.output_range,
        )
        assumptions = _assumed(options, network)
        return _Found(network, KERAS_FAMILY, KERAS_LAYOUT, "", assumptions)
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
    return _Found(network, plan.family, layout, container, plan.assumptions)


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


def _of_network(network: Any, enlarges: bool) -> dict[str, Any]:
    """Return what a card repeats of its network."""
    from imgan.bundles.reach import enlarging_reach
    from imgan.bundles.reach import translating_reach

    return {
        "input_channels": network.input_shape[-1],
        "output_channels": network.output_shape[-1],
        "input_range": network.input_range,
        "output_range": network.output_range,
        "size_multiple": network.size_multiple,
        "minimum_size": network.minimum_size,
        "inference_mode": InferenceMode(normalization=network.inference_normalization),
        **(enlarging_reach(network) if enlarges else translating_reach(network)),
    }


def _origin(source: Path, found: _Found, enlarges: bool) -> Origin:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Origin(
        file=source.name,
        sha256=digest,
        layout=found.layout,
        container=found.container,
        assumptions=list(found.assumptions),
        likeness=likeness(found.network) if enlarges else None,
    )


def _remarks(card: Card) -> tuple[str, ...]:
    if card.origin is None:
        return ()
    remarks = list(card.origin.assumptions)
    alike = card.origin.likeness
    if alike is not None and alike < LEAST_LIKENESS:
        remarks.append(
            f"Its results hardly resemble what they are made of ({alike:.1f} dB): look "
            "at one before you rely on it. Perhaps it was trained on other values or "
            "colours, or not to the end."
        )
    if card.licence == UNKNOWN_LICENCE:
        remarks.append(
            "The licence of the weights is unknown: ask who made them before you pass "
            "results on; --licence writes it into the card."
        )
    return tuple(remarks)
