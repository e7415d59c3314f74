"""What one train step does, against steps written by hand."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.models.base import seed_states
from imgan.models.gan import GAN
from imgan.types import Array
from tests.models.adversarial import batch
from tests.models.adversarial import compiled
from tests.models.adversarial import networks
from tests.models.adversarial import numbers

SEED = 11
RATE = 0.05


def _sgd() -> Any:
    return keras.optimizers.SGD(RATE)


def _draw(sample: Any, shape: list[int], step: int, number: int) -> Any:
    return sample(shape, tf.constant([SEED, 1000 * step + number], tf.int64))


def _descend(network: Any, gradients: Any) -> None:
    for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
        variable.assign(variable - RATE * gradient)


def _reference(
    generator: Any, discriminator: Any, images: Array, step: int, *, critic: bool
) -> None:
    """One step of plain descent on both players, from algorithm 1 of the papers."""
    latents = _draw(tf.random.stateless_normal, [len(images), 5], step, 0)
    # The statistics of its batch normalisation see the latents once.
    with tf.GradientTape(persistent=True) as generation:
        fake = generator(latents, training=True)
        fixed = tf.constant(fake.numpy())
        with generation.stop_recording(), tf.GradientTape() as tape:
            real_logits = discriminator(images, training=True)
            fake_logits = discriminator(fixed, training=True)
            if critic:
                loss = tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)
                share = _draw(
                    tf.random.stateless_uniform, [len(images), 1, 1, 1], step, 1
                )
                between = (1 - share) * images + share * fixed
                with tf.GradientTape() as inner:
                    inner.watch(between)
                    value = discriminator(between, training=True)
                slope = tf.norm(
                    tf.reshape(inner.gradient(value, between), [len(images), -1]),
                    axis=1,
                )
                loss += 10.0 * tf.reduce_mean((slope - 1.0) ** 2)
            else:
                loss = -tf.reduce_mean(
                    tf.math.log(tf.sigmoid(real_logits))
                    + tf.math.log(1.0 - tf.sigmoid(fake_logits))
                )
        with generation.stop_recording():
            gradients = tape.gradient(loss, discriminator.trainable_variables)
            _descend(discriminator, gradients)
        logits = discriminator(fake, training=True)
        loss = -tf.reduce_mean(logits if critic else tf.math.log(tf.sigmoid(logits)))
    _descend(generator, generation.gradient(loss, generator.trainable_variables))


@pytest.mark.parametrize(
    ("loss", "penalty"), [("nonsaturating", 0.0), ("wasserstein", 10.0)]
)
def test_two_steps_are_those_written_by_hand(loss: str, penalty: float) -> None:
    """The order matters: a generator that met the old discriminator would differ."""
    options = {"normalization": "none" if penalty else "batch"}
    model = compiled(
        GAN(*networks(**options), seed=SEED), loss, optimizer=_sgd, penalty=penalty
    )
    generator, discriminator = networks(**options)
    start = generator.get_weights()
    for step in (1, 2):
        data = batch(seed=step)
        model.train_step(data)
        _reference(generator, discriminator, data["images"], step, critic=bool(penalty))
    for ours, theirs in (
        (model.generator, generator),
        (model.discriminator, discriminator),
    ):
        for mine, expected in zip(ours.weights, theirs.weights, strict=True):
            np.testing.assert_allclose(mine, expected, atol=1e-6, err_msg=mine.path)
    moved = zip(start, generator.get_weights(), strict=True)
    assert max(np.abs(before - after).max() for before, after in moved) > 1e-4


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_player_moves_only_by_its_own_optimizer(player: str) -> None:
    """With a rate of zero for one of the two, only the other one moves."""
    model = GAN(*networks(normalization="none"))
    compiled(model, optimizer=_sgd)
    getattr(model, f"{player}_optimizer").learning_rate = 0.0
    frozen = getattr(model, player)
    (moving,) = {model.generator, model.discriminator} - {frozen}
    before = [_trained(frozen), _trained(moving)]
    model.train_step(batch())
    assert _same(_trained(frozen), before[0])
    assert not _same(_trained(moving), before[1])


def _trained(network: Any) -> list[Array]:
    return [np.array(weight) for weight in network.trainable_weights]


def _same(left: list[Array], right: list[Array]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def test_each_optimizer_owns_one_network() -> None:
    model = compiled(GAN(*networks()))
    for network, optimizer in (
        (model.generator, model.generator_optimizer),
        (model.discriminator, model.discriminator_optimizer),
    ):
        # Adam: two slots each, iterations, learning rate.
        slots = len(optimizer.variables) - 2
        assert slots == 2 * len(network.trainable_variables)
    trained = [*model.generator.trainable_variables]
    trained += model.discriminator.trainable_variables
    assert {id(v) for v in model.trainable_variables} == {id(v) for v in trained}


def test_several_steps_of_the_discriminator_share_a_batch() -> None:
    """Two steps of one each equal one model that takes every second item in turn."""
    model = compiled(GAN(*networks(), discriminator_steps=2), optimizer=_sgd)
    seen = []
    judge = model.discriminator.call

    def record(images: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(np.asarray(images))
        return judge(images, *args, **kwargs)

    model.discriminator.call = record
    data = batch(8)
    model.train_step(data)
    assert int(model.discriminator_optimizer.iterations) == 2
    assert int(model.generator_optimizer.iterations) == 1
    assert int(model.step) == 1
    # Real and fake of the first share, real and fake of the second, fake again.
    assert [len(images) for images in seen] == [4] * 5
    np.testing.assert_array_equal(seen[0], data["images"][0::2])
    np.testing.assert_array_equal(seen[2], data["images"][1::2])
    assert not np.array_equal(seen[1], seen[3])
    np.testing.assert_array_equal(seen[3], seen[4])


def test_average_of_the_generator() -> None:
    """After step one it keeps min(0.999, 2/11) and moves by 9/11 of the way."""
    model = compiled(GAN(*networks()), optimizer=_sgd)
    before = _trained(model.generator)
    model.train_step(batch())
    after = _trained(model.generator)
    trained = {id(weight) for weight in model.generator.trainable_weights}
    pairs = zip(model.generator.weights, model.ema_generator.weights, strict=True)
    averages = [np.array(mean) for weight, mean in pairs if id(weight) in trained]
    for start, end, average in zip(before, after, averages, strict=True):
        expected = start + 9 / 11 * (end - start)
        np.testing.assert_allclose(average, expected, atol=1e-6)


def test_the_discriminator_sees_pictures_of_earlier_steps() -> None:
    model = compiled(GAN(*networks(3), image_pool=4), optimizer=_sgd)
    generated, judged = [], []
    make, judge = model.fake, model.discriminator.call

    def record_made(data: Any) -> Any:
        generated.append(make(data))
        return generated[-1]

    def record_judged(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        judged.append(inputs)
        return judge(inputs, *args, **kwargs)

    model.fake, model.discriminator.call = record_made, record_judged  # type: ignore[method-assign]
    for seed in range(3):
        model.train_step(batch(6, 3, seed))
    # Three calls in a step: real, fake from the pool, fake as generated.
    _, pooled, fresh = judged[-3:]
    np.testing.assert_array_equal(fresh[0], generated[-1])
    now = [np.array_equal(a, b) for a, b in zip(pooled[0], generated[-1], strict=True)]
    assert False in now
    flat = {image.numpy().tobytes() for images in generated for image in images}
    assert all(image.numpy().tobytes() in flat for image in pooled[0])
    assert int(model.pool.count) == 4


def test_augmentation_changes_what_is_judged_and_not_what_is_made() -> None:
    model = compiled(GAN(*networks(), augment="diff_augment"))
    seen = []
    judge = model.discriminator.call

    def record(images: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(np.asarray(images))
        return judge(images, *args, **kwargs)

    model.discriminator.call = record
    data = batch()
    model.train_step(data)
    real, fake, again = seen
    assert not np.array_equal(real, data["images"])
    # The generator's turn changes the same pictures in another way.
    assert not np.array_equal(fake, again)


def test_runs_with_one_seed_are_alike_and_with_another_are_not() -> None:
    def run(seed: int) -> list[Array]:
        model = compiled(GAN(*networks(), seed=seed, augment="diff_augment"))
        for index in range(2):
            model.train_step(batch(seed=index))
        return _trained(model.generator)

    assert _same(run(1), run(1))
    assert not _same(run(1), run(2))


def test_accuracies_follow_the_logits() -> None:
    """Logits are 1 for everything: real is right, fake is wrong, the sign is 1."""
    model = compiled(GAN(*networks(normalization="none")), optimizer=_sgd)
    *_, bias = model.discriminator.trainable_weights
    for weight in model.discriminator.trainable_weights:
        weight.assign(tf.zeros_like(weight))
    bias.assign([1.0])
    logs = numbers(model.train_step(batch()))
    assert logs["discriminator_real_accuracy"] == 1.0
    assert logs["discriminator_fake_accuracy"] == 0.0
    assert logs["discriminator_real_sign"] == 1.0


# === Precision ===


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(dtype: str) -> None:
    model = compiled(
        GAN(*networks(dtype=dtype, normalization="none")),
        penalty=1.0,
        r1=0.5,
        r1_every=1,
        matching=0.1,
    )
    scaled = dtype == "mixed_float16"
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        wrapped = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert wrapped == scaled
    before = _trained(model.generator) + _trained(model.discriminator)
    for seed in range(2):
        logs = numbers(model.train_step(batch(seed=seed)))
    after = _trained(model.generator) + _trained(model.discriminator)
    assert all(weight.dtype == np.float32 for weight in after)
    assert np.isfinite(list(logs.values())).all()
    assert all(np.isfinite(weight).all() for weight in after)
    assert not _same(before, after)


def test_numbers_of_a_loss_scaled_step_are_those_of_float32() -> None:
    """Scaling by 2**15 shows nowhere in what is reported."""
    half = compiled(GAN(*networks(dtype="mixed_float16", normalization="none")))
    full = compiled(GAN(*networks(normalization="none")))
    ours, expected = (
        numbers(half.train_step(batch())),
        numbers(full.train_step(batch())),
    )
    for name in ("generator_loss", "discriminator_loss"):
        assert ours[name] == pytest.approx(expected[name], rel=0.01)
    for name in ("generator_gradient_norm", "discriminator_gradient_norm"):
        assert ours[name] == pytest.approx(expected[name], rel=0.05)


def test_a_step_that_overflows_is_skipped() -> None:
    """At a scale of 2**120 every float16 gradient is infinite."""
    model = compiled(GAN(*networks(dtype="mixed_float16", normalization="none")))
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    model.train_step(batch())
    before = _trained(model.generator) + _trained(model.discriminator)
    counted = numbers(model.train_step(batch()))
    after = _trained(model.generator) + _trained(model.discriminator)
    assert not _same(before, after)
    for optimizer in optimizers:
        optimizer.dynamic_scale.assign(2.0**120)
    skipped = numbers(model.train_step(batch()))
    assert _same(_trained(model.generator) + _trained(model.discriminator), after)
    assert np.isfinite(list(skipped.values())).all()
    for name in ("generator_gradient_norm", "discriminator_gradient_norm"):
        # An average over the two steps that counted.
        assert skipped[name] == pytest.approx(counted[name])
    assert [float(o.dynamic_scale) for o in optimizers] == [2.0**119] * 2


# === State ===


def test_seed_states_are_those_of_dropout() -> None:
    _, plain = networks()
    assert seed_states(plain) == []
    _, dropping = networks(dropout=0.5)
    states = seed_states(dropping)
    droppers = [k for k in dropping.layers if isinstance(k, keras.layers.Dropout)]
    assert len(states) == len(droppers) > 0
    before = [np.array(state) for state in states]
    dropping(batch()["images"], training=True)
    assert not _same(before, [np.array(state) for state in states])


@pytest.mark.parametrize(("options", "named"), [({}, False), ({"image_pool": 3}, True)])
def test_training_state_names_what_a_checkpoint_holds(
    options: dict[str, Any], named: bool
) -> None:
    state = compiled(GAN(*networks(dropout=0.5), **options)).training_state()
    assert ("pool" in state) == named
    assert set(state) - {"pool"} == {
        *("generator", "discriminator", "ema_generator", "step", "augmentation"),
        *("generator_optimizer", "discriminator_optimizer", "seeds"),
    }


def test_a_checkpoint_continues_exactly(tmp_path: Any) -> None:
    """With dropout, a pool and adaptive augmentation; two steps before, two after."""
    options: dict[str, Any] = {"image_pool": 4, "augment": "adaptive", "seed": SEED}
    make: Callable[[], GAN] = lambda: compiled(  # noqa: E731
        GAN(*networks(dropout=0.5), **options)
    )
    model = make()
    for seed in range(4):
        if seed == 2:
            checkpoint = tf.train.Checkpoint(**model.training_state())
            path = checkpoint.write(str(tmp_path / "state"))
        model.train_step(batch(seed=seed))
    resumed = make()
    checkpoint = tf.train.Checkpoint(**resumed.training_state())
    checkpoint.read(path).assert_consumed()
    for seed in (2, 3):
        resumed.train_step(batch(seed=seed))
    for network in ("generator", "discriminator", "ema_generator"):
        ours, theirs = getattr(resumed, network), getattr(model, network)
        assert _same(ours.get_weights(), theirs.get_weights()), network
