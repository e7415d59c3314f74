"""Models saved by Keras 2, with layers of tensorflow-addons, become Keras 3 models."""

from imgan.importing.keras2.files import is_keras_file
from imgan.importing.keras2.generator import as_generator
from imgan.importing.keras2.model import read_keras_model

__all__ = ["as_generator", "is_keras_file", "read_keras_model"]
