"""A loss between spectra of images."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="imgan")
class FocalFrequencyLoss(keras.losses.Loss):
    """Squared difference of spectra, weighted towards frequencies that are hard.

    Equations 4 to 8 of [Jiang et al., 2021](https://arxiv.org/abs/2012.12821) on whole
    images: an orthonormal 2-D Fourier transform of each channel, and for each frequency
    the squared distance on the complex plane times `|difference|**alpha`. That weight
    is divided by its maximum in the image, over all frequencies and channels (the
    authors' code divides each channel by its own); no gradient passes through it.

    As the transform keeps sums of squares, the loss is at most the mean squared
    difference of the pixels, which it is for `alpha=0`. Both arguments are
    `(batch, height, width, channels)`; computed in float32.

    Args:
        alpha: How much more weight the frequencies have that differ most.
    """

    def __init__(
        self, alpha: float = 1.0, name: str = "focal_frequency", **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype="float32", **kwargs)
        self.alpha = alpha

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over frequencies and channels of each image, `(batch,)`."""
        # The transform is linear: one of the difference instead of two. It wants the
        # two axes last.
        difference = ops.transpose(y_true - y_pred, (0, 3, 1, 2))
        real, imaginary = ops.fft2((difference, ops.zeros_like(difference)))
        area = ops.cast(ops.prod(ops.shape(difference)[2:]), "float32")
        squared = (ops.square(real) + ops.square(imaginary)) / area
        return ops.mean(self._weight(squared) * squared, axis=(1, 2, 3))

    def _weight(self, squared: Any) -> Any:
        squared = ops.stop_gradient(squared)
        largest = ops.max(squared, axis=(1, 2, 3), keepdims=True)
        # Equal images have no largest difference.
        ratio = squared / ops.maximum(largest, keras.config.epsilon() ** 2)
        return ops.power(ratio, self.alpha / 2.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}
