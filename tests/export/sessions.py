"""Exports as TensorFlow Serving loads them: by the session loader, in graph mode."""

import warnings
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from imgan.types import Array

Call = Callable[..., dict[str, Array]]
"""From the name of a signature, and its inputs by name, to its outputs by name."""


def load_session(folder: Path) -> Call:
    """Return the signatures of a SavedModel in a session of their own graph."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(folder))

    def call(signature: str, /, **inputs: Array) -> dict[str, Array]:
        described = meta.signature_def[signature]
        names = {key: tensor.name for key, tensor in described.outputs.items()}
        feed = {described.inputs[key].name: value for key, value in inputs.items()}
        return session.run(names, feed)

    return call


def load_eager(folder: Path) -> Call:
    """Return the signatures of a SavedModel as `tf.saved_model.load` gives them."""
    loaded = tf.saved_model.load(str(folder))

    def call(signature: str, /, **inputs: Array) -> dict[str, Array]:
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        made = loaded.signatures[signature](**tensors)
        return {name: value.numpy() for name, value in made.items()}

    return call
