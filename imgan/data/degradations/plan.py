"""What will be done to one picture: drawn first, and independent of the picture.

A plan holds everything that is drawn except the noise itself, whose size depends on the
picture. Two pictures with equal generators are therefore treated alike.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imgan.config.degradation import KERNEL_KINDS
from imgan.config.degradation import BlurConfig
from imgan.config.degradation import DegradationConfig
from imgan.config.degradation import DegradationStage
from imgan.config.degradation import FinalConfig
from imgan.config.degradation import JpegConfig
from imgan.config.degradation import NoiseConfig
from imgan.config.degradation import Range
from imgan.config.degradation import ResizeConfig
from imgan.config.degradation import ResizeMode
from imgan.data.degradations.kernels import Kernel
from imgan.data.degradations.kernels import gaussian_kernel
from imgan.data.degradations.kernels import sinc_kernel

# From this size on a sinc has room for lower frequencies.
LARGE_SINC = 13


@dataclass(frozen=True)
class NoisePlan:
    """Noise of one kind.

    Attributes:
        kind: gaussian or poisson.
        strength: Deviation in levels of 255, or the scale of Poisson noise.
        grey: The same noise in all channels.
    """

    kind: Literal["gaussian", "poisson"]
    strength: float
    grey: bool


@dataclass(frozen=True, eq=False)
class StagePlan:
    """Blur, resize, noise and JPEG, in this order.

    Attributes:
        kernel: Of the blur; None: no blur.
        resize_factor: Ratio of sides; see `imgan.data.degradations.chain` for what to.
        resize_mode: Interpolation.
        noise: None: no noise.
        jpeg_quality: None: no compression.
    """

    kernel: Kernel | None
    resize_factor: float
    resize_mode: ResizeMode
    noise: NoisePlan | None
    jpeg_quality: int | None


@dataclass(frozen=True, eq=False)
class FinalPlan:
    """The way to the final size.

    Attributes:
        kernel: A sinc; None: no filter.
        resize_mode: Interpolation.
        jpeg_quality: None: no compression.
        jpeg_first: Compress before resize and filter, not after them.
    """

    kernel: Kernel | None
    resize_mode: ResizeMode
    jpeg_quality: int | None
    jpeg_first: bool


@dataclass(frozen=True, eq=False)
class Plan:
    """A whole chain.

    Attributes:
        first: Stage 1.
        second: Stage 2, or None.
        final: The end.
    """

    first: StagePlan
    second: StagePlan | None
    final: FinalPlan


def draw_plan(
    config: DegradationConfig, rng: np.random.Generator, channels: int
) -> Plan:
    """Draw one plan.

    Args:
        config: Ranges and probabilities.
        rng: Moves on by what is drawn, by as much for any number of channels.
        channels: Of the pictures; one channel has no noise of its own in each.

    Returns:
        The plan.
    """
    first = _draw_stage(config.first, rng, channels)
    second = (
        None if config.second is None else _draw_stage(config.second, rng, channels)
    )
    return Plan(first, second, _draw_final(config.final, rng))


def _draw_stage(
    config: DegradationStage, rng: np.random.Generator, channels: int
) -> StagePlan:
    return StagePlan(
        kernel=_draw_blur(config.blur, rng),
        resize_factor=_draw_factor(config.resize, rng),
        resize_mode=_draw_mode(config.resize.modes, rng),
        noise=_draw_noise(config.noise, rng, channels),
        jpeg_quality=_draw_quality(config.jpeg, rng),
    )


def _draw_final(config: FinalConfig, rng: np.random.Generator) -> FinalPlan:
    kernel = None
    if rng.random() < config.sinc_probability:
        size = _draw_odd(config.kernel_size, rng)
        kernel = sinc_kernel(size, math.pi * rng.uniform(*config.sinc_cutoff))
    return FinalPlan(
        kernel=kernel,
        resize_mode=_draw_mode(config.modes, rng),
        jpeg_quality=_draw_quality(config.jpeg, rng),
        jpeg_first=bool(rng.random() < config.jpeg_first_probability),
    )


def _draw_blur(config: BlurConfig, rng: np.random.Generator) -> Kernel | None:
    if rng.random() >= config.probability:
        return None
    size = _draw_odd(config.kernel_size, rng)
    if rng.random() < config.sinc_probability:
        small = size < LARGE_SINC
        cutoff = config.small_sinc_cutoff if small else config.sinc_cutoff
        return sinc_kernel(size, math.pi * rng.uniform(*cutoff))
    # In the order of the table, whatever order the recipe names them in.
    weights = np.array([config.kinds.get(kind, 0.0) for kind in KERNEL_KINDS])
    kind = KERNEL_KINDS[int(rng.choice(len(weights), p=weights / weights.sum()))]
    sigma_x, sigma_y = rng.uniform(*config.sigma), rng.uniform(*config.sigma)
    angle = math.radians(rng.uniform(*config.rotation))
    plateau = kind.startswith("plateau_")
    beta = _draw_beta(config.plateau_beta if plateau else config.generalized_beta, rng)
    return gaussian_kernel(kind, size, sigma_x, sigma_y, angle, beta)


def _draw_beta(values: Range, rng: np.random.Generator) -> float:
    """Draw below 1 as often as above it, however long the two parts are.

    A range from 1 on, as that of plateaus, gives exactly 1 in half of the draws: so
    does the training code of Real-ESRGAN.
    """
    low, high = values
    if not low <= 1 <= high:
        return float(rng.uniform(low, high))
    below = rng.random() < 0.5
    return float(rng.uniform(low, 1) if below else rng.uniform(1, high))


def _draw_factor(config: ResizeConfig, rng: np.random.Generator) -> float:
    low, high = config.factor
    way = rng.random()
    if way < config.up_probability:
        return float(rng.uniform(max(low, 1), high))
    if way < config.up_probability + config.down_probability:
        return float(rng.uniform(low, min(high, 1)))
    return 1.0


def _draw_noise(
    config: NoiseConfig, rng: np.random.Generator, channels: int
) -> NoisePlan | None:
    if rng.random() >= config.probability:
        return None
    gaussian = rng.random() < config.gaussian_probability
    strength = rng.uniform(*(config.sigma if gaussian else config.poisson_scale))
    grey = rng.random() < config.grey_probability
    return NoisePlan(
        "gaussian" if gaussian else "poisson",
        float(strength),
        bool(grey) and channels > 1,
    )


def _draw_quality(config: JpegConfig, rng: np.random.Generator) -> int | None:
    if rng.random() >= config.probability:
        return None
    return int(rng.integers(*config.quality, endpoint=True))


def _draw_mode(modes: tuple[ResizeMode, ...], rng: np.random.Generator) -> ResizeMode:
    return modes[int(rng.integers(len(modes)))]


def _draw_odd(sizes: tuple[int, int], rng: np.random.Generator) -> int:
    smallest, largest = sizes
    return smallest + 2 * int(rng.integers((largest - smallest) // 2 + 1))
