"""A bundle as a SavedModel: everything a server needs, in a folder with a number."""

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.card import ExportSpec
from imgan.bundles.card import write_card
from imgan.bundles.drawing import check_generator
from imgan.bundles.drawing import generation_card
from imgan.bundles.exports import CARD
from imgan.bundles.exports import EXTRA
from imgan.bundles.exports import SAVED_MODEL
from imgan.bundles.exports import next_version
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.export.generation import generation_signatures
from imgan.export.parity import check_parity
from imgan.export.pictures import picture_signatures
from imgan.export.warmup import write_warmup
from imgan.io.digests import sha256_of
from imgan.io.temporaries import discard_temporary
from imgan.io.temporaries import make_temporary_folder
from imgan.io.temporaries import remove_stale_folders
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow

LABELS_NAME = "labels.txt"
PRECISIONS = ("float32", "bfloat16", "float16")

# Protocol buffers end there, and graph and weights are one.
_MOST_BYTES = 2**31 - 1
_BYTES_PER_WEIGHT = 4


@dataclass(frozen=True)
class SavedModel:
    """An export as written."""

    folder: Path
    """Of the version, such as `served/1`."""
    signatures: tuple[str, ...]
    lines: tuple[str, ...]
    """What the user should know: how near it is to the bundle, what it lacks."""


def export_saved_model(
    bundle: Path, output: Path, *, precision: str = "float32"
) -> SavedModel:
    """Write a SavedModel that makes what the bundle makes.

    Its signatures are those of `picture_signatures` or `generation_signatures`, and
    `card`. In `assets.extra` lie the card, `labels.txt` where there are labels, and
    requests by which TensorFlow Serving warms up. Weights are constants of the graph.

    Args:
        bundle: A bundle, not an export.
        output: Folder of numbered versions, as TensorFlow Serving wants it; the next
            number is made.
        precision: float32, bfloat16 or float16, of the hidden layers.

    Returns:
        What was written, whole or not at all.

    Raises:
        CheckpointError: If the bundle cannot be used, or the export would not compute
            what the bundle does.
        UsageError: If the network cannot be exported like this.
        OutputError: If the folder cannot be written.
    """
    if precision not in PRECISIONS:
        raise UsageError(
            f"--precision must be one of {', '.join(PRECISIONS)} for a SavedModel. "
            f"Received: {precision}. int8 is for --format litert --calibrate DIR"
        )
    tf = import_tensorflow()
    network, card = load_network(bundle, precision)
    functions = _signatures(bundle, network, card)
    spec = ExportSpec(precision=precision, signatures=sorted([*functions, CARD]))
    card = card.model_copy(update={"export": spec})
    functions[CARD] = _card_function(tf, card)
    temporary = None
    try:
        remove_stale_folders(output)
        temporary = make_temporary_folder(output, "export")
        _save(tf, functions, temporary)
        # TensorFlow's remapper says on the terminal that it gives up on U-Nets.
        with hold_stderr():
            lines = check_parity(temporary, network, card)
        lines += _write_extra(temporary, card)
        version = _name_version(temporary, output)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise OutputError(f"Cannot write {output}: {reason}") from error
    finally:
        if temporary is not None:
            discard_temporary(temporary)
    return SavedModel(version, tuple(spec.signatures), tuple(lines))


def _name_version(temporary: Path, output: Path) -> Path:
    """Give an export the next number, whoever else gives numbers there."""
    while True:
        version = output / str(next_version(output))
        try:
            return temporary.rename(version)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def _signatures(bundle: Path, network: Any, card: Card) -> dict[str, Any]:
    size = card.network.parameters * _BYTES_PER_WEIGHT
    if size > _MOST_BYTES:
        raise UsageError(
            f"Model {card.name!r} has {size / 1e9:.1f} GB of weights, and a SavedModel "
            "holds up to 2.1 GB. Train a smaller network"
        )
    if card.task == "generation":
        check_generator(network, generation_card(bundle))
        return generation_signatures(network, card)
    if card.inference_mode.normalization == "batch":
        raise UsageError(
            f"Model {card.name!r} normalises by statistics of the batch, so a result "
            "would depend on what a server merges with it. Save it with stored ones"
        )
    return picture_signatures(network, card)


def _card_function(tf: Any, card: Card) -> Any:
    text = card.model_dump_json()

    def answer(query: Any) -> dict[str, Any]:
        return {"card": tf.fill(tf.shape(query), text)}

    # A request without inputs could not be merged with others, so there is a mute one.
    spec = tf.TensorSpec((None,), tf.string, name="query")
    return tf.function(answer, autograph=False, input_signature=[spec])


def _save(tf: Any, functions: dict[str, Any], folder: Path) -> None:
    module = tf.Module()
    # Held, or the functions would be collected before they are saved.
    module.functions = functions
    # Nobody trains an export, and gradients of activations may hold foreign tensors.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with hold_stderr():
        tf.saved_model.save(module, str(folder), functions, options)


def _write_extra(folder: Path, card: Card) -> list[str]:
    """Write what TensorFlow Serving and imgan find beside the graph."""
    extra = folder / EXTRA
    extra.mkdir()
    if card.export is None:
        raise ValueError("card must be that of an export")
    files = {SAVED_MODEL: sha256_of(folder / SAVED_MODEL)}
    spec = card.export.model_copy(update={"files": files})
    write_card(card.model_copy(update={"export": spec}), extra)
    if card.labels is not None:
        text = "".join(f"{label}\n" for label in card.labels)
        (extra / LABELS_NAME).write_text(text, encoding="utf-8")
    return write_warmup(folder, card)
