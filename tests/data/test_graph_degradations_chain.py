"""Plans of batches and what becomes of images by them."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.config.degradation import RESIZE_MODES
from imgan.config.degradation import DegradationConfig
from imgan.data.degradations import chain
from imgan.data.degradations import plan
from imgan.data.degradations.kernels import sinc_kernel
from imgan.data.graph_degradations.chain import apply_batch_plan
from imgan.data.graph_degradations.chain import degrade_batch
from imgan.data.graph_degradations.plan import BatchFinal
from imgan.data.graph_degradations.plan import BatchPlan
from imgan.data.graph_degradations.plan import BatchStage
from imgan.data.graph_degradations.plan import draw_batch_plan
from imgan.data.resize import resize_bicubic
from imgan.models.randomness import StepRandom

PHOTOS = np.stack(
    [
        skimage.data.astronaut()[40:136, 170:234],
        skimage.data.coffee()[100:196, 200:264],
        skimage.data.chelsea()[60:156, 120:184],
    ]
) / np.float32(255)

NONE = {"probability": 0.0}


def _random(step: int, seed: int = 1) -> StepRandom:
    random = StepRandom(seed)
    random.begin(step)
    return random


def _config(**changes: Any) -> DegradationConfig:
    return DegradationConfig.model_validate(changes)


def _side(kernel: Any) -> int:
    return int(np.max(np.nonzero(np.abs(kernel).max(axis=0) > 0)[0]))


def test_draws_follow_the_configuration() -> None:
    """Shares of 4,000 samples; a deviation is at most 0.8 %."""
    drawn = draw_batch_plan(_config(), _random(1), 4000, 3)
    first, second, final = drawn
    assert second is not None
    for stage, sigma, scale in ((first, 30.0, 3.0), (second, 25.0, 2.5)):
        noise = stage.noise
        assert noise is not None
        assert np.all(noise.applied)
        gaussian = np.asarray(noise.gaussian)
        assert gaussian.mean() == pytest.approx(0.5, abs=0.03)
        assert np.mean(noise.grey) == pytest.approx(0.4, abs=0.03)
        strength = np.asarray(noise.strength)
        for part, low, high in (
            (strength[gaussian], 1.0, sigma),
            (strength[~gaussian], 0.05, scale),
        ):
            assert low <= part.min() < part.max() <= high
            assert part.mean() == pytest.approx((low + high) / 2, rel=0.05)
    # A sinc rings below zero, and as it is cut off it does so for every cutoff.
    kernels = np.asarray(first.kernels)
    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 1.0, atol=1e-4)
    assert np.mean(kernels.min(axis=(1, 2)) < 0) == pytest.approx(0.1, abs=0.02)
    untouched = np.asarray(second.kernels)[:, 10, 10] == 1.0
    assert untouched.mean() == pytest.approx(0.2, abs=0.03)
    untouched = np.asarray(final.kernels)[:, 10, 10] == 1.0
    assert untouched.mean() == pytest.approx(0.2, abs=0.03)
    assert second.quality is None
    for quality in (first.quality, final.quality):
        assert set(np.asarray(quality)) == set(range(30, 96))
    assert np.mean(final.jpeg_first) == pytest.approx(0.5, abs=0.03)


def test_kernels_have_all_sizes_and_only_kinds_of_some_weight() -> None:
    """Isotropic kernels equal their quarter turns, which no turned one does."""
    blur = {"kinds": {"isotropic": 1.0}, "sinc_probability": 0.0, "sigma": (3, 3)}
    config = _config(first={"blur": blur}, second=None)
    drawn = draw_batch_plan(config, _random(1), 400, 3)
    assert drawn.second is None
    kernels = np.asarray(drawn.first.kernels)
    np.testing.assert_allclose(kernels, np.rot90(kernels, axes=(1, 2)), atol=1e-6)
    sides = {2 * (_side(kernel) - 10) + 1 for kernel in kernels}
    assert sides == set(range(7, 22, 2))


def test_rotation_and_cutoffs_are_those_of_the_configuration() -> None:
    """Kernels that are not turned equal their mirror images, though not round."""
    blur = {"kinds": {"anisotropic": 1.0}, "sinc_probability": 0.0, "rotation": (0, 0)}
    drawn = draw_batch_plan(_config(first={"blur": blur}), _random(1), 50, 3)
    found = np.asarray(drawn.first.kernels)
    np.testing.assert_allclose(found, found[:, ::-1, ::-1], atol=1e-7)
    np.testing.assert_allclose(found, found[:, :, ::-1], atol=1e-7)
    assert np.abs(found - np.rot90(found, axes=(1, 2))).max() > 0.05
    for size, cutoff in ((11, 0.75), (13, 0.5)):
        blur = {
            "sinc_probability": 1.0,
            "kernel_size": (size, size),
            "small_sinc_cutoff": (0.75, 0.75),
            "sinc_cutoff": (0.5, 0.5),
        }
        final = {"sinc_probability": 1.0, "kernel_size": (9, 9), "sinc_cutoff": (1, 1)}
        config = _config(first={"blur": blur}, final=final)
        drawn = draw_batch_plan(config, _random(1), 2, 3)
        for found, expected in (
            (drawn.first.kernels, sinc_kernel(size, cutoff * np.pi)),
            (drawn.final.kernels, sinc_kernel(9, np.pi)),
        ):
            np.testing.assert_allclose(found, np.stack([expected] * 2), atol=1e-6)


def test_factors_and_modes_of_many_batches() -> None:
    """Down in 0.7, up in 0.2 of batches; every mode in a third."""
    config = _config(first={"blur": NONE, "noise": NONE, "jpeg": NONE}, second=None)

    @tf.function(autograph=False)
    def stage(step: tf.Tensor) -> Any:
        random = StepRandom(1)
        random.begin(step)
        return draw_batch_plan(config, random, 1, 3).first[1:3]

    factors, modes = np.transpose([stage(tf.constant(step)) for step in range(400)])
    assert 0.15 <= factors.min() < factors.max() <= 1.5
    assert np.mean(factors < 1) == pytest.approx(0.7, abs=0.08)
    assert np.mean(factors > 1) == pytest.approx(0.2, abs=0.08)
    assert np.mean(factors == 1) == pytest.approx(0.1, abs=0.06)
    shares = np.bincount(modes.astype(int), minlength=3) / 400
    np.testing.assert_allclose(shares, 1 / 3, atol=0.08)


def test_grey_images_have_no_color_noise_to_be_grey() -> None:
    noise = draw_batch_plan(_config(), _random(1), 50, 1).first.noise
    assert noise is not None
    assert not np.any(noise.grey)


def _padded(kernel: Any) -> Any:
    if kernel is None:
        kernel = np.ones((1, 1), np.float32)
    return np.pad(kernel, (21 - len(kernel)) // 2)


def _batch(stages: list[plan.StagePlan]) -> BatchStage:
    return BatchStage(
        tf.stack([_padded(stage.kernel) for stage in stages]),
        tf.constant(stages[0].resize_factor, tf.float32),
        tf.constant(RESIZE_MODES.index(stages[0].resize_mode)),
        None,
        tf.constant([stage.jpeg_quality or 0 for stage in stages]),
    )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("jpeg", "allowed"), [(0.0, 0.05), (1.0, 2.0)])
def test_chain_is_that_of_numpy(seed: int, jpeg: float, allowed: float) -> None:
    """Plans drawn in numpy, one for each sample, with the resizes of the first.

    Levels differ by 0.05 in the mean where single values are rounded the other way, and
    by 1 or 2 where that moves coefficients of JPEG, up to three times.
    """
    compression = {"jpeg": {"probability": jpeg}}
    config = _config(first=compression, second=compression, final=compression)
    rng = np.random.default_rng(seed)
    plans = [plan.draw_plan(config, rng, 3) for _ in PHOTOS]
    shared = plans[0]
    for index, one in enumerate(plans):
        assert one.second is not None
        assert shared.second is not None
        plans[index] = plan.Plan(
            dataclasses.replace(
                one.first,
                noise=None,
                resize_factor=shared.first.resize_factor,
                resize_mode=shared.first.resize_mode,
            ),
            dataclasses.replace(
                one.second,
                noise=None,
                resize_factor=shared.second.resize_factor,
                resize_mode=shared.second.resize_mode,
            ),
            dataclasses.replace(one.final, resize_mode=shared.final.resize_mode),
        )
    finals = [one.final for one in plans]
    together = BatchPlan(
        _batch([one.first for one in plans]),
        _batch([one.second for one in plans if one.second]),
        BatchFinal(
            tf.stack([_padded(one.kernel) for one in finals]),
            tf.constant(RESIZE_MODES.index(finals[0].resize_mode)),
            tf.constant([one.jpeg_quality or 0 for one in finals]),
            tf.constant([one.jpeg_first for one in finals]),
        ),
    )
    found = np.asarray(apply_batch_plan(PHOTOS, together, 4, _random(1)))
    for image, photo, one in zip(found, PHOTOS, plans, strict=True):
        expected = chain.apply_plan(photo, one, 4, rng)
        assert np.abs(image - expected).mean() * 255 <= allowed


@pytest.mark.slow
@pytest.mark.thorough
def test_eager_traced_and_in_a_pipeline_alike() -> None:
    """The same seed and step: the same images but for single roundings."""
    # One stage holds every operation and is traced in half the time.
    config = _config(second=None)

    def made(step: Any, images: Any) -> Any:
        random = StepRandom(7)
        random.begin(step)
        return degrade_batch(images, config, 4, random)

    eager = np.asarray(made(0, tf.constant(PHOTOS)))
    np.testing.assert_array_equal(made(0, tf.constant(PHOTOS)), eager)
    assert eager.shape == (3, 24, 16, 3)
    np.testing.assert_allclose(eager * 255, np.rint(eager * 255), atol=1e-3)
    assert 0.0 <= eager.min() < eager.max() <= 1.0
    traced = tf.function(made)
    zero, one = (tf.constant(step, tf.int64) for step in (0, 1))
    graph = np.asarray(traced(zero, PHOTOS))
    steps = tf.data.Dataset.range(1).map(lambda step: (step, PHOTOS)).map(made)
    for other in (graph, np.asarray(next(iter(steps)))):
        assert np.mean(np.abs(other - eager) > 0.5 / 255) < 0.01
    assert np.abs(traced(one, PHOTOS) - graph).mean() > 0.01


def test_without_anything_it_is_the_resize() -> None:
    keep = {"up_probability": 0.0, "down_probability": 0.0}
    stage = {"blur": NONE, "resize": keep, "noise": NONE, "jpeg": NONE}
    final = {"sinc_probability": 0.0, "jpeg": NONE, "modes": ["area", "area"]}
    config = _config(first=stage, second=None, final=final)
    found = degrade_batch(PHOTOS, config, 4, _random(1))
    expected = PHOTOS.reshape(3, 24, 4, 16, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(found, expected, atol=0.51 / 255)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_share_of_a_batch_is_only_reduced(scale: int) -> None:
    """A quarter of 200, give or take four deviations; the others are degraded."""
    config = _config(clean_probability=0.25, second=None)
    photo = PHOTOS[0, :32, :32]
    found = degrade_batch(np.stack([photo] * 200), config, scale, _random(1))
    reduced = np.clip(resize_bicubic(photo, 1 / scale), 0, 1)
    clean = np.abs(found - reduced).max(axis=(1, 2, 3)) <= 0.51 / 255
    assert clean.mean() == pytest.approx(0.25, abs=0.125)
    levels = np.asarray(found) * 255
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)


def test_one_channel_and_a_batch_of_unknown_size() -> None:
    config = _config(second=None)

    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 1))])
    def made(images: tf.Tensor) -> Any:
        return degrade_batch(images, config, 2, _random(3))

    found = made(PHOTOS[:, :32, :32, :1])
    assert found.shape == (3, 16, 16, 1)
    assert np.isfinite(found).all()


def test_gradients_do_not_pass() -> None:
    images = tf.constant(PHOTOS[:, :32, :32])
    with tf.GradientTape() as tape:
        tape.watch(images)
        found = degrade_batch(images, _config(), 4, _random(1))
    assert tape.gradient(found, images) is None


@pytest.mark.parametrize("shape", [(1, 30, 32, 3), (1, 32, 32, 2)])
def test_images_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Received shape"):
        degrade_batch(np.zeros(shape, np.float32), _config(), 4, _random(1))
