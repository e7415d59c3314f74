"""A loss on the texture of places that does not ask where its details lie."""

import itertools
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

# Two cells of depth-to-space at scale 4; also the blocks of JPEG.
_SIDE = 8
_GREY_MIXTURES = 32
_COLOR_MIXTURES = 16


@keras.saving.register_keras_serializable(package="imgan")
class SlicedWassersteinLoss(keras.losses.Loss):
    """Distance of the distributions of 8x8 patches, square by square.

    The sliced Wasserstein loss of [Heitz et al.,
    2021](https://arxiv.org/abs/2006.07229), section 4, on patches of pixels in the
    place of features of VGG, as in [Elnekave and Weiss,
    2022](https://arxiv.org/abs/2203.12902), section 3.2. What blur has taken cannot be
    put back pixel by pixel, but a place that had leaves has leaves again: patches of a
    square are projected on directions, and the sorted projections of output and truth
    are compared. Any order of the same patches costs nothing.

    Directions are fixed: the 63 waves of a cosine transform on the mean of the
    channels, 32 random mixtures of them, and where there are several channels 16
    mixtures on differences of these. Each wave counts by its frequency, as natural
    images have less of what is finer. Without that a chessboard pays: it spreads every
    projection at the price of one frequency alone.

    Patches lie `step` pixels apart, which should be a multiple of a cell of
    depth-to-space. Each direction begins at a place of its own within that step, so
    that a pattern which repeats with the cells is not taken for variety.

    Both arguments are `(batch, height, width, channels)` with sides of at least
    `7 + step` between the margins; computed in float32.

    Args:
        window: Side of the squares in pixels; what is left over at the end of a side
            does not count.
        step: Pixels from one patch to the next.
        margin: Pixels at borders that do not count, where a network may see that other
            losses do not look; at most a quarter of each side.
    """

    def __init__(
        self,
        window: int = 52,
        step: int = 4,
        margin: int = 8,
        name: str = "sliced_wasserstein",
        **kwargs: Any,
    ) -> None:
        if step < 1 or window < step or margin < 0:
            raise ValueError(
                "`step` must be at least 1, `window` at least `step`, and `margin` at "
                f"least 0. Received: step={step}, window={window} and margin={margin}"
            )
        super().__init__(name=name, dtype="float32", **kwargs)
        self.window, self.step, self.margin = window, step, margin

    @property
    def smallest_side(self) -> int:
        """The least side in pixels of images in which a patch has room at any place."""
        need = _SIDE + self.step - 1
        return next(
            side
            for side in itertools.count(need)
            if side - 2 * min(self.margin, side // 4) >= need
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the mean over squares and directions of each image, `(batch,)`."""
        distances = ops.abs(self._sorted(y_pred) - self._sorted(y_true))
        return ops.mean(distances, axis=(1, 2))

    def _sorted(self, images: Any) -> Any:
        """Return projections, `(batch, squares and directions, patches)`, in order."""
        _, height, width, channels = ops.shape(images)
        top, left = (ops.minimum(self.margin, side // 4) for side in (height, width))
        inner = images[:, top : height - top, left : width - left]
        kernels = _directions(channels, self.step)
        found = ops.conv(inner, kernels, self.step, data_format="channels_last")
        count = self.window // self.step
        _, rows, columns, directions = ops.shape(found)
        high, wide = ops.minimum(count, rows), ops.minimum(count, columns)
        down, across = rows // high, columns // wide
        found = found[:, : down * high, : across * wide]
        squares = ops.reshape(found, (-1, down, high, across, wide, directions))
        squares = ops.transpose(squares, (0, 1, 3, 5, 2, 4))
        shape = (-1, down * across * directions, high * wide)
        return ops.sort(ops.reshape(squares, shape), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "window": self.window,
            "step": self.step,
            "margin": self.margin,
        }


@cache
def _directions(channels: int, step: int) -> Any:
    """Return kernels, `(side, side, channels, directions)`, each at its own place."""
    random = np.random.default_rng(0)
    waves = _waves()
    mixtures = random.normal(size=(_GREY_MIXTURES + _COLOR_MIXTURES, len(waves)))
    mixtures /= np.linalg.norm(mixtures, axis=1, keepdims=True)
    mixed = np.einsum("mw,wyx->myx", mixtures, waves)
    grey = np.concatenate([waves, mixed[:_GREY_MIXTURES]])
    kernels = np.repeat(grey[..., None] / channels, channels, axis=3)
    if channels > 1:
        tints = random.normal(size=(_COLOR_MIXTURES, channels))
        tints -= tints.mean(axis=1, keepdims=True)
        tints /= np.linalg.norm(tints, axis=1, keepdims=True)
        colored = mixed[_GREY_MIXTURES:, :, :, None] * tints[:, None, None]
        kernels = np.concatenate([kernels, colored])
    side = _SIDE + step - 1
    placed = np.zeros((side, side, channels, len(kernels)), np.float32)
    places = random.permutation(len(kernels)) % step**2
    for index, (kernel, place) in enumerate(zip(kernels, places, strict=True)):
        top, left = divmod(place, step)
        placed[top : top + _SIDE, left : left + _SIDE, :, index] = kernel
    return placed


def _waves() -> Any:
    """Return the cosine transform's functions but the mean, times their frequency."""
    orders = np.arange(_SIDE)[:, None]
    rows = np.cos(np.pi * orders * (2 * np.arange(_SIDE) + 1) / (2 * _SIDE))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    frequencies = np.hypot(orders, orders.T)
    frequencies /= frequencies.mean()
    waves = np.einsum("vh,vy,hx->vhyx", frequencies, rows, rows)
    return waves.reshape(-1, _SIDE, _SIDE)[1:]
