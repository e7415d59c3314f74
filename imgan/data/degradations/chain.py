"""The whole way from a high-resolution picture to a low-resolution one."""

from fractions import Fraction

import numpy as np

from imgan.config.degradation import DegradationConfig
from imgan.data.degradations.operations import add_gaussian_noise
from imgan.data.degradations.operations import add_poisson_noise
from imgan.data.degradations.operations import blur
from imgan.data.degradations.operations import compress_jpeg
from imgan.data.degradations.operations import resize
from imgan.data.degradations.operations import to_8_bits
from imgan.data.degradations.plan import FinalPlan
from imgan.data.degradations.plan import NoisePlan
from imgan.data.degradations.plan import Plan
from imgan.data.degradations.plan import StagePlan
from imgan.data.degradations.plan import draw_plan
from imgan.data.resize import resize_bicubic
from imgan.types import Array
from imgan.types import Size


def degrade(
    hr: Array, config: DegradationConfig, scale: int, rng: np.random.Generator
) -> Array:
    """Make a low-resolution picture; equal generators give equal bytes.

    Args:
        hr: `(scale * height, scale * width, 1 or 3)` float32 in [0, 1].
        config: Ranges and probabilities.
        scale: Ratio of high to low resolution.
        rng: Source of the plan and then of the noise.

    Returns:
        `(height, width, channels)` float32 in [0, 1], multiples of 1/255.
    """
    _check(hr, scale)
    share = config.clean_probability
    # Nothing is drawn where nothing stays clean: seeds mean what they always meant.
    if share and rng.random() < share:
        return to_8_bits(resize_bicubic(hr, Fraction(1, scale)))
    return apply_plan(hr, draw_plan(config, rng, hr.shape[2]), scale, rng)


def apply_plan(hr: Array, plan: Plan, scale: int, rng: np.random.Generator) -> Array:
    """Do to a picture what was drawn.

    The resize of the first stage is relative to the picture. That of the second is
    relative to the *final* size, `hr / scale`, whatever the first one made: a factor of
    1 there means the final size. This is how Real-ESRGAN's training code reads its
    `resize_range2`, and why that range is so near to 1.

    Args:
        hr: `(scale * height, scale * width, 1 or 3)` float32 in [0, 1].
        plan: What to do.
        scale: Ratio of high to low resolution.
        rng: Source of the noise.

    Returns:
        `(height, width, channels)` float32 in [0, 1], multiples of 1/255.
    """
    _check(hr, scale)
    size = Size(*hr.shape[:2])
    final_size = Size(size.height // scale, size.width // scale)
    image = _apply_stage(hr, plan.first, size, rng)
    if plan.second is not None:
        image = _apply_stage(image, plan.second, final_size, rng)
    return to_8_bits(_apply_final(image, plan.final, final_size))


def _apply_stage(
    image: Array, plan: StagePlan, base: Size, rng: np.random.Generator
) -> Array:
    if plan.kernel is not None:
        image = blur(image, plan.kernel)
    size = Size(*(max(1, round(side * plan.resize_factor)) for side in base))
    image = resize(image, size, plan.resize_mode)
    if plan.noise is not None:
        image = _add_noise(image, plan.noise, rng)
    if plan.jpeg_quality is not None:
        image = compress_jpeg(image, plan.jpeg_quality)
    return image


def _apply_final(image: Array, plan: FinalPlan, size: Size) -> Array:
    quality = plan.jpeg_quality
    if quality is not None and plan.jpeg_first:
        image = compress_jpeg(image, quality)
    image = resize(image, size, plan.resize_mode)
    if plan.kernel is not None:
        image = blur(image, plan.kernel)
    if quality is not None and not plan.jpeg_first:
        image = compress_jpeg(image, quality)
    return image


def _add_noise(image: Array, plan: NoisePlan, rng: np.random.Generator) -> Array:
    add = add_gaussian_noise if plan.kind == "gaussian" else add_poisson_noise
    return add(image, plan.strength, rng, plan.grey)


def _check(hr: Array, scale: int) -> None:
    if hr.dtype != np.float32:
        raise TypeError(f"hr must be float32 in [0, 1]. Received: {hr.dtype}")
    if hr.ndim != 3 or 0 in hr.shape or hr.shape[0] % scale or hr.shape[1] % scale:
        raise ValueError(
            "hr must be (height, width, channels) with sides that are multiples of "
            f"scale={scale}. Received shape {hr.shape}"
        )
