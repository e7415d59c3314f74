"""Discriminators that give logits of several scales, in a step of any GAN."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.gradient_penalty import R1Loss
from imgan.models.gan import GAN
from imgan.models.penalties import SlopePenalties
from imgan.models.randomness import StepRandom
from imgan.models.step_metrics import StepMetrics
from imgan.networks.patchgan import MultiScalePatchGAN
from imgan.networks.patchgan import PatchGAN
from tests.models.adversarial import batch
from tests.models.adversarial import compiled
from tests.models.adversarial import networks
from tests.models.adversarial import numbers

SHAPE: dict[str, Any] = {
    **{"channels": 1, "num_filters": 4, "receptive_field": 16},
    "normalization": "none",
}


def _sgd() -> Any:
    return keras.optimizers.SGD(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["relativistic_average", "wasserstein"])
def test_a_list_of_one_scale_is_that_scale(loss: str) -> None:
    """Step by step: the same weights, numbers, penalties, augmentation."""
    results = []
    for discriminator in (
        PatchGAN(**SHAPE),
        MultiScalePatchGAN(num_scales=1, **SHAPE),
    ):
        weights = np.random.default_rng(3)
        for weight in discriminator.weights:
            weight.assign(0.1 * weights.normal(size=weight.shape))
        model = GAN(networks()[0], discriminator, augment="adaptive", seed=2)
        compiled(model, loss, _sgd, penalty=1.0, r1=0.5, r1_every=2, matching=0.1)
        for seed in range(2):
            logs = numbers(model.train_step(batch(seed=seed)))
        results.append((logs, [np.array(w) for w in model.trainable_weights]))
    (ours, mine), (expected, theirs) = results
    assert ours == pytest.approx(expected, rel=1e-6)
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_terms_of_two_scales() -> None:
    """By hand from the logits and features of both scales, before anything moves.

    Hinge: the sum over the scales of mean(relu(1 - real)) + mean(relu(1 + fake)). Of
    features: the mean absolute differences, each times 4 / 2 / 2 scales = 1, times 10.
    """
    discriminator = MultiScalePatchGAN(num_scales=2, **SHAPE)
    model = GAN(networks()[0], discriminator)
    matching = FeatureMatchingLoss("paired", weights=discriminator.feature_weights)
    kind = ADVERSARIAL_LOSSES["hinge"]
    model.compile(
        *(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)),
        *(kind("generator"), kind("discriminator")),
        feature_matching=matching,
        feature_matching_weight=10.0,
    )
    made: list[Any] = []
    fake = model.fake
    model.fake = lambda data: made.append(fake(data)) or made[-1]  # type: ignore[method-assign, func-returns-value]
    data = batch()
    logs = numbers(model.train_step(data))
    real_logits, *real = discriminator.with_features()(data["images"])
    fake_logits, *fakes = discriminator.with_features()(made[0])
    pairs = list(zip(real_logits, fake_logits, strict=True))
    assert len(pairs) == 2
    discriminated = sum(
        np.maximum(1 - np.asarray(r), 0).mean() + np.maximum(1 + f.numpy(), 0).mean()
        for r, f in pairs
    )
    adversarial = -sum(float(tf.reduce_mean(f)) for f in fake_logits)
    assert len(real) == 4
    matched = 10 * sum(
        float(tf.reduce_mean(tf.abs(r - f))) for r, f in zip(real, fakes, strict=True)
    )
    assert logs["discriminator_loss"] == pytest.approx(discriminated, rel=1e-5)
    assert logs["generator_adversarial_loss"] == pytest.approx(adversarial, rel=1e-4)
    assert logs["generator_feature_matching_loss"] == pytest.approx(matched, rel=1e-4)
    right = np.mean(
        [float(tf.reduce_mean(tf.cast(r > 0, tf.float32))) for r, _ in pairs]
    )
    assert logs["discriminator_real_accuracy"] == pytest.approx(right)


def test_numbers_of_scales_are_averaged() -> None:
    """Real right at one of two scales with 4 logits, and at the one of another: 3/4.

    A critic: means of 0 and 1 less those of 2 and -1: (0 - 2 + 1 + 1) / 2 = 0.
    """
    real = [tf.constant([[1.0, 1.0, -1.0, -1.0]]), tf.constant([[1.0]])]
    fake = [tf.constant([[2.0] * 4]), tf.constant([[-1.0]])]
    metrics = StepMetrics(ADVERSARIAL_LOSSES["hinge"]("discriminator"), (), (), ())
    judged = numbers(metrics.judgements(real, fake))
    assert judged == {"real_accuracy": 0.75, "fake_accuracy": 0.5, "real_sign": 0.5}
    metrics = StepMetrics(
        ADVERSARIAL_LOSSES["wasserstein"]("discriminator"), (), (), ()
    )
    assert numbers(metrics.judgements(real, fake)) == {"distance": 0.0}


def test_slopes_of_scales_add_up() -> None:
    """Logits 3 x and 4 x of one pixel, slope 7: R1 of 0.5 / 2 * 49."""
    pixel = keras.Input((1, 1, 1))
    logits = [keras.layers.Rescaling(slope)(pixel) for slope in (3.0, 4.0)]
    network = keras.Model(pixel, logits)
    random = StepRandom(1)
    random.begin(1)
    penalty = SlopePenalties(network, random, None, R1Loss(0.5), 1)
    ones = tf.ones((2, 1, 1, 1))
    values, _ = penalty(ones, ones, [], tf.constant(1))
    assert float(values["r1"]) == pytest.approx(0.25 * 49)
