"""Features of pictures by Inception V3, for Fréchet and kernel distances."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from imgan.errors import CheckpointError
from imgan.metrics.distances import as_unit_float
from imgan.types import Array

NOTE = (
    "Scores in Inception features compare only within imgan, with the same weights "
    "file and the same number of pictures: other tools use other weights and resize "
    "pictures in other ways."
)
"""What stands beside every score that was taken with these features."""

_SIDE = 299


class InceptionFeatures:
    """Global averages of the last layer of Inception V3, 2,048 features per picture.

    Pictures are resized to 299x299 by antialiased bilinear interpolation, in float32
    and without rounding, and handed over in `[-1, 1]`; grey is replicated.

    Attributes:
        name: Of the feature space, for reports.
    """

    name = "inception_v3"

    def __init__(self, network: Any) -> None:
        self._network = network

    def extract(self, images: Array, batch: int = 32) -> NDArray[np.float32]:
        """Return `(samples, 2048)` float32.

        Args:
            images: `(samples, height, width, 1 or 3)`, uint8, or float in `[0, 1]`.
            batch: Pictures at once; changes the memory it takes, not what comes out.
        """
        if images.ndim != 4 or images.shape[-1] not in (1, 3):
            raise ValueError(
                "images must be (samples, height, width, 1 or 3). "
                f"Received shape: {images.shape}"
            )
        features = np.empty((len(images), self._network.output_shape[-1]), np.float32)
        for first in range(0, len(images), batch):
            part = as_unit_float(images[first : first + batch]).astype(np.float32)
            resized = keras.ops.image.resize(
                np.repeat(part, 3 // part.shape[-1], axis=-1),
                (_SIDE, _SIDE),
                interpolation="bilinear",
                antialias=True,
                data_format="channels_last",
            )
            outputs = self._network.predict_on_batch(resized * 2.0 - 1.0)
            features[first : first + len(part)] = outputs
        return features


def load_inception(weights: Path) -> InceptionFeatures:
    """Build Inception V3 without its last layer and read its weights from a file.

    Nothing is ever downloaded. The file is the one that Keras Applications publishes as
    `inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5`, or any `.weights.h5` of
    the same network.

    Raises:
        CheckpointError: If the file is absent or holds no weights of this network.
    """
    weights = Path(weights)
    if not weights.is_file():
        raise CheckpointError(
            f"{weights} is no file. Expected weights of Keras' Inception V3 without "
            "its top (…_notop.h5); imgan does not download them."
        )
    with _float32():
        network = keras.applications.InceptionV3(
            include_top=False,
            pooling="avg",
            weights=None,
            input_shape=(_SIDE, _SIDE, 3),
        )
    network.trainable = False
    try:
        with warnings.catch_warnings():
            # Keras only warns about layers that a file leaves at their random start.
            warnings.simplefilter("error", UserWarning)
            network.load_weights(str(weights))
    # What h5py and Keras raise for files that are something else.
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        UserWarning,
    ) as error:
        raise CheckpointError(
            f"{weights} holds no weights of Keras' Inception V3 without its top: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
    network.compile(jit_compile=False)
    return InceptionFeatures(network)


@contextmanager
def _float32() -> Iterator[None]:
    # Keras Applications take no dtype and follow the global policy.
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
