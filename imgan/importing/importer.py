"""A foreign file becomes a bundle with a card."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgan import __version__
from imgan import families
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import CARD_NAME
from imgan.bundles.card import Card
from imgan.bundles.card import InferenceMode
from imgan.bundles.card import Origin
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.importing.likeness import LEAST_LIKENESS
from imgan.importing.likeness import likeness
from imgan.importing.network import KERAS_FAMILY
from imgan.importing.network import Found
from imgan.importing.network import ImportOptions
from imgan.importing.network import read_network
from imgan.io.digests import sha256_of

UNKNOWN_LICENCE = "unknown"


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
    found = read_network(source, options)
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
    try:
        card = save_bundle(found.network, card, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    return Imported(folder, card, _remarks(card))


_SUFFIXES = (".keras", ".h5", ".json", ".pth", ".pt", ".safetensors", ".param", ".bin")
"""Of files, one of which a user may mean to write."""


def _check_output(folder: Path, overwrite: bool) -> None:
    """Fail before the work if the bundle could not be written after it."""
    if not folder.name:
        raise UsageError(f"{folder} has no name. Give that of a new folder")
    if folder.suffix.lower() in _SUFFIXES:
        raise UsageError(
            f"{folder} is a file's name, and a bundle is a folder. Give a name without "
            "a suffix"
        )
    if (folder / CARD_NAME).is_file():
        if not overwrite:
            raise OutputError(
                f"{folder} is there. Give another name, or --overwrite to replace it"
            )
    elif folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputError(
            f"{folder} is there and is not a bundle, so it is not replaced. Give the "
            "name of a new folder"
        )
    above = next(path for path in folder.absolute().parents if path.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise OutputError(
            f"{folder} cannot be made: {above} is no folder that can be written to"
        )


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


def _origin(source: Path, found: Found, enlarges: bool) -> Origin:
    return Origin(
        file=source.name,
        sha256=sha256_of(source),
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
