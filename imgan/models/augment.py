"""Augmentations for training on few images, in the path of the gradient.

They stand between the images, real and generated alike, and the discriminator, so that
it never sees an image as it is, while the generator is asked for images as they are.
Everything random is handed in as uniform numbers in [0, 1); whoever calls draws other
ones for real than for generated images.

Positions and mirror images move whole pixels: nothing is interpolated. What comes in
from outside is the middle of the value range. Heights and widths must be static.
"""

from collections.abc import Sequence
from typing import Any
from typing import ClassVar

import tensorflow as tf

NEUTRAL: dict[str, tuple[float, ...]] = {
    "flip": (0.0,),
    "rotation": (0.0,),
    "translation": (0.5, 0.5),
    "color": (0.5, 0.5, 0.5),
    # So far outside that nothing is cut.
    "cutout": (-100.0, -100.0),
}
"""Operations of a policy, each with the numbers that change nothing."""

TRANSLATION = 0.125
"""Largest shift, as a part of the side."""

CUTOUT = 0.5
"""Side of the piece cut out, as a part of the image's."""


class _Augment:
    """A policy and its operations on numbers in [0, 1).

    Args:
        policy: Names of the operations; their order does not matter.
        value_range: That of the images.
    """

    operations: ClassVar[tuple[str, ...]]
    steps: ClassVar[tuple[str, ...]]

    def __init__(
        self, policy: Sequence[str], value_range: tuple[float, float] = (-1.0, 1.0)
    ) -> None:
        unknown = sorted(set(policy) - set(self.operations))
        if unknown or not policy:
            raise ValueError(
                f"`policy` must name at least one of {', '.join(self.operations)}. "
                f"Received: policy={list(policy)}"
            )
        self.policy = tuple(name for name in self.operations if name in policy)
        self.value_range = (float(value_range[0]), float(value_range[1]))
        self.num_values = sum(len(NEUTRAL[name]) for name in self.policy)

    def _transform(self, images: Any, values: Any) -> Any:
        lengths = [len(NEUTRAL[name]) for name in self.policy]
        pieces = tf.split(values, lengths, axis=1)
        parts = dict(zip(self.policy, pieces, strict=True))
        low, high = self.value_range
        for step in self.steps:
            if step == "move" and set(parts) - {"color", "cutout"}:
                images = _moved(images, parts, (low + high) / 2.0)
            elif step == "color" and "color" in parts:
                images = _recolored(images, parts["color"], high - low)
            elif step == "cutout" and "cutout" in parts:
                images = _cut(images, parts["cutout"], (low + high) / 2.0)
        return images


class DiffAugment(_Augment):
    """Differentiable augmentation: every operation of the policy on every image.

    Section 3.2 of [Zhao et al., 2020](https://arxiv.org/abs/2006.10738), in the order
    and with the ranges of its code:

    * `color`: brightness plus up to a quarter of the value range (0.5 in [-1, 1]) up or
      down, saturation times [0, 2), contrast about the image's mean times [0.5, 1.5).
      Grey images have no saturation. Nothing is clipped.
    * `translation`: up to an eighth of the side each way.
    * `cutout`: a square of half the side, partly outside near the border.

    Args:
        policy: Some of `"color"`, `"translation"`, `"cutout"`.
        value_range: That of the images; its middle fills what is empty.

    Attributes:
        num_draws: How many numbers an image needs.
    """

    operations = ("color", "translation", "cutout")
    steps = ("color", "move", "cutout")

    @property
    def num_draws(self) -> int:
        """Columns of `draws`."""
        return self.num_values

    def __call__(self, images: Any, draws: Any) -> Any:
        """Return the augmented images.

        Args:
            images: Float32 `(batch, height, width, channels)` in `value_range`.
            draws: Float32 `(batch, num_draws)`, uniform in [0, 1).
        """
        return self._transform(images, draws)


class AdaptiveAugment(_Augment):
    """Augmentation of every image with a probability that follows the overfitting.

    Section 3 of [Karras et al., 2020](https://arxiv.org/abs/2006.06676), with its pixel
    blitting (`flip` left to right, `rotation` by quarter turns, `translation`), colour
    and cutout. Colour has the ranges of `DiffAugment` in place of the paper's normal
    distributions; the paper's interpolated geometry, hue, filters and noise are left
    out. Brightness, saturation and contrast are applied or not each for itself. As in
    the paper `flip` and `rotation`, once chosen, take one of their 2 or 4 outcomes, of
    which the first is to stay. Images that are not square turn by 180 degrees only.

    Args:
        policy: Some of `"flip"`, `"rotation"`, `"translation"`, `"color"`, `"cutout"`.
        value_range: That of the images; its middle fills what is empty.

    Attributes:
        num_draws: How many numbers an image needs.
    """

    operations = ("flip", "rotation", "translation", "color", "cutout")
    steps = ("move", "color", "cutout")

    def __init__(
        self,
        policy: Sequence[str] = ("flip", "rotation", "translation", "color"),
        value_range: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__(policy, value_range)
        # Which gate decides on each value: both directions of a shift go together.
        self._gates: list[int] = []
        self._neutral: list[float] = []
        for name in self.policy:
            for index, value in enumerate(NEUTRAL[name]):
                opens = index == 0 or name == "color"
                last = self._gates[-1] if self._gates else -1
                self._gates.append(last + opens)
                self._neutral.append(value)
        self.num_gates = self._gates[-1] + 1

    @property
    def num_draws(self) -> int:
        """Columns of `draws`."""
        return self.num_gates + self.num_values

    def __call__(self, images: Any, draws: Any, probability: Any) -> Any:
        """Return the augmented images.

        Args:
            images: Float32 `(batch, height, width, channels)` in `value_range`.
            draws: Float32 `(batch, num_draws)`, uniform in [0, 1).
            probability: Of every single operation, for every image; float scalar.
        """
        applied = draws[:, : self.num_gates] < probability
        values = tf.where(
            tf.gather(applied, self._gates, axis=1),
            draws[:, self.num_gates :],
            tf.constant(self._neutral),
        )
        return self._transform(images, values)


def adapted_probability(
    probability: Any,
    real_sign: Any,
    batch_size: Any,
    *,
    target: float = 0.6,
    kimg: float = 500.0,
    interval: int = 4,
) -> Any:
    """Return the probability of `AdaptiveAugment` after another `interval` steps.

    Section 3.1 of [Karras et al., 2020](https://arxiv.org/abs/2006.06676): a step up if
    the discriminator is surer of the real images than `target`, a step down if it is
    less, such that 0 to 1 takes `kimg` thousand images.

    Args:
        probability: The one so far, in [0, 1].
        real_sign: Mean sign of the logits of real images in these steps, in [-1, 1].
        batch_size: Of one step, over all replicas.
        target: Value of `real_sign` to hold.
        kimg: Thousands of images; 100 in the paper's code when training is resumed.
        interval: Steps between two calls.
    """
    rate = tf.cast(batch_size, tf.float32) * interval / (kimg * 1000.0)
    step = tf.sign(tf.cast(real_sign, tf.float32) - target) * rate
    return tf.clip_by_value(probability + step, 0.0, 1.0)


def _recolored(images: Any, values: Any, span: float) -> Any:
    shift, saturation, contrast = tf.unstack(values[:, :, None, None, None], axis=1)
    shift = (shift - 0.5) * (span / 2.0)
    contrast = contrast + 0.5
    # Saturation leaves the mean as it is, so contrast about the mean of the brighter
    # image is `contrast * saturated + (1 - contrast) * mean + shift`. Elementwise and
    # not as a product with a matrix, which a GPU computes in TF32, of 10 bits.
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    rest = (1.0 - contrast) * mean + shift
    if images.shape[-1] == 1:
        return contrast * images + rest
    saturation = 2.0 * saturation
    grey = tf.reduce_mean(images, axis=3, keepdims=True)
    rest = (contrast * (1.0 - saturation)) * grey + rest
    return (contrast * saturation) * images + rest


def _moved(images: Any, parts: dict[str, Any], fill: float) -> Any:
    """Flip, then turn, then shift, in one gather of whole pixels."""
    height, width = images.shape[1:3]
    zeros = tf.zeros_like(next(iter(parts.values()))[:, 0])
    flip, turns, down, right = (zeros,) * 4
    if "flip" in parts:
        flip = tf.floor(parts["flip"][:, 0] * 2.0)
    if "rotation" in parts:
        turns = parts["rotation"][:, 0]
        turns = tf.floor(turns * 4.0) if height == width else _half_turns(turns)
    if "translation" in parts:
        down = _shift(parts["translation"][:, 0], height)
        right = _shift(parts["translation"][:, 1], width)
    # Where each pixel of the output comes from, as x = a0 * x + a1 * y + a2 and
    # y = b0 * x + b1 * y + b2, about the centre. All of it is exact in float32.
    quarter = tf.cast(turns, tf.int32)
    cos = tf.gather([1.0, 0.0, -1.0, 0.0], quarter)
    sin = tf.gather([0.0, 1.0, 0.0, -1.0], quarter)
    sign = 1.0 - 2.0 * flip
    a0, a1, b0, b1 = sign * cos, -sign * sin, sin, cos
    center_x, center_y = (width - 1) / 2.0, (height - 1) / 2.0
    x, y = -center_x - right, -center_y - down
    a2, b2 = a0 * x + a1 * y + center_x, b0 * x + b1 * y + center_y
    # Its derivative is the same operation with the inverse transform, of any order.
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images - fill if fill else images,
        transforms=tf.stack([a0, a1, a2, b0, b1, b2, zeros, zeros], axis=1),
        output_shape=(height, width),
        interpolation="NEAREST",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    return moved + fill if fill else moved


def _half_turns(values: Any) -> Any:
    return 2.0 * tf.floor(values * 2.0)


def _shift(values: Any, side: int) -> Any:
    largest = int(side * TRANSLATION + 0.5)
    return tf.floor(values * (2 * largest + 1)) - largest


def _cut(images: Any, values: Any, fill: float) -> Any:
    height, width = images.shape[1:3]
    rows = _inside(values[:, :1], height)[:, :, None, None]
    columns = _inside(values[:, 1:], width)[:, None, :, None]
    kept = 1.0 - rows * columns
    return images * kept + (fill * (1.0 - kept) if fill else 0.0)


def _inside(values: Any, side: int) -> Any:
    """Return 1 where a row or column lies in the piece that is cut out, else 0."""
    length = int(side * CUTOUT + 0.5)
    center = tf.floor(values * (side + 1 - length % 2))
    offset = tf.range(side, dtype=tf.float32) - (center - length // 2)
    return tf.cast((offset >= 0.0) & (offset < length), tf.float32)
