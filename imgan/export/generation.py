"""A generator of noise as a SavedModel, with pictures out."""

import os
import shutil
from pathlib import Path

from imgan.bundles.bundle import load_network
from imgan.bundles.card import write_card
from imgan.bundles.drawing import check_generator
from imgan.bundles.drawing import drawing_function
from imgan.bundles.drawing import drawing_signature
from imgan.bundles.drawing import generation_card
from imgan.bundles.exports import EXTRA
from imgan.errors import OutputError
from imgan.runtime import import_tensorflow


def export_generation(bundle: Path, output: Path) -> Path:
    """Write a SavedModel that draws what the bundle draws, byte for byte.

    Signature `serving_default`: `latent` float32 `(batch, dim)` and, if the card has
    labels, `label` int32 `(batch,)`; returns `images` uint8 `(batch, height, width,
    channels)`. The card is in `assets.extra`.

    Args:
        bundle: Of a generator of noise.
        output: Folder of numbered versions, as TensorFlow Serving wants it; the next
            number is made.

    Returns:
        The folder of the version, which appears whole or not at all.

    Raises:
        CheckpointError: If the bundle cannot be used.
        UsageError: If it does not draw from noise.
        OutputError: If the folder cannot be written.
    """
    generation_card(bundle)
    tf = import_tensorflow()
    import keras

    network, card = load_network(bundle, "float32")
    check_generator(network, card)
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        "serving_default", drawing_function(network, card), drawing_signature(card)
    )
    temporary = output / f".{os.getpid()}.imgan-tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        output.mkdir(parents=True, exist_ok=True)
        archive.write_out(str(temporary), verbose=False)
        (temporary / EXTRA).mkdir()
        write_card(card, temporary / EXTRA)
        version = output / str(_next_version(output))
        temporary.rename(version)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise OutputError(f"Cannot write {output}: {reason}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return version


def _next_version(output: Path) -> int:
    names = [path.name for path in output.iterdir() if path.name.isdecimal()]
    return max(map(int, names), default=0) + 1
