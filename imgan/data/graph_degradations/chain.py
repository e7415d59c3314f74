"""The whole way from high-resolution batches to low-resolution ones, in a graph."""

from typing import Any

import tensorflow as tf

from imgan.config.degradation import DegradationConfig
from imgan.data.graph_degradations.jpeg import compress_jpeg
from imgan.data.graph_degradations.operations import add_noise
from imgan.data.graph_degradations.operations import blur
from imgan.data.graph_degradations.operations import reduce_bicubic
from imgan.data.graph_degradations.operations import resize
from imgan.data.graph_degradations.operations import to_8_bits
from imgan.data.graph_degradations.plan import BatchFinal
from imgan.data.graph_degradations.plan import BatchNoise
from imgan.data.graph_degradations.plan import BatchPlan
from imgan.data.graph_degradations.plan import BatchStage
from imgan.data.graph_degradations.plan import Draws
from imgan.data.graph_degradations.plan import draw_batch_plan


# AutoGraph would take seconds to find nothing to convert.
@tf.autograph.experimental.do_not_convert
def degrade_batch(
    hr_images: Any, config: DegradationConfig, scale: int, draws: Draws
) -> Any:
    """Make low-resolution images; the same draws give the same images.

    Args:
        hr_images: `(batch, scale * height, scale * width, 1 or 3)` float32 in [0, 1];
            the batch may be dynamic, the rest is static.
        config: Ranges and probabilities; static.
        scale: Ratio of high to low resolution.
        draws: Source of random tensors.

    Returns:
        `(batch, height, width, channels)` float32 in [0, 1], multiples of 1/255.
    """
    batch, channels = tf.shape(hr_images)[0], hr_images.shape[-1]
    plan = draw_batch_plan(config, draws, batch, channels)
    lr_images = apply_batch_plan(hr_images, plan, scale, draws)
    if not config.clean_probability:
        return lr_images
    clean = draws.uniform(batch) < config.clean_probability
    reduced = to_8_bits(reduce_bicubic(tf.stop_gradient(hr_images), scale))
    return tf.where(clean[:, None, None, None], reduced, lr_images)


def apply_batch_plan(hr_images: Any, plan: BatchPlan, scale: int, draws: Draws) -> Any:
    """Do to a batch what was drawn.

    As in `imgan.data.degradations.chain`, the second stage's resize is relative to the
    final size.

    Args:
        hr_images: See `degrade_batch`.
        plan: What to do.
        scale: Ratio of high to low resolution.
        draws: Source of the noise.

    Returns:
        `(batch, height, width, channels)` float32 in [0, 1], multiples of 1/255.
    """
    height, width, channels = hr_images.shape[1:]
    if channels not in (1, 3) or height is None or width is None:
        raise ValueError(
            "hr_images must be (batch, height, width, 1 or 3) with a static size. "
            f"Received shape {tuple(hr_images.shape)}"
        )
    if height % scale or width % scale:
        raise ValueError(
            f"Sides of hr_images must be multiples of scale={scale}. "
            f"Received shape {tuple(hr_images.shape)}"
        )
    final = (height // scale, width // scale)
    images = _apply_stage(
        tf.stop_gradient(hr_images), plan.first, (height, width), draws
    )
    if plan.second is not None:
        images = _apply_stage(images, plan.second, final, draws)
    images = to_8_bits(_apply_final(images, plan.final, final))
    return tf.ensure_shape(images, (hr_images.shape[0], *final, channels))


def _apply_stage(
    images: Any, plan: BatchStage, base: tuple[int, int], draws: Draws
) -> Any:
    if plan.kernels is not None:
        images = blur(images, plan.kernels)
    sides = tf.round(tf.constant(base, tf.float32) * plan.factor)
    height, width = tf.unstack(tf.maximum(tf.cast(sides, tf.int32), 1))
    images = resize(images, height, width, plan.mode)
    if plan.noise is not None:
        images = _add_noise(images, plan.noise, draws)
    return _compress(images, plan.quality)


def _apply_final(images: Any, plan: BatchFinal, size: tuple[int, int]) -> Any:
    first = last = None
    if plan.quality is not None:
        first = tf.where(plan.jpeg_first, plan.quality, 0)
        last = tf.where(plan.jpeg_first, 0, plan.quality)
    images = resize(_compress(images, first), *size, plan.mode)
    if plan.kernels is not None:
        images = blur(images, plan.kernels)
    return _compress(images, last)


def _add_noise(images: Any, plan: BatchNoise, draws: Draws) -> Any:
    normal = draws.normal(*tf.unstack(tf.shape(images)))
    noisy = add_noise(images, normal, plan.gaussian, plan.strength, plan.grey)
    return tf.where(plan.applied[:, None, None, None], noisy, images)


def _compress(images: Any, quality: Any | None) -> Any:
    """Compress the samples whose quality is not 0."""
    if quality is None:
        return images
    applied = (quality > 0)[:, None, None, None]
    return tf.where(applied, compress_jpeg(images, tf.maximum(quality, 1)), images)
