"""Whether an export computes what its bundle does, before it gets its name."""

from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.drawing import drawing_function
from imgan.bundles.exports import NETWORK
from imgan.bundles.exports import SERVING
from imgan.errors import CheckpointError
from imgan.export.agreement import TOLERANCES
from imgan.export.tensors import PortableNetwork
from imgan.runtime import import_tensorflow
from imgan.types import Array

_LEVEL = 1 / 255
_MOST_ON_AVERAGE = 0.05
"""Of the range, that fewer bits may change: as with int8, beyond it nothing is left."""


def check_parity(folder: Path, network: Any, card: Card) -> list[str]:
    """Compare a SavedModel with the Keras network that it was made of.

    Args:
        folder: The SavedModel.
        network: `keras.Model` in the export's precision.
        card: Of the export.

    Returns:
        How near they are, in lines for the user.

    Raises:
        CheckpointError: If they differ by more than rounding: in float32 anywhere, in
            fewer bits, where single values may be far apart, on average.
    """
    tf = import_tensorflow()
    precision = card.export.precision if card.export else "float32"
    exact = network.variant(dtype="float32") if precision != "float32" else network
    signatures = tf.saved_model.load(str(folder)).signatures
    compare = _drawings if card.task == "generation" else _pictures
    made, expected, span = compare(signatures, PortableNetwork(exact, card))
    difference = np.abs(np.asarray(made, np.float64) - expected) / span
    largest, mean = float(difference.max()), float(difference.mean())
    near = mean <= _MOST_ON_AVERAGE
    if precision == "float32":
        near = largest <= TOLERANCES["float32"]
    if not near:
        raise CheckpointError(
            f"The export of {card.name!r} must compute what its bundle does. Received: "
            f"values that differ by up to {largest:.2g} of their range in {precision}, "
            f"{mean:.2g} on average. Use --precision float32, or report it with imgan "
            "info"
        )
    if precision == "float32":
        apart = f"at most {largest:.1g} of the range apart" if largest else "equal"
        return [f"parity with the bundle: {apart}"]
    share = 100 * float((difference <= _LEVEL * (1 + 1e-3)).mean())
    return [
        f"parity of {precision} with float32: {share:.2f} % of the values within one "
        f"level of 255, at most {largest * 255:.2g} levels apart"
    ]


def _pictures(signatures: Any, portable: PortableNetwork) -> tuple[Array, Array, float]:
    # The bare network: blended tiles rightly differ from the whole picture.
    feed = portable.examples()[0]
    made = signatures[NETWORK](images=import_tensorflow().constant(feed["images"]))[
        "images"
    ]
    return made, portable.compute(feed), portable.span


def _drawings(signatures: Any, portable: PortableNetwork) -> tuple[Array, Array, float]:
    tf = import_tensorflow()
    feed = portable.examples()[0]
    inputs = {name: tf.constant(values) for name, values in feed.items()}
    made = signatures[SERVING](**inputs)["images"]
    expected = drawing_function(portable.network, portable.card)(**inputs)["images"]
    return made, np.asarray(expected, np.float64), 255.0
