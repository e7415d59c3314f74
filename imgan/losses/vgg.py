"""Features of VGG19, before or after the ReLU."""

import contextlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Self

import keras

from imgan.errors import CheckpointError
from imgan.errors import ConfigError
from imgan.errors import did_you_mean
from imgan.errors import first_line
from imgan.io.digests import sha256_of

# What `keras.applications.VGG19` reads itself, and into the same cache; by hand because
# the card of a model names the file and its sum.
_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
_MD5 = "253f8cb515780f3b799900260a226db6"

_KEY = "training.perceptual.weights"

CONVOLUTIONS = tuple(
    f"block{block}_conv{index}"
    for block, count in enumerate((2, 2, 4, 4, 4), start=1)
    for index in range(1, count + 1)
)
"""Names of the layers whose features can be had."""


@keras.saving.register_keras_serializable(package="imgan")
class VGG19Features(keras.Model):
    """Frozen convolutions of VGG19, as far as the last one that is asked for.

    [Simonyan and Zisserman, 2014](https://arxiv.org/abs/1409.1556), configuration E, as
    Keras ships it. Always float32.

    Args:
        layers: Some of `CONVOLUTIONS`; their features come out in this order.
        weights: `"imagenet"` downloads Keras' own file, once; a path names a local one
            of VGG19 without its top, `.h5` or `.weights.h5`; None leaves it random.
        before_activation: Return what goes into the ReLU of these layers instead of
            what comes out of it. Later layers see the ReLU's output in any case.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, 3)` float32 as
            `keras.applications.vgg19.preprocess_input` returns them.

    Returns:
        A list of float32 maps, one for each layer.

    Attributes:
        layer_names: Of the layers, in the order of their features.
        smallest_side: Of images that leave a feature in every layer.
        weights_file: The file read; None with random weights.

    Raises:
        CheckpointError: If the weights are not there or belong to something else.
        ConfigError: If there is no layer of such a name.
    """

    def __init__(
        self,
        layers: Sequence[str],
        weights: str | Path | None = "imagenet",
        before_activation: bool = True,
        name: str = "vgg19_features",
    ) -> None:
        _check_names(layers)
        file = None if weights is None else _weights_file(str(weights))
        images, features = _graph(_vgg19(file), layers, before_activation)
        super().__init__(inputs=images, outputs=features, name=name)
        self.trainable = False
        self.weights_file = file
        self.layer_names = list(layers)
        # A pool that halves the sides ends every block.
        self.smallest_side = max(2 ** (int(layer[5]) - 1) for layer in layers)
        self._arguments = {
            "layers": list(layers),
            "weights": None if weights is None else str(weights),
            "before_activation": before_activation,
            "name": name,
        }

    def provenance(self) -> dict[str, Any]:
        """Return what a model card says of these features: layers, file and sum."""
        file = self.weights_file
        return {
            "network": "vgg19",
            "layers": list(self.layer_names),
            "before_activation": self._arguments["before_activation"],
            "weights": file.name if file else "random",
            "weights_sha256": sha256_of(file) if file else None,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments: the weights by their file's name."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Build it from what `get_config` returned; reads the file again."""
        return cls(**config)


def _graph(vgg19: Any, names: Sequence[str], before: bool) -> tuple[Any, list[Any]]:
    """Rebuild VGG19 in float32 up to the last of some layers."""
    x = images = keras.Input((None, None, 3), dtype="float32")
    features: dict[str, Any] = {}
    for layer in vgg19.layers[1:]:
        config = {**layer.get_config(), "dtype": "float32"}
        if linear := before and layer.name in names:
            config["activation"] = "linear"
        twin = type(layer).from_config(config)
        x = twin(x)
        twin.set_weights(layer.get_weights())
        if layer.name in names:
            features[layer.name] = x
        if set(features) == set(names):
            break
        if linear:
            x = keras.layers.ReLU(dtype="float32", name=f"{layer.name}_relu")(x)
    return images, [features[name] for name in names]


def _vgg19(file: Path | None) -> Any:
    network = keras.applications.VGG19(include_top=False, weights=None)
    if file is None:
        return network
    try:
        with warnings.catch_warnings():
            # Keras only warns about layers that a file leaves at their random start.
            warnings.simplefilter("error", UserWarning)
            network.load_weights(str(file))
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
            f"{file} holds no weights of VGG19 without its top: "
            f"{first_line(error).rstrip('.')}. "
            f"{_KEY} must be 'imagenet' or a copy of Keras' file, {_URL}"
        ) from error
    return network


def _weights_file(weights: str) -> Path:
    if weights == "imagenet":
        return _downloaded()
    file = Path(weights).expanduser()
    if not file.is_file():
        raise CheckpointError(
            f"{file} is no file. {_KEY} must be 'imagenet' or a file of VGG19 without "
            f"its top in Keras' format, such as {_URL}"
        )
    if file.suffix != ".h5":
        raise CheckpointError(
            f"{file} must end in .h5, Keras' format of weights. {_KEY} must be "
            f"'imagenet' or a copy of {_URL}"
        )
    return file


def _downloaded() -> Path:
    try:
        # Keras shows a bar of its own on stdout, which is for results.
        with contextlib.redirect_stdout(io.StringIO()):
            path = keras.utils.get_file(
                _FILE, _URL, cache_subdir="models", file_hash=_MD5
            )
    # Keras raises a bare Exception for a server that cannot be reached.
    except Exception as error:
        raise CheckpointError(
            f"VGG19's weights could not be had from {_URL}: "
            f"{first_line(error).rstrip('.')}. "
            f"Download the file elsewhere and name it in {_KEY}, or leave "
            "training.perceptual out and take terms that need no weights: "
            "training.feature_matching, training.frequency, training.artifacts"
        ) from error
    return Path(path)


def _check_names(layers: Sequence[str]) -> None:
    if not layers:
        raise ConfigError("training.perceptual.layers must name at least one layer")
    for name in layers:
        if name not in CONVOLUTIONS:
            raise ConfigError(
                f"training.perceptual.layers: VGG19 has no convolution {name!r}."
                f"{did_you_mean(name, CONVOLUTIONS)} Known: {', '.join(CONVOLUTIONS)}"
            )
