"""Requests that TensorFlow Serving computes when it loads a model.

A graph is optimised at its first call, and a client should not wait for that.
"""

from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.exports import CARD
from imgan.bundles.exports import ENCODED
from imgan.bundles.exports import EXTRA
from imgan.bundles.exports import FLOAT
from imgan.bundles.exports import NETWORK
from imgan.bundles.exports import SEED
from imgan.bundles.exports import SERVING
from imgan.bundles.grid import padded_length
from imgan.bundles.kinds import reads_bands
from imgan.errors import MissingExtraError
from imgan.runtime import import_tensorflow
from imgan.types import Array

WARMUP_NAME = "tf_serving_warmup_requests"
"""Where TensorFlow Serving looks, in `assets.extra`."""

_SIDE = 64


def write_warmup(folder: Path, card: Card) -> list[str]:
    """Write a request for each signature of an export, as records of `PredictionLog`.

    Args:
        folder: The SavedModel, with its `assets.extra`.
        card: Its card.

    Returns:
        What the user should know: nothing, or that the extra is missing.
    """
    tf = import_tensorflow()
    try:
        from tensorflow_serving.apis import prediction_log_pb2
    except ImportError:
        return [str(MissingExtraError("Writing warm-up requests", "serving"))]
    with tf.io.TFRecordWriter(str(folder / EXTRA / WARMUP_NAME)) as file:
        for signature, inputs in warmup_inputs(card).items():
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = card.name
            request.model_spec.signature_name = signature
            for name, values in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
            file.write(log.SerializeToString())
    return []


def warmup_inputs(card: Card) -> dict[str, dict[str, Array]]:
    """Return a batch of one for each signature of an export."""
    inputs = _noise(card) if card.task == "generation" else _pictures(card)
    inputs[CARD] = {"query": np.array([b""])}
    wanted = card.export.signatures if card.export else list(inputs)
    return {name: inputs[name] for name in wanted}


def _noise(card: Card) -> dict[str, dict[str, Array]]:
    dim = card.latent.dim if card.latent else 1
    seed: dict[str, Array] = {"seed": np.zeros(1, np.int64)}
    latent: dict[str, Array] = {"latent": np.zeros((1, dim), np.float32)}
    if card.labels is not None:
        seed["label"] = latent["label"] = np.zeros(1, np.int32)
    return {SERVING: latent, SEED: seed, ENCODED: seed}


def _pictures(card: Card) -> dict[str, dict[str, Array]]:
    side = padded_length(_SIDE, card.size_multiple, card.minimum_size)
    shape = (1, side, side, card.input_channels or 1)
    floats = np.zeros(shape, np.float32)
    pixels = floats if reads_bands(card) else np.zeros(shape, np.uint8)
    return {
        SERVING: {"images": pixels},
        FLOAT: {"images": floats},
        NETWORK: {"images": floats},
        ENCODED: {"image_bytes": np.array([_encoded(pixels[0])], object)},
    }


def _encoded(pixels: Array) -> bytes:
    if pixels.dtype != np.uint8 or pixels.shape[2] not in (1, 3):
        return b""
    tf: Any = import_tensorflow()
    encoded: bytes = tf.io.encode_png(pixels).numpy()
    return encoded
