"""What a checkpoint holds, and what is left when one is damaged."""

import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from imgan.config import Recipe
from imgan.training.checkpoints import Checkpoints
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.session import checkpoint_state
from imgan.training.train import build_experiment
from imgan.training.train import train
from tests.marks import thorough
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_recipe

# Every kind of state at once: both optimizers' slots, loss scales, moving statistics,
# power iterations, dropout, the pool and the strength of the augmentation.
EVERYTHING = {
    "dcgan": gan_recipe(
        "dcgan",
        discriminator={"dropout": 0.3, "spectral": True},
        training={
            "augment": "adaptive",
            "image_pool": 4,
            "precision": "mixed_float16",
        },
    ),
    "cgan": gan_recipe(
        "cgan", discriminator={"dropout": 0.3}, training={"image_pool": 4}
    ),
    "gan": gan_recipe("gan", training={"augment": "diff_augment"}),
    "wgan_gp": gan_recipe("wgan_gp", training={"discriminator_steps": 2}),
}


def everything(model: Any) -> dict[str, Any]:
    """Return every variable that a run changes, by where it is found."""
    owners = {
        "model": model,
        "generator_optimizer": model.generator_optimizer,
        "discriminator_optimizer": model.discriminator_optimizer,
        "generator": model.generator,
        "discriminator": model.discriminator,
        "average": model.ema_generator,
        "augmentation": model.augmentation,
        **{f"metric {i}": metric for i, metric in enumerate(model.metrics)},
    }
    if model.pool is not None:
        owners["pool"] = model.pool
    return {
        f"{name}: {index} {variable.path}": variable
        for name, owner in owners.items()
        for index, variable in enumerate(owner.variables)
    }


def scramble(variables: dict[str, Any]) -> None:
    random = np.random.default_rng(7)
    for variable in variables.values():
        values = random.uniform(1, 100, variable.shape)
        variable.assign(values.astype(keras.backend.standardize_dtype(variable.dtype)))


def values(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(variable) for name, variable in variables.items()}


@pytest.mark.parametrize("family", sorted(EVERYTHING))
def test_a_checkpoint_holds_every_variable(family: str, tmp_path: Path) -> None:
    """`tf.train.Checkpoint` leaves out what Keras holds in lists, and is content."""
    experiment = build_experiment(EVERYTHING[family])
    model = experiment.create()
    variables = everything(model)
    seeds = [name for name in variables if "seed" in name]
    assert bool(seeds) == (family != "wgan_gp")
    checkpoints = Checkpoints(tmp_path, checkpoint_state(experiment, model))
    scramble(variables)
    experiment.rate_scale.assign(0.25)
    before = values(variables)
    checkpoints.save(5)
    for variable in variables.values():
        variable.assign(np.zeros(variable.shape))
    experiment.rate_scale.assign(1.0)
    restored = checkpoints.restore_latest(pytest.fail)
    assert restored is not None
    assert restored.step == 5
    assert float(experiment.rate_scale) == 0.25
    after = values(variables)
    lost = [name for name in before if not np.array_equal(before[name], after[name])]
    assert lost == []


@pytest.fixture
def tiny() -> Recipe:
    return gan_recipe("gan")


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def unfinish(run: RunFolder) -> None:
    (run.bundle / "card.json").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["state.data*", thorough("state.index"), thorough("notes.json")]
)
def test_a_checkpoint_cut_in_half_falls_back_and_ends_the_same(
    tiny: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    undisturbed = open_run(tiny, tmp_path / "undisturbed")
    train(tiny, undisturbed)
    broken = open_run(tiny, tmp_path / "broken")
    train(tiny, broken)
    unfinish(broken)
    newest = sorted(broken.checkpoints.iterdir())[-1]
    (file,) = newest.glob(part)
    cut_in_half(file)
    with caplog.at_level(logging.INFO):
        train(tiny, broken)
    assert f"{newest.name} is damaged" in caplog.text
    assert "resuming at step 8" in caplog.text
    assert_same_end(broken, undisturbed)


@pytest.mark.slow
def test_with_all_checkpoints_damaged_a_run_begins_anew(
    tiny: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    undisturbed = open_run(tiny, tmp_path / "undisturbed")
    train(tiny, undisturbed)
    broken = open_run(tiny, tmp_path / "broken")
    train(tiny, broken)
    unfinish(broken)
    for path in broken.checkpoints.iterdir():
        cut_in_half(path / "sha256.json")
    train(tiny, broken)
    assert caplog.text.count("is damaged") == 2
    assert_same_end(broken, undisturbed)


@pytest.mark.slow
def test_what_a_kill_left_half_written_is_ignored_and_removed(
    tiny: Recipe, tmp_path: Path
) -> None:
    undisturbed = open_run(tiny, tmp_path / "undisturbed")
    train(tiny, undisturbed)
    killed = open_run(tiny, tmp_path / "killed")
    half = killed.checkpoints / ".step-00000008.4711"
    half.mkdir()
    (half / "state.data-00000-of-00001").write_bytes(b"half")
    unsealed = killed.checkpoints / "step-00000008"
    unsealed.mkdir()
    train(tiny, killed)
    assert not half.exists()
    assert sorted(path.name for path in killed.checkpoints.iterdir()) == [
        "step-00000008",
        "step-00000012",
    ]
    assert_same_end(killed, undisturbed)
