"""A loss between features of images in a frozen network."""

from collections.abc import Mapping
from typing import Any
from typing import Self

import keras
from keras import ops

from imgan.losses.base import listed
from imgan.losses.vgg import VGG19Features
from imgan.types import ValueRange

CRITERIA = ("l1", "l2")
"""How features are compared."""

# Means of ImageNet's blue, green and red, as VGG was trained with.
_MEANS = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable(package="imgan")
class PerceptualLoss(keras.losses.Loss):
    """Weighted sum of distances between the features of an output and of its target.

    SRGAN ([Ledig et al., 2017](https://arxiv.org/abs/1609.04802), section 2.2.1): L2
    after the ReLU, features times 1 / 12.75. ESRGAN
    ([Wang et al., 2018](https://arxiv.org/abs/1809.00219), section 3.3): L1 before it.

    Images go through the preprocessing of Keras' VGG19, exactly: 0 to 255, blue first,
    ImageNet's means subtracted. Grey images are repeated to three channels. A distance
    is the mean over a layer's positions and channels. The gradient reaches the output
    only; computed in float32 under any precision.

    Args:
        features: Returns a list of feature maps and names their layers.
        layer_weights: One factor for each of its layers, by name.
        criterion: `"l1"`, absolute, or `"l2"`, squared difference.
        feature_scale: What features are multiplied with before they are compared.
        value_range: That of the images. Values outside are not clipped.

    Call arguments:
        y_true: `(batch, height, width, 1 or 3)`.
        y_pred: The same shape.
    """

    def __init__(
        self,
        features: VGG19Features,
        layer_weights: Mapping[str, float],
        criterion: str = "l1",
        feature_scale: float = 1.0,
        value_range: ValueRange = (0.0, 1.0),
        name: str = "perceptual",
        **kwargs: Any,
    ) -> None:
        if criterion not in CRITERIA:
            raise ValueError(
                f"`criterion` must be 'l1' or 'l2'. Received: {criterion!r}"
            )
        if set(layer_weights) != set(features.layer_names):
            raise ValueError(
                f"`layer_weights` must name the layers {features.layer_names}. "
                f"Received: {list(layer_weights)}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.features = features
        self.layer_weights = dict(layer_weights)
        self.criterion = criterion
        self.feature_scale = feature_scale
        self.value_range = (float(value_range[0]), float(value_range[1]))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the distance of each image, `(batch,)`."""
        true = self.features(self.preprocess(y_true), training=False)
        pred = self.features(self.preprocess(y_pred), training=False)
        names = self.features.layer_names
        # Keras returns a single feature without a list around it.
        pairs = zip(names, listed(true), listed(pred), strict=True)
        return sum(
            self.layer_weights[name] * self._distance(ops.stop_gradient(real), fake)
            for name, real, fake in pairs
        )

    def preprocess(self, images: Any) -> Any:
        """Return float32 images as VGG19 expects them, from `value_range`."""
        channels = images.shape[-1]
        if channels not in (1, 3):
            raise ValueError(
                "Perceptual losses need images of 1 or 3 channels. "
                f"Received shape: {tuple(images.shape)}"
            )
        smallest = self.features.smallest_side
        if any(side is not None and side < smallest for side in images.shape[1:3]):
            raise ValueError(
                f"Images must have sides of at least {smallest} for the deepest layer "
                f"of the perceptual loss. Received shape: {tuple(images.shape)}"
            )
        low, high = self.value_range
        levels = (ops.cast(images, "float32") - low) * (255.0 / (high - low))
        if channels == 1:
            levels = ops.repeat(levels, 3, axis=-1)
        return ops.flip(levels, axis=-1) - ops.convert_to_tensor(_MEANS, "float32")

    def _distance(self, real: Any, fake: Any) -> Any:
        difference = (fake - real) * self.feature_scale
        power = ops.abs if self.criterion == "l1" else ops.square
        return ops.mean(power(difference), axis=(1, 2, 3))

    def provenance(self) -> dict[str, Any]:
        """Return what a model card says of the loss: layers, weights file, form."""
        return {
            **self.features.provenance(),
            "layer_weights": self.layer_weights,
            "criterion": self.criterion,
            "feature_scale": self.feature_scale,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the features by how they were built."""
        return {
            **super().get_config(),
            "features": keras.saving.serialize_keras_object(self.features),
            "layer_weights": self.layer_weights,
            "criterion": self.criterion,
            "feature_scale": self.feature_scale,
            "value_range": list(self.value_range),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Build it from what `get_config` returned; reads the weights again."""
        features = keras.saving.deserialize_keras_object(config["features"])
        return cls(**{**config, "features": features})
