from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.artifacts import ArtifactLoss
from imgan.losses.chroma import ChromaLoss
from imgan.losses.color import ColorLoss
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.frequency import FocalFrequencyLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.losses.pixel import PixelL2Loss
from imgan.losses.sliced_wasserstein import SlicedWassersteinLoss
from imgan.models.srgan import SRGAN
from imgan.networks.repsr import RepSR
from imgan.networks.unet_discriminator import UNetDiscriminator
from tests.marks import thorough
from tests.models.small import OneWeight

BATCH = {
    "lr_images": np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1),
    "hr_images": np.array([1, 1, 1, 4], np.float32).reshape(1, 2, 2, 1),
}


def small(loss: str = "wasserstein", **options: Any) -> SRGAN:
    """`output = w * input`, `logit = v * pixel`, gradient descent with rate 0.1."""
    model = SRGAN(OneWeight(0.5), OneWeight(1.0))
    return compiled(model, loss, lambda: keras.optimizers.SGD(0.1), **options)


def compiled(
    model: SRGAN, loss: str, optimizer: Any, weights: Any = None, **options: Any
) -> SRGAN:
    kind = ADVERSARIAL_LOSSES[loss]
    model.compile(
        generator_optimizer=optimizer(),
        discriminator_optimizer=optimizer(),
        generator_loss=kind("generator"),
        discriminator_loss=kind("discriminator"),
        pixel_loss=options.pop("pixel_loss", None) or PixelL1Loss(),
        pixel_optimizer=optimizer(),
        weights=weights or {"pixel": 2.0, "adversarial": 0.1},
        **options,
    )
    return model


def real(dtype: str = "float32", **options: Any) -> SRGAN:
    """Real networks, all terms."""
    keras.utils.set_random_seed(3)
    model = SRGAN(
        RepSR(scale=2, num_filters=4, num_convs=1, dtype=dtype),
        UNetDiscriminator(num_filters=4, dtype=dtype),
        **options,
    )
    return compiled(
        model,
        "relativistic_average",
        lambda: keras.optimizers.Adam(1e-3),
        {
            "pixel": 1.0,
            "adversarial": 0.1,
            "frequency": 0.5,
            "artifacts": 2.0,
            "color": 3.0,
            "chroma": 2.0,
            "texture": 0.5,
        },
        content_losses={
            "frequency": FocalFrequencyLoss(),
            "color": ColorLoss(),
            "chroma": ChromaLoss(),
            "texture": SlicedWassersteinLoss(8, 2, margin=0),
        },
        artifacts=ArtifactLoss(),
        feature_matching=FeatureMatchingLoss("paired"),
        feature_matching_weight=0.3,
    )


def photographs(count: int = 4) -> dict[str, Any]:
    random = np.random.default_rng(2)
    hr = random.random((count, 16, 16, 3)).astype(np.float32)
    return {"lr_images": tf.constant(hr[:, ::2, ::2]), "hr_images": tf.constant(hr)}


def numbers(logs: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}


def test_the_pixel_stage_is_gradient_descent_on_the_pixel_loss_alone() -> None:
    """Predictions 0.5 1 1.5 2 against 1 1 1 4: the loss is 3/4, its slope -1/2."""
    model = small()
    model.begin("pixel")
    logs = numbers(model.train_step(BATCH))
    assert logs == pytest.approx(
        {"generator_pixel_loss": 0.75, "generator_gradient_norm": 0.5}
    )
    assert model.generator.weight == pytest.approx(0.55)
    assert model.discriminator.weight == 1.0


def test_the_adversarial_stage_moves_both_by_their_weighted_losses() -> None:
    """The critic's loss is v * (mean fake - mean real) = v * (1.25 - 1.75).

    Its slope is -1/2, so v becomes 1.05. The generator minimises twice the pixel loss,
    2 * 3/4 with the slope -1, plus a tenth of -1.05 * mean(w * input), -0.13125 with
    the slope -0.1 * 1.05 * 2.5 = -0.2625. So w becomes 0.5 + 0.1 * 1.2625.
    """
    model = small()
    logs = numbers(model.train_step(BATCH))
    assert model.discriminator.weight == pytest.approx(1.05)
    assert logs["generator_pixel_loss"] == pytest.approx(1.5)
    assert logs["generator_adversarial_loss"] == pytest.approx(-0.13125)
    assert logs["generator_loss"] == pytest.approx(1.36875)
    assert logs["generator_gradient_norm"] == pytest.approx(1.2625)
    assert model.generator.weight == pytest.approx(0.62625)


def test_content_is_compared_with_the_target_and_judged_against_the_truth() -> None:
    """Targets of 2 everywhere: |w * x - 2| is 1.5 1 0.5 0, 3/4 on average, twice.

    The critic sees the true mean 1.75 as before.
    """
    model = small()
    target = np.full((1, 2, 2, 1), 2, np.float32)
    logs = numbers(model.train_step({**BATCH, "target_images": target}))
    assert logs["generator_pixel_loss"] == pytest.approx(1.5)
    assert logs["discriminator_distance"] == pytest.approx(0.5)


def test_the_pixel_loss_is_the_one_that_was_given() -> None:
    """Squares of 0.5 0 0.5 2 are 0.25 0 0.25 4: 4.5 / 4."""
    model = small(pixel_loss=PixelL2Loss())
    model.begin("pixel")
    logs = numbers(model.train_step(BATCH))
    assert logs["generator_pixel_loss"] == pytest.approx(1.125)


def test_every_term_is_reported_and_they_add_up() -> None:
    model = real()
    logs = numbers(model.train_step(photographs()))
    names = ("pixel", "frequency", "artifacts", "color", "chroma", "texture")
    names += ("adversarial", "feature_matching")
    terms = [logs[f"generator_{name}_loss"] for name in names]
    assert all(term > 0 for term in terms)
    assert logs["generator_loss"] == pytest.approx(sum(terms), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [thorough("mixed_bfloat16"), "mixed_float16"])
def test_both_stages_train_in_half_precision(dtype: str) -> None:
    model = real(dtype)
    data = tf.data.Dataset.from_tensors(photographs()).repeat()
    for stage in ("pixel", "adversarial"):
        before = [weight.numpy() for weight in model.generator.trainable_weights]
        model.begin(stage)  # type: ignore[arg-type]
        model.fit(data, steps_per_epoch=2, shuffle=False, verbose=0)
        after = [weight.numpy() for weight in model.generator.trainable_weights]
        assert all(np.isfinite(weight).all() for weight in after)
        pairs = zip(before, after, strict=True)
        assert any((old != new).any() for old, new in pairs)


@pytest.mark.slow
def test_fit_goes_from_one_stage_to_the_other() -> None:
    model = real()
    data = tf.data.Dataset.from_tensors(photographs()).repeat()
    start = [weight.numpy() for weight in model.discriminator.weights]
    model.begin("pixel")
    first = model.fit(data, steps_per_epoch=2, shuffle=False, verbose=0).history
    assert set(first) == {"generator_pixel_loss", "generator_gradient_norm"}
    for weight, old in zip(model.discriminator.weights, start, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
    model.begin("adversarial")
    second = model.fit(data, steps_per_epoch=2, shuffle=False, verbose=0).history
    assert "discriminator_loss" in second
    # Names that both stages have are told by the stage that ran.
    for history in (first, second):
        assert history["generator_pixel_loss"][0] > 0
        assert history["generator_gradient_norm"][0] > 0
    assert int(model.step) == 4
    assert int(model.pixel_optimizer.iterations) == 2
    assert int(model.generator_optimizer.iterations) == 2


def test_the_moving_average_follows_in_both_stages() -> None:
    """After step one it keeps 2/11 of the old weight, after step two 3/12."""
    model = small()
    model.begin("pixel")
    model.train_step(BATCH)
    first = 0.5 + 9 / 11 * 0.05
    assert model.ema_generator.weight == pytest.approx(first)
    model.begin("adversarial")
    model.train_step(BATCH)
    expected = first + 9 / 12 * (model.generator.weight - first)
    assert model.ema_generator.weight == pytest.approx(expected)


@pytest.mark.slow
def test_a_saved_model_goes_on_training_alike(tmp_path: Path) -> None:
    model = real()
    model.train_step(photographs())
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for network in ("generator", "discriminator"):
        pairs = zip(
            getattr(model, network).weights,
            getattr(again, network).weights,
            strict=True,
        )
        for old, new in pairs:
            np.testing.assert_array_equal(old.numpy(), new.numpy())
    logs = numbers(again.train_step(photographs()))
    assert set(logs) == set(numbers(model.train_step(photographs())))
    assert again.weights_of_terms == model.weights_of_terms
    assert again.content_losses.keys() == model.content_losses.keys()


def test_a_checkpoint_holds_the_optimizers_of_both_stages() -> None:
    state = real().training_state()
    assert {"pixel_optimizer", "generator_optimizer", "discriminator_optimizer"} <= set(
        state
    )
