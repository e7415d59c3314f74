import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.models.gan import GAN
from imgan.networks.mlp import MLPDiscriminator
from imgan.networks.mlp import MLPGenerator
from tests.models.adversarial import LOSSES
from tests.models.adversarial import SIZE
from tests.models.adversarial import batch
from tests.models.adversarial import compiled
from tests.models.adversarial import networks
from tests.models.adversarial import numbers

JUDGED = {
    "discriminator_real_accuracy",
    "discriminator_fake_accuracy",
    "discriminator_real_sign",
}
ALWAYS = {
    "generator_loss",
    "generator_gradient_norm",
    "discriminator_loss",
    "discriminator_gradient_norm",
}


# Two of them have all that differs in `fit`.
SLOW = {("nonsaturating", 0), ("wasserstein", 3)}


@pytest.mark.parametrize(
    ("loss", "classes"),
    [
        pytest.param(
            *case, marks=pytest.mark.slow if case in SLOW else pytest.mark.thorough
        )
        for case in itertools.product(LOSSES, (0, 3))
    ],
)
def test_fit_reports_every_number(loss: str, classes: int) -> None:
    model = compiled(GAN(*networks(classes)), loss)
    data = tf.data.Dataset.from_tensors(batch(classes=classes)).repeat()
    history = model.fit(data, steps_per_epoch=3, shuffle=False, verbose=0).history
    bounded = loss != "wasserstein"
    expected = ALWAYS | (JUDGED if bounded else {"discriminator_distance"})
    assert set(history) == expected
    assert np.isfinite([values[0] for values in history.values()]).all()
    assert history["generator_gradient_norm"][0] > 0
    assert history["discriminator_gradient_norm"][0] > 0
    assert int(model.step) == 3


def test_terms_and_penalties_are_reported_by_name() -> None:
    pair = networks(normalization="none")
    model = compiled(GAN(*pair, augment="adaptive"), penalty=1.0, r1=0.5, matching=0.25)
    logs = numbers(model.train_step(batch()))
    assert set(logs) == ALWAYS | JUDGED | {
        "generator_adversarial_loss",
        "generator_feature_matching_loss",
        "discriminator_gradient_penalty",
        "discriminator_r1",
        "augment_probability",
    }
    total = logs["generator_adversarial_loss"] + logs["generator_feature_matching_loss"]
    assert logs["generator_loss"] == pytest.approx(total, rel=1e-6)


def test_call_and_predict_are_the_generator() -> None:
    model = compiled(GAN(*networks(3)))
    latents = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    labels = np.array([0, 1, 2, 1], np.int32)
    expected = model.generator([latents, labels], training=False)
    assert expected.shape == (4, SIZE, SIZE, 1)
    np.testing.assert_array_equal(model([latents, labels]), expected)
    predicted = model.predict([latents, labels], verbose=0)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def test_generated_pictures_take_the_labels_of_the_batch() -> None:
    model = compiled(GAN(*networks(3)))
    data = batch(5, 3)
    shown: list[Any] = []
    generator, judge = model.generator.call, model.discriminator.call

    def spy(call: Any) -> Any:
        def record(inputs: Any, *args: Any, **kwargs: Any) -> Any:
            shown.append(inputs[1])
            return call(inputs, *args, **kwargs)

        return record

    model.generator.call, model.discriminator.call = spy(generator), spy(judge)
    model.train_step(data)
    # Generated once; judged real, fake, and fake again for the generator.
    assert len(shown) == 4
    for labels in shown:
        np.testing.assert_array_equal(labels, data["labels"])


def test_latents_are_drawn_as_the_generator_wants_them() -> None:
    shape: dict[str, Any] = {"image_size": SIZE, "hidden_units": (6,)}
    uniform = GAN(MLPGenerator(latent_dim=7, **shape), MLPDiscriminator(**shape))
    uniform.random.begin(1)
    draws = np.asarray(uniform.latents(1000))
    assert draws.shape == (1000, 7)
    assert -1 <= draws.min() < -0.99
    assert 0.99 < draws.max() < 1
    normal = GAN(*networks())
    normal.random.begin(1)
    draws = np.asarray(normal.latents(1000))
    assert draws.shape == (1000, 5)
    assert abs(draws.mean()) < 0.05
    assert abs(draws.std() - 1) < 0.05


# === Saving ===

SAVED: dict[str, dict[str, Any]] = {
    "plain": {},
    "pool and labels": {"classes": 3, "gan": {"image_pool": 5}},
    "adaptive": {
        "gan": {"augment": "adaptive", "discriminator_steps": 2},
        "r1": 0.5,
        "r1_every": 3,
        "judge": {"normalization": "none", "spectral": True},
    },
    "float16": {"judge": {"dtype": "mixed_float16"}},
}


def _made(
    classes: int = 0,
    gan: dict[str, Any] | None = None,
    judge: dict[str, Any] | None = None,
    **options: Any,
) -> GAN:
    pair = networks(classes, **(judge or {}))
    return compiled(GAN(*pair, seed=9, **(gan or {})), "hinge", **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAVED)
def test_a_loaded_model_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, name: str
) -> None:
    """Weights, both optimizers, step, average, pool and augmentation are all there."""
    case = SAVED[name]
    model, classes = _made(**case), case.get("classes", 0)
    for index in range(5):
        model.train_step(batch(seed=index, classes=classes))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert int(loaded.step) == 5
    for index in range(5, 7):
        ours = numbers(model.train_step(batch(seed=index, classes=classes)))
        theirs = numbers(loaded.train_step(batch(seed=index, classes=classes)))
    assert _state(loaded).keys() == _state(model).keys()
    for path, value in _state(model).items():
        np.testing.assert_array_equal(_state(loaded)[path], value, err_msg=path)
    assert theirs.keys() == ours.keys()


def _state(model: GAN) -> dict[str, Any]:
    optimizers = {
        f"{owner}/{index}": variable
        for owner in ("generator_optimizer", "discriminator_optimizer")
        for index, variable in enumerate(getattr(model, owner).variables)
    }
    metrics = {id(v) for metric in model.metrics for v in metric.variables}
    weights = {
        f"weight/{index}": variable
        for index, variable in enumerate(model.weights)
        if id(variable) not in metrics
    }
    return {k: np.asarray(v) for k, v in (optimizers | weights).items()}


def test_what_a_model_was_compiled_with_is_saved() -> None:
    model = compiled(
        GAN(*networks(normalization="none"), discriminator_steps=3, ema_decay=0.5),
        "relativistic_average",
        penalty=3.0,
        r1=0.25,
        r1_every=7,
        matching=0.125,
    )
    twin = GAN.from_config(model.get_config())
    twin.compile_from_config(model.get_compile_config())
    assert twin.get_config() == model.get_config()
    assert twin.get_compile_config() == model.get_compile_config()
    assert twin.discriminator_steps == 3
    assert twin.gradient_penalty.weight == 3.0
    assert (twin.r1.gamma, twin.r1_every) == (0.25, 7)
    assert twin.feature_matching_weight == 0.125
    assert twin.discriminator_loss.side == "discriminator"
    assert twin.generator_optimizer.beta_1 == 0.5


def test_a_model_that_was_not_compiled_is_saved_too(tmp_path: Path) -> None:
    model = GAN(*networks())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not loaded.compiled
    latents = np.ones((2, 5), np.float32)
    np.testing.assert_array_equal(loaded(latents), model(latents))
