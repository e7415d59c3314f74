"""The network inside an exported SavedModel, for the engines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from imgan.bundles.exports import NETWORK
from imgan.errors import CheckpointError
from imgan.errors import first_line
from imgan.runtime import import_tensorflow


def load_exported(folder: Path) -> Callable[..., Any]:
    """Return the network of an export, called like a Keras one; no class is needed.

    Raises:
        CheckpointError: If the SavedModel is damaged, or not one of pictures.
    """
    tf = import_tensorflow()
    try:
        loaded = tf.saved_model.load(str(folder))
        function = loaded.signatures[NETWORK]
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise CheckpointError(
            f"{folder} cannot be loaded: {first_line(error)}"
        ) from error

    def network(images: Any, training: bool = False) -> Any:
        return function(images=images)["images"]

    return network
