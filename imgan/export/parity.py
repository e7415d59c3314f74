"""Whether an export computes what its bundle does, before it gets its name."""

from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.drawing import drawing_function
from imgan.bundles.exports import FLOAT
from imgan.bundles.exports import SERVING
from imgan.bundles.grid import padded_length
from imgan.errors import CheckpointError
from imgan.runtime import import_tensorflow
from imgan.types import Array

TOLERANCE = 1e-4
"""In float32, of the output's range. Other orders of sums cost about 1e-6."""

_LEVEL = 1 / 255
_SIDES = (40, 52)
_DRAWN = 8


def check_parity(folder: Path, network: Any, card: Card) -> list[str]:
    """Compare a SavedModel with the Keras network that it was made of.

    Args:
        folder: The SavedModel.
        network: `keras.Model` in the export's precision.
        card: Of the export.

    Returns:
        How near they are, in lines for the user.

    Raises:
        CheckpointError: If they differ by more than rounding.
    """
    tf = import_tensorflow()
    precision = card.export.precision if card.export else "float32"
    exact = network.variant(dtype="float32") if precision != "float32" else network
    signatures = tf.saved_model.load(str(folder)).signatures
    compare = _drawings if card.task == "generation" else _pictures
    made, expected, span = compare(signatures, exact, card)
    difference = np.abs(np.asarray(made, np.float64) - expected) / span
    largest = float(difference.max())
    limit = TOLERANCE if precision == "float32" else 1.0
    if not largest <= limit:
        raise CheckpointError(
            f"The export of {card.name!r} must compute what its bundle does. Received: "
            f"values that differ by up to {largest:.2g} of their range in {precision}. "
            "Use --precision float32, or report it with imgan info"
        )
    if precision == "float32":
        apart = f"at most {largest:.1g} of the range apart" if largest else "equal"
        return [f"parity with the bundle: {apart}"]
    share = 100 * float((difference <= _LEVEL * (1 + 1e-3)).mean())
    return [
        f"parity of {precision} with float32: {share:.2f} % of the values within one "
        f"level of 255, at most {largest * 255:.2g} levels apart"
    ]


def _pictures(signatures: Any, network: Any, card: Card) -> tuple[Array, Array, float]:
    # No more than a tile: blended tiles rightly differ from the whole picture.
    sides = [
        padded_length(min(side, card.tile), card.size_multiple, card.minimum_size)
        for side in _SIDES
    ]
    images = network.self_check_inputs((sides[0], sides[1]))
    rng = np.random.default_rng(0)
    low, high = card.input_range
    noise = rng.uniform(-0.1, 0.1, images.shape) * (high - low)
    images = np.clip(images + noise, low, high).astype(np.float32)
    made = signatures[FLOAT](images=images)["images"]
    expected = np.asarray(network(images, training=False), np.float64)
    return made, expected, card.output_range[1] - card.output_range[0]


def _drawings(signatures: Any, network: Any, card: Card) -> tuple[Array, Array, float]:
    tf = import_tensorflow()
    dim = card.latent.dim if card.latent else 1
    latent = np.random.default_rng(0).uniform(-1, 1, (_DRAWN, dim)).astype(np.float32)
    inputs = {"latent": tf.constant(latent)}
    if card.labels is not None:
        inputs["label"] = tf.range(_DRAWN, dtype=tf.int32) % len(card.labels)
    made = signatures[SERVING](**inputs)["images"]
    expected = drawing_function(network, card)(**inputs)["images"]
    return made, np.asarray(expected, np.float64), 255.0
