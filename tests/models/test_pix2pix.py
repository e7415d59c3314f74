"""What a step of pix2pix does, against values derived by hand, and what is saved."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.adversarial import ADVERSARIAL_LOSSES
from imgan.losses.feature_matching import FeatureMatchingLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.losses.pixel import PixelL2Loss
from imgan.models.pix2pix import Pix2Pix
from imgan.networks.patchgan import MultiScalePatchGAN
from imgan.networks.patchgan import PatchGAN
from imgan.networks.unet import UNetGenerator
from tests.models.adversarial import numbers
from tests.models.small import OneWeight

# One pixel: the generator is given 2 and shall make 3.
PIXEL = {"source": tf.fill((1, 1, 1, 1), 2.0), "target": tf.fill((1, 1, 1, 1), 3.0)}


class Judge(keras.Model):
    """`logit = v * image + u * source`, and that is its one feature as well."""

    def __init__(self, v: float = 0.25, u: float = -0.5) -> None:
        inputs = [keras.Input((None, None, 1)) for _ in range(2)]
        layer = keras.layers.Conv2D(1, 1, use_bias=False)
        logits = layer(keras.layers.Concatenate()(inputs))
        super().__init__(inputs, logits)
        layer.set_weights([np.array([v, u], np.float32).reshape(1, 1, 2, 1)])

    def with_features(self) -> keras.Model:
        """Return a model that gives `[logits, feature]`."""
        return keras.Model(self.inputs, [self.outputs[0], self.outputs[0]])

    @property
    def numbers(self) -> list[float]:
        """Weights `v` and `u`."""
        return [float(value) for value in self.weights[0].numpy().ravel()]


def small(loss: str = "least_squares", **options: Any) -> Pix2Pix:
    """`output = w * source`, gradient descent with rate 0.01."""
    model = Pix2Pix(OneWeight(0.5), Judge())
    return compiled(model, loss, lambda: keras.optimizers.SGD(0.01), **options)


def compiled(model: Pix2Pix, loss: str, optimizer: Any, **options: Any) -> Pix2Pix:
    kind = ADVERSARIAL_LOSSES[loss]
    values = {
        "pixel_loss": PixelL1Loss(),
        "weights": {"pixel": 10.0, "adversarial": 2.0, "perceptual": 0.5},
    }
    model.compile(
        *(optimizer(), optimizer()),
        *(kind("generator"), kind("discriminator")),
        **{**values, **options},
    )
    return model


def real(
    dtype: str = "float32", *, several: bool = True, dropout: float = 0.5
) -> Pix2Pix:
    """Real networks from grey to colour, all terms."""
    keras.utils.set_random_seed(3)
    kind = MultiScalePatchGAN if several else PatchGAN
    judge = kind(condition_channels=1, receptive_field=16, num_filters=4, dtype=dtype)
    generator = UNetGenerator(
        input_channels=1, num_levels=3, num_filters=4, dropout=dropout, dtype=dtype
    )
    return compiled(
        Pix2Pix(generator, judge, seed=2),
        "hinge",
        lambda: keras.optimizers.Adam(1e-3, beta_1=0.5),
        perceptual=PixelL2Loss(),
        feature_matching=FeatureMatchingLoss("paired", weights=judge.feature_weights),
        feature_matching_weight=10.0,
    )


def pictures(count: int = 2) -> dict[str, Any]:
    random = np.random.default_rng(2)
    target = random.uniform(-1, 1, (count, 16, 16, 3)).astype(np.float32)
    return {"source": tf.constant(target[..., :1]), "target": tf.constant(target)}


def test_a_step_by_hand() -> None:
    """The output is w s = 1, logits v t + u s = -1/4 of the target, -3/4 of the output.

    Discriminator: ((-5/4)^2 + (3/4)^2) / 2 = 1.0625, by v: -5/4 * 3 - 3/4 * 1 = -4.5,
    by u: -5/4 * 2 - 3/4 * 2 = -4, both with their source. So v = 0.295, u = -0.46.

    Generator, judged by those: the logit is 0.295 - 0.92 = -0.625, 2 * 1.625^2 / 2 =
    2.640625, by w: 2 * -1.625 * v s = -1.9175. Pixels: 10 * |3 - 1| = 20, by w: -10 s.
    """
    model = small()
    logs = numbers(model.train_step(PIXEL))
    assert logs == pytest.approx(
        {
            "generator_loss": 22.640625,
            "generator_pixel_loss": 20.0,
            "generator_adversarial_loss": 2.640625,
            "generator_gradient_norm": 21.9175,
            "discriminator_loss": 1.0625,
            "discriminator_real_accuracy": 0.0,
            "discriminator_fake_accuracy": 1.0,
            "discriminator_real_sign": -1.0,
            "discriminator_gradient_norm": np.hypot(4.5, 4.0),
        }
    )
    assert model.discriminator.numbers == pytest.approx([0.295, -0.46])
    assert model.generator.weight == pytest.approx(0.719175)
    assert model.ema_generator.weight == pytest.approx(0.5 + 9 / 11 * 0.219175)


def test_hinge_and_all_terms_by_hand() -> None:
    """Hinge: 1 + 1/4 and 1 - 3/4, by v: -3 + 1, by u: -2 + 2. So v becomes 0.27.

    Generator: 2 * -(0.27 - 1) = 1.46, by w: -2 * 0.27 * 2. Features: 3 * 0.27 * |3 - 1|
    = 1.62, by w: -3 * 0.27 * 2. A distance that stands in for the perceptual one: half
    of (3 - 1)^2, by w: -2 * 2 * 2 / 2. Pixels: 20 and -20.
    """
    model = small(
        "hinge",
        perceptual=PixelL2Loss(),
        feature_matching=FeatureMatchingLoss("paired"),
        feature_matching_weight=3.0,
    )
    logs = numbers(model.train_step(PIXEL))
    assert model.discriminator.numbers == pytest.approx([0.27, -0.5])
    assert logs["discriminator_loss"] == pytest.approx(1.5)
    assert logs["generator_adversarial_loss"] == pytest.approx(1.46)
    assert logs["generator_feature_matching_loss"] == pytest.approx(1.62)
    assert logs["generator_perceptual_loss"] == pytest.approx(2.0)
    assert logs["generator_pixel_loss"] == pytest.approx(20.0)
    assert logs["generator_loss"] == pytest.approx(25.08)
    assert logs["generator_gradient_norm"] == pytest.approx(26.7)


def test_terms_that_are_not_asked_for_are_not_there() -> None:
    model = small()
    assert model.term_names == ("pixel",)
    names = set(model.train_step(PIXEL))
    assert not {"generator_perceptual_loss", "generator_feature_matching_loss"} & names
    model = small(perceptual=PixelL2Loss())
    assert model.term_names == ("pixel", "perceptual")


def test_without_an_adversarial_weight_pixels_alone_teach() -> None:
    """By w: -20. The discriminator learns all the same."""
    model = small(weights={"pixel": 10.0, "adversarial": 0.0})
    logs = numbers(model.train_step(PIXEL))
    assert model.generator.weight == pytest.approx(0.7)
    assert logs["generator_adversarial_loss"] == 0.0
    assert model.discriminator.numbers == pytest.approx([0.295, -0.46])


def test_without_a_pixel_weight_the_discriminator_alone_teaches() -> None:
    model = small(weights={"pixel": 0.0, "adversarial": 2.0})
    logs = numbers(model.train_step(PIXEL))
    assert logs["generator_pixel_loss"] == 0.0
    assert model.generator.weight == pytest.approx(0.5 + 0.019175)


def test_the_pixel_loss_is_the_one_that_was_given() -> None:
    """Ten times (3 - 1)^2."""
    logs = numbers(small(pixel_loss=PixelL2Loss()).train_step(PIXEL))
    assert logs["generator_pixel_loss"] == pytest.approx(40.0)


def test_each_output_is_judged_with_its_own_source() -> None:
    """Two steps of the discriminator share a batch of four: pairs stay together.

    The output is the source as it was, so a judge that subtracts finds nothing: its
    logits of outputs are all 0, which least squares wants and counts as right.
    """
    model = Pix2Pix(OneWeight(1.0), Judge(1.0, -1.0), discriminator_steps=2)
    compiled(model, "least_squares", lambda: keras.optimizers.SGD(0.0))
    source = tf.reshape(tf.constant([1.0, -2.0, 3.0, 5.0]), (4, 1, 1, 1))
    logs = numbers(model.train_step({"source": source, "target": source + 1.0}))
    assert logs["discriminator_loss"] == 0.0
    assert logs["discriminator_real_accuracy"] == 1.0
    assert logs["discriminator_fake_accuracy"] == 1.0


@pytest.mark.parametrize("several", [False, True])
def test_terms_of_real_networks_add_up(several: bool) -> None:
    model = real(several=several)
    logs = numbers(model.train_step(pictures()))
    names = ("pixel", "perceptual", "adversarial", "feature_matching")
    terms = {name: logs[f"generator_{name}_loss"] for name in names}
    assert logs["generator_loss"] == pytest.approx(sum(terms.values()), rel=1e-5)
    assert min(terms[n] for n in names if n != "adversarial") > 0


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(dtype: str) -> None:
    model = real(dtype)
    if dtype == "mixed_float16":
        for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
            # The first one, 2**15, is too much for the weight of the pixels.
            optimizer.dynamic_scale.assign(2.0**6)
    before = [weight.numpy() for weight in model.trainable_weights]
    logs = numbers(model.train_step(pictures()))
    assert np.isfinite(list(logs.values())).all()
    after = [weight.numpy() for weight in model.trainable_weights]
    assert all(np.isfinite(weight).all() for weight in after)
    assert {weight.dtype for weight in after} == {np.dtype("float32")}
    moved = [(old != new).any() for old, new in zip(before, after, strict=True)]
    assert np.mean(moved) > 0.9


def test_saved_and_loaded_it_goes_on_alike(tmp_path: Path) -> None:
    """Without dropout, whose state a saved model does not hold."""
    model = real(dropout=0.0)
    model.train_step(pictures())
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.weights_of_terms == model.weights_of_terms
    assert again.term_names == model.term_names
    logs = numbers(again.train_step(pictures()))
    assert set(logs) == set(numbers(model.train_step(pictures())))
    for old, new in zip(model.weights, again.weights, strict=True):
        np.testing.assert_allclose(old.numpy(), new.numpy(), rtol=1e-5, atol=1e-6)


def test_what_a_model_was_compiled_with_is_saved() -> None:
    model = Pix2Pix(OneWeight(), Judge())
    assert model.get_compile_config() == {}
    config = real().get_compile_config()
    twin = real()
    twin.compile_from_config(config)
    assert twin.get_compile_config() == config
    assert config["weights"] == {"pixel": 10.0, "adversarial": 2.0, "perceptual": 0.5}
    assert isinstance(twin.perceptual, PixelL2Loss)
    plain = small().get_compile_config()
    assert plain["perceptual"] is None


def test_a_checkpoint_holds_the_states_of_dropout() -> None:
    state = real().training_state()
    assert len(state["seeds"]) > 0
    assert "pool" not in state
    assert real(dropout=0.0).training_state()["seeds"] == []
