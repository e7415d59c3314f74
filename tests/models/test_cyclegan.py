"""What a step of CycleGAN does, against values derived by hand, and what is saved."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.losses.adversarial import LeastSquaresLoss
from imgan.losses.pixel import PixelL1Loss
from imgan.models.cyclegan import CycleGAN
from imgan.models.randomness import StepRandom
from imgan.networks.patchgan import MultiScalePatchGAN
from imgan.types import Array
from tests.marks import thorough
from tests.models import cyclegan
from tests.models.adversarial import numbers
from tests.models.cyclegan import batch
from tests.models.cyclegan import compiled
from tests.models.small import OneWeight
from tests.models.test_replicas import printed

NETWORKS = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
AVERAGES = ("ema_generator", "ema_generator_ba")


def _by_hand(**options: Any) -> CycleGAN:
    """b = p a, a = q b, logits u a and v b; p = 1/2, q = 1/4, u = 3, v = 1/4."""
    made = CycleGAN(
        *(OneWeight(start) for start in (0.5, 0.25, 3.0, 0.25)),
        image_shape_a=(1, 1, 1),
        image_shape_b=(1, 1, 1),
    )
    return compiled(made, optimizer=lambda: keras.optimizers.SGD(0.01), **options)


def _pixels() -> dict[str, Any]:
    """One pixel of 2 in domain a, one of 4 in domain b."""
    return {
        "domain_a": tf.fill((1, 1, 1, 1), 2.0),
        "domain_b": tf.fill((1, 1, 1, 1), 4.0),
    }


def _weights(made: CycleGAN) -> list[float]:
    return [getattr(made, name).weight for name in NETWORKS]


def test_a_step_by_hand() -> None:
    """Both generated pixels are p a = q b = 1, there and back 1/4 and 1/2.

    Generators. Adversarial: ((u - 1)^2 + (v - 1)^2) / 2 = 2 + 9/32 = 2.28125. Cycle:
    10 * (1.75 + 3.5) = 52.5. Identity: q a = 1/2 and p b = 2, 5 * (1.5 + 2) = 17.5.
    By p: (v - 1) v a = -0.375, 10 * -(q a + q b) = -15, 5 * -b = -20: -35.375. By q:
    (u - 1) u b = 24, 10 * -(p a + p b) = -30, 5 * -a = -10: -16.

    Discriminators, on the pixels from before. Of a: ((3 * 2 - 1)^2 + 3^2) / 2 = 17, of
    b: (0 + (1/4)^2) / 2 = 1/32. By u: 5 * 2 + 3 = 13; by v: 0 * 4 + 1/4. Logits 6 and 1
    of real pixels are above 1/2, of the generated ones 1/4 is below and 3 is not.
    """
    made = _by_hand(identity_loss=PixelL1Loss(), identity_weight=5.0)
    logs = numbers(made.train_step(_pixels()))
    assert logs == pytest.approx(
        {
            "generator_loss": 72.28125,
            "generator_adversarial_loss": 2.28125,
            "generator_cycle_loss": 52.5,
            "generator_identity_loss": 17.5,
            "generator_gradient_norm": np.hypot(35.375, 16.0),
            "discriminator_loss": 17.03125,
            "discriminator_real_accuracy": 1.0,
            "discriminator_fake_accuracy": 0.5,
            "discriminator_real_sign": 1.0,
            "discriminator_gradient_norm": np.hypot(13.0, 0.25),
            "discriminator_a_real_accuracy": 1.0,
            "discriminator_a_fake_accuracy": 0.0,
            "discriminator_b_real_accuracy": 1.0,
            "discriminator_b_fake_accuracy": 1.0,
        }
    )
    expected = [0.5 + 0.35375, 0.25 + 0.16, 3.0 - 0.13, 0.25 - 0.0025]
    assert _weights(made) == pytest.approx(expected)
    # The average keeps 2/11 of the first weights.
    assert made.ema_generator.weight == pytest.approx(0.5 + 9 / 11 * 0.35375)
    assert made.ema_generator_ba.weight == pytest.approx(0.25 + 9 / 11 * 0.16)


def test_without_identity_and_with_the_weights_of_the_paper() -> None:
    """An adversarial weight of 2 undoes the half of least squares for generators."""
    made = _by_hand(cycle_weight=1.0, adversarial_weight=2.0)
    logs = numbers(made.train_step(_pixels()))
    assert "generator_identity_loss" not in logs
    assert logs["generator_adversarial_loss"] == pytest.approx(4.5625)
    assert logs["generator_cycle_loss"] == pytest.approx(5.25)
    assert logs["generator_loss"] == pytest.approx(9.8125)
    assert logs["discriminator_loss"] == pytest.approx(17.03125)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_side_moves_only_by_its_own_optimizer(player: str) -> None:
    made = _by_hand()
    getattr(made, f"{player}_optimizer").learning_rate = 0.0
    before = _weights(made)
    made.train_step(_pixels())
    moved = [a != b for a, b in zip(before, _weights(made), strict=True)]
    frozen = player == "generator"
    assert moved == [not frozen, not frozen, frozen, frozen]


def test_discriminators_see_earlier_pictures_of_their_own_domain() -> None:
    """Of six pictures some are exchanged for those of the step before."""
    made = compiled(cyclegan.model(image_pool=6))
    seen: dict[str, list[Array]] = {"a": [], "b": []}
    made_so_far: dict[str, list[Array]] = {"a": [], "b": []}
    remembered = made.remembered

    def record(fakes: Any) -> Any:
        shown = remembered(fakes)
        for domain, new, old in zip("ab", fakes, shown, strict=True):
            made_so_far[domain].append(np.asarray(new))
            seen[domain].append(np.asarray(old))
        return shown

    made.remembered = record  # type: ignore[method-assign]
    for seed in range(2):
        made.train_step(batch(6, seed))
    for domain in "ab":
        new, old = made_so_far[domain], seen[domain]
        now = [a.tobytes() for a in new[1]]
        fresh = [picture.tobytes() in now for picture in old[1]]
        assert 0 < fresh.count(False) < 6
        flat = {picture.tobytes() for pictures in new for picture in pictures}
        assert all(picture.tobytes() in flat for picture in old[1])


def test_no_pool() -> None:
    made = compiled(cyclegan.model(image_pool=0))
    assert "pool_a" not in made.training_state()
    fakes = tf.ones((1, 2, 2, 1)), tf.zeros((1, 2, 2, 1))
    for shown, fake in zip(made.remembered(fakes), fakes, strict=True):
        np.testing.assert_array_equal(shown, fake)


@pytest.mark.slow
def test_any_loss_and_several_scales() -> None:
    """Relativistic losses need logits of real pictures in the generators' turn."""
    made = cyclegan.model()
    several = [
        MultiScalePatchGAN(channels=channels, num_filters=2, receptive_field=16)
        for channels in (cyclegan.GREY, cyclegan.COLOUR)
    ]
    made = CycleGAN(*made.generators, *several, **made._options)
    compiled(made, "relativistic_average")
    logs = numbers(made.train_step(batch()))
    assert np.isfinite(list(logs.values())).all()
    mean = np.mean([logs[f"discriminator_{d}_real_accuracy"] for d in "ab"])
    assert logs["discriminator_real_accuracy"] == pytest.approx(mean)
    compiled(made, "wasserstein")
    assert "discriminator_distance" in numbers(made.train_step(batch()))


# === Precision ===


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(dtype: str) -> None:
    """Numbers are those of float32 up to rounding, whatever the scale of the loss."""
    half, full = compiled(cyclegan.model(dtype=dtype)), compiled(cyclegan.model())
    for optimizer in _optimizers(half):
        wrapped = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert wrapped == (dtype == "mixed_float16")
        if wrapped:
            # The first one, 2**15, is too much for the weight of the way back.
            optimizer.dynamic_scale.assign(2.0**6)
    before = _state(half)
    ours, expected = (numbers(made.train_step(batch())) for made in (half, full))
    for name in ("generator_loss", "discriminator_loss"):
        assert ours[name] == pytest.approx(expected[name], rel=0.02)
    for name in ("generator_gradient_norm", "discriminator_gradient_norm"):
        assert ours[name] == pytest.approx(expected[name], rel=0.1)
    after = _state(half)
    assert all(
        value.dtype == np.float32 for name, value in after.items() if "/" in name
    )
    for name in NETWORKS:
        assert any(
            not np.array_equal(before[key], after[key])
            for key in before
            if key.startswith(f"{name}/")
        )


def test_a_step_that_overflows_is_skipped() -> None:
    """At a scale of 2**120 every float16 gradient is infinite."""
    made = compiled(cyclegan.model(dtype="mixed_float16"))
    optimizers = _optimizers(made)
    for optimizer in optimizers:
        optimizer.dynamic_scale.assign(2.0**6)
    counted = numbers(made.train_step(batch()))
    for optimizer in optimizers:
        optimizer.dynamic_scale.assign(2.0**120)
    before = _trained(made)
    skipped = numbers(made.train_step(batch()))
    assert all(map(np.array_equal, _trained(made), before))
    assert np.isfinite(list(skipped.values())).all()
    for name in ("generator_gradient_norm", "discriminator_gradient_norm"):
        assert skipped[name] == pytest.approx(counted[name])
        assert counted[name] > 0
    assert [float(o.dynamic_scale) for o in optimizers] == [2.0**119] * 2


# === State ===


def _optimizers(made: CycleGAN) -> list[Any]:
    return [made.generator_optimizer, made.discriminator_optimizer]


def _trained(made: CycleGAN) -> list[Array]:
    return [np.array(weight) for weight in made.trainable_weights]


def _state(made: CycleGAN) -> dict[str, Array]:
    """Return everything that a step may change, but for the running averages."""
    state = {
        f"{name}/{index}": np.array(weight)
        for name in (*NETWORKS, *AVERAGES)
        for index, weight in enumerate(getattr(made, name).weights)
    }
    for pool in ("pool_a", "pool_b"):
        for index, weight in enumerate(getattr(made, pool).weights):
            state[f"{pool} {index}"] = np.array(weight)
    for player in ("generator_optimizer", "discriminator_optimizer"):
        for index, variable in enumerate(getattr(made, player).variables):
            state[f"{player} {index}"] = np.array(variable)
    return {**state, "step": np.array(made.step)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "before", [thorough(1, id="pool partly filled"), pytest.param(2, id="pool full")]
)
def test_a_checkpoint_continues_exactly(tmp_path: Path, before: int) -> None:
    """With dropout, spectral directions, statistics of the batch and a pool of three.

    A step stores two pictures, so after one the pool is not full, and after two it is.
    The resumed run has another history: nothing but the checkpoint may count.
    """

    def make() -> CycleGAN:
        made = cyclegan.model(
            dropout=0.5,
            normalization="batch",
            judge={"spectral": True},
            image_pool=3,
            seed=11,
        )
        return compiled(made)

    model = make()
    for seed in range(before):
        model.train_step(batch(seed=seed))
    assert int(model.pool_a.count) == {1: 2, 2: 3}[before]
    path = tf.train.Checkpoint(**model.training_state()).write(str(tmp_path / "state"))
    resumed = make()
    resumed.train_step(batch(seed=20))
    reader = tf.train.Checkpoint(**resumed.training_state())
    reader.read(path).assert_consumed()
    for seed in range(before, before + 2):
        model.train_step(batch(seed=seed))
        resumed.train_step(batch(seed=seed))
    ours, expected = _state(resumed), _state(model)
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)


def test_draws_are_a_function_of_seed_and_step() -> None:
    """From full pools of numbered pictures; the domains draw by themselves."""
    made = cyclegan.model(image_pool=50)
    size = cyclegan.SIZE
    fakes = tuple(
        tf.ones((8, size, size, channels))
        for channels in (cyclegan.GREY, cyclegan.COLOUR)
    )

    def drawn(seed: int, step: int) -> list[list[float]]:
        for pool in (made.pool_a, made.pool_b):
            buffer, count = pool.weights
            numbered = np.arange(50.0).reshape(50, 1, 1, 1)
            buffer.assign(np.broadcast_to(numbered, buffer.shape))
            count.assign(50)
        made.random = StepRandom(seed)
        made.step.assign(step - 1)
        made.begin_step()
        return [np.asarray(v)[:, 0, 0, 0].tolist() for v in made.remembered(fakes)]

    first = drawn(1, 6)
    assert drawn(1, 6) == first
    assert drawn(2, 6) != first
    assert drawn(1, 7) != first
    assert first[0] != first[1]


@pytest.mark.slow
def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    made = compiled(cyclegan.model(seed=9, ema_decay=0.5), "hinge", cycle_weight=3.0)
    for seed in range(2):
        made.train_step(batch(seed=seed))
    made.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for model in (made, loaded):
        model.train_step(batch(seed=2))
    expected = _state(made)
    for name, value in _state(loaded).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_what_a_model_was_made_and_compiled_with_is_saved() -> None:
    made = _by_hand(
        **{"identity_loss": PixelL1Loss(), "identity_weight": 2.5},
        **{"cycle_weight": 7.0, "adversarial_weight": 2.0},
    )
    twin = CycleGAN.from_config(made.get_config())
    assert twin.get_compile_config() == {}
    twin.compile_from_config(made.get_compile_config())
    assert twin.get_config() == made.get_config()
    assert twin.get_compile_config() == made.get_compile_config()
    assert (twin.cycle_weight, twin.identity_weight) == (7.0, 2.5)
    assert isinstance(twin.discriminator_loss, LeastSquaresLoss)
    assert twin.discriminator_loss.side == "discriminator"
    pixel = _pixels()["domain_a"]
    np.testing.assert_array_equal(twin(pixel), twin.generator_ab(pixel))


def test_training_state_names_what_a_checkpoint_holds() -> None:
    made = compiled(cyclegan.model(dropout=0.5))
    state = made.training_state()
    assert set(state) == {
        *(*NETWORKS, *AVERAGES, "step", "seeds", "pool_a", "pool_b"),
        *("generator_optimizer", "discriminator_optimizer"),
    }
    assert len(state["seeds"]) == 2
    slots = len(made.generator_optimizer.variables) - 2
    trained = [v for g in made.generators for v in g.trainable_variables]
    assert slots == 2 * len(trained)


@pytest.mark.slow
def test_fit_learns_and_reports_averages() -> None:
    """Graph mode; what comes back gets nearer to what went out."""
    made = compiled(cyclegan.model(), jit_compile=False)
    data = tf.data.Dataset.from_tensors(batch()).repeat(30)
    history = made.fit(data, epochs=2, verbose=0, shuffle=False).history
    first, last = history["generator_cycle_loss"]
    assert last < 0.8 * first
    assert int(made.step) == 60


@pytest.mark.slow
@pytest.mark.thorough
def test_two_devices_equal_one() -> None:
    result = printed("two_devices_cyclegan")
    assert result["steps"] == 3
    assert result["weights"] < 1e-6
    for name in NETWORKS:
        assert result["moved"][name] > 1e-4
    for name, (alone, shared) in result["numbers"].items():
        # Norms are those of the devices' shares of the batch.
        if not name.endswith("norm"):
            assert shared == pytest.approx(alone, rel=1e-4), name
