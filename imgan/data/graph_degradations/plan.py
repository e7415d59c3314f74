"""What will be done to each image of a batch, in tensors.

The draws of `imgan.data.degradations.plan`, with one difference: factors and modes of
resizes are drawn once for a batch.
"""

import math
from typing import Any
from typing import NamedTuple
from typing import Protocol

import tensorflow as tf

from imgan.config.degradation import KERNEL_KINDS
from imgan.config.degradation import RESIZE_MODES
from imgan.config.degradation import BlurConfig
from imgan.config.degradation import DegradationConfig
from imgan.config.degradation import DegradationStage
from imgan.config.degradation import FinalConfig
from imgan.config.degradation import JpegConfig
from imgan.config.degradation import NoiseConfig
from imgan.config.degradation import Range
from imgan.config.degradation import ResizeConfig
from imgan.config.degradation import ResizeMode
from imgan.data.degradations.plan import LARGE_SINC
from imgan.data.graph_degradations.kernels import gaussian_kernels
from imgan.data.graph_degradations.kernels import identity_kernels
from imgan.data.graph_degradations.kernels import sinc_kernels

_PLATEAU = [kind.startswith("plateau_") for kind in KERNEL_KINDS]


class Draws(Protocol):
    """A source of random tensors; each call gives other ones."""

    def uniform(self, batch: Any, *shape: int) -> Any:
        """Return `(batch, *shape)` float32 in [0, 1)."""

    def normal(self, batch: Any, *shape: int) -> Any:
        """Return `(batch, *shape)` float32, standard normal."""


class BatchNoise(NamedTuple):
    """Noise of each sample.

    Attributes:
        applied: bool `(batch,)`.
        gaussian: bool `(batch,)`; the rest is Poisson noise.
        strength: float32 `(batch,)`, see `operations.add_noise`.
        grey: bool `(batch,)`: the same noise in all channels.
    """

    applied: Any
    gaussian: Any
    strength: Any
    grey: Any


class BatchStage(NamedTuple):
    """Blur, resize, noise and JPEG. None: of no sample.

    Attributes:
        kernels: `(batch, size, size)` float32; of samples without blur the identity.
        factor: float32 scalar, ratio of sides.
        mode: int32 scalar, index into `RESIZE_MODES`.
        noise: Of each sample.
        quality: int32 `(batch,)`; 0: no compression.
    """

    kernels: Any | None
    factor: Any
    mode: Any
    noise: BatchNoise | None
    quality: Any | None


class BatchFinal(NamedTuple):
    """The way to the final size. None: of no sample.

    Attributes:
        kernels: `(batch, size, size)` float32; of samples without sinc the identity.
        mode: int32 scalar, index into `RESIZE_MODES`.
        quality: int32 `(batch,)`; 0: no compression.
        jpeg_first: bool `(batch,)`: compress before resize and sinc, not after them.
    """

    kernels: Any | None
    mode: Any
    quality: Any | None
    jpeg_first: Any


class BatchPlan(NamedTuple):
    """A whole chain."""

    first: BatchStage
    second: BatchStage | None
    final: BatchFinal


def draw_batch_plan(
    config: DegradationConfig, draws: Draws, batch: Any, channels: int
) -> BatchPlan:
    """Draw a plan for a batch.

    Args:
        config: Ranges and probabilities; static.
        draws: Source of random tensors.
        batch: Number of images, an integer or a scalar tensor.
        channels: Of the images.
    """
    first = _draw_stage(config.first, draws, batch, channels)
    second = None
    if config.second is not None:
        second = _draw_stage(config.second, draws, batch, channels)
    return BatchPlan(first, second, _draw_final(config.final, draws, batch))


def _draw_stage(
    config: DegradationStage, draws: Draws, batch: Any, channels: int
) -> BatchStage:
    way, place, mode = tf.unstack(draws.uniform(1, 3)[0])
    return BatchStage(
        kernels=_draw_kernels(config.blur, draws, batch),
        factor=_factor(config.resize, way, place),
        mode=_mode(config.resize.modes, mode),
        noise=_draw_noise(config.noise, draws, batch, channels),
        quality=_draw_quality(config.jpeg, draws, batch),
    )


def _draw_final(config: FinalConfig, draws: Draws, batch: Any) -> BatchFinal:
    kernels = None
    if config.sinc_probability > 0:
        applied, size, cutoff = tf.unstack(draws.uniform(batch, 3), axis=1)
        largest = config.kernel_size[1]
        sinc = sinc_kernels(
            _odd(config.kernel_size, size),
            math.pi * _within(config.sinc_cutoff, cutoff),
            largest,
        )
        kernels = tf.where(
            (applied < config.sinc_probability)[:, None, None],
            sinc,
            identity_kernels(batch, largest),
        )
    return BatchFinal(
        kernels=kernels,
        mode=_mode(config.modes, draws.uniform(1)[0]),
        quality=_draw_quality(config.jpeg, draws, batch),
        jpeg_first=draws.uniform(batch) < config.jpeg_first_probability,
    )


def _draw_kernels(config: BlurConfig, draws: Draws, batch: Any) -> Any | None:
    if config.probability == 0:
        return None
    drawn = tf.unstack(draws.uniform(batch, 10), axis=1)
    applied, size, ringing, cutoff, kind, sigma_x, sigma_y, angle, side, beta = drawn
    size, largest = _odd(config.kernel_size, size), config.kernel_size[1]
    kind = _kind(config.kinds, kind)
    shape = tf.where(
        tf.gather(_PLATEAU, kind),
        _beta(config.plateau_beta, side, beta),
        _beta(config.generalized_beta, side, beta),
    )
    gaussian = gaussian_kernels(
        kind,
        size,
        _within(config.sigma, sigma_x),
        _within(config.sigma, sigma_y),
        math.radians(1.0) * _within(config.rotation, angle),
        shape,
        largest,
    )
    small = _within(config.small_sinc_cutoff, cutoff)
    large = _within(config.sinc_cutoff, cutoff)
    cutoff = math.pi * tf.where(size < LARGE_SINC, small, large)
    sinc = sinc_kernels(size, cutoff, largest)
    ringing = (ringing < config.sinc_probability)[:, None, None]
    kernels = tf.where(ringing, sinc, gaussian)
    applied = (applied < config.probability)[:, None, None]
    return tf.where(applied, kernels, identity_kernels(batch, largest))


def _draw_noise(
    config: NoiseConfig, draws: Draws, batch: Any, channels: int
) -> BatchNoise | None:
    if config.probability == 0:
        return None
    applied, kind, strength, grey = tf.unstack(draws.uniform(batch, 4), axis=1)
    gaussian = kind < config.gaussian_probability
    return BatchNoise(
        applied=applied < config.probability,
        gaussian=gaussian,
        strength=tf.where(
            gaussian,
            _within(config.sigma, strength),
            _within(config.poisson_scale, strength),
        ),
        grey=(grey < config.grey_probability) & (channels > 1),
    )


def _draw_quality(config: JpegConfig, draws: Draws, batch: Any) -> Any | None:
    if config.probability == 0:
        return None
    applied, quality = tf.unstack(draws.uniform(batch, 2), axis=1)
    lowest, highest = config.quality
    whole = lowest + tf.cast(quality * (highest - lowest + 1), tf.int32)
    return tf.where(applied < config.probability, whole, 0)


def _factor(config: ResizeConfig, way: Any, place: Any) -> Any:
    low, high = config.factor
    up = way < config.up_probability
    down = way < config.up_probability + config.down_probability
    larger = _within((max(low, 1.0), max(high, 1.0)), place)
    smaller = _within((min(low, 1.0), min(high, 1.0)), place)
    return tf.where(up, larger, tf.where(down, smaller, 1.0))


def _mode(modes: tuple[ResizeMode, ...], value: Any) -> Any:
    indices = [RESIZE_MODES.index(mode) for mode in modes]
    return tf.gather(indices, tf.cast(value * len(modes), tf.int32))


def _kind(weights: dict[str, float], value: Any) -> Any:
    total = sum(weights.values())
    bounds, bound = [], 0.0
    for kind in KERNEL_KINDS:
        bound += weights.get(kind, 0.0) / total
        bounds.append(bound)
    # Rounding must not lead to a kind of no weight.
    last = max(KERNEL_KINDS.index(kind) for kind, weight in weights.items() if weight)
    reached = tf.cast(value[:, None] >= bounds, tf.int32)
    return tf.minimum(tf.reduce_sum(reached, axis=1), last)


def _beta(values: Range, side: Any, value: Any) -> Any:
    low, high = values
    if not low <= 1 <= high:
        return _within(values, value)
    below, above = _within((low, 1.0), value), _within((1.0, high), value)
    return tf.where(side < 0.5, below, above)


def _odd(sizes: tuple[int, int], value: Any) -> Any:
    smallest, largest = sizes
    return smallest + 2 * tf.cast(value * ((largest - smallest) // 2 + 1), tf.int32)


def _within(values: Range, value: Any) -> Any:
    low, high = values
    return low + (high - low) * value
