"""Killed at any step and started again, a run ends where an undisturbed one ends."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from imgan.bundles.card import read_card
from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.train import train
from tests.marks import thorough
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_experiment
from tests.training.conftest import gan_recipe
from tests.training.conftest import interrupt_after

RATES = {
    "generator_optimizer": {
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "warmup_steps": 10,
    },
    "discriminator_optimizer": {
        "learning_rate": 1e-3,
        "schedule": "linear",
        "final_learning_rate": 1e-4,
    },
}

# Checkpoints fall between log lines, and log lines between validations.
INTERVALS = {"log_every": 3, "validate_every": 5, "checkpoint_every": 4}

CASES: dict[str, dict[str, Any]] = {
    "dcgan": gan_experiment(
        "dcgan",
        discriminator={"dropout": 0.3},
        data={"flip": True},
        training={
            **RATES,
            **INTERVALS,
            "augment": "diff_augment",
            "image_pool": 16,
        },
    ),
    "gan": gan_experiment(
        "gan",
        training={
            **RATES,
            **INTERVALS,
            "augment": "adaptive",
            "discriminator_steps": 2,
        },
    ),
    "cgan": gan_experiment(
        "cgan",
        discriminator={"dropout": 0.2},
        training={
            **RATES,
            **INTERVALS,
            "loss": "relativistic_average",
            "r1_gamma": 1.0,
            "r1_every": 3,
            "image_pool": 16,
            "precision": "mixed_bfloat16",
        },
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["dcgan", thorough("gan"), thorough("cgan")])
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(
    family: str, tmp_path: Path
) -> None:
    recipe = recipe_of(CASES[family], steps=12)
    undisturbed = open_run(recipe, tmp_path / "undisturbed")
    train(recipe, undisturbed)
    disturbed = open_run(recipe, tmp_path / "disturbed")
    for step in (3, 7, 10):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, disturbed, progress=interrupt_after(step))
        assert not disturbed.bundle.exists()
        assert "running, or interrupted" in disturbed.report.read_text()
    train(recipe, disturbed)
    assert_same_end(disturbed, undisturbed)


@pytest.mark.slow
def test_a_run_interrupted_before_its_bundle_ends_the_same(tmp_path: Path) -> None:
    recipe = gan_recipe("wgan_gp")
    undisturbed = open_run(recipe, tmp_path / "undisturbed")
    train(recipe, undisturbed)
    disturbed = open_run(recipe, tmp_path / "disturbed")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, disturbed, progress=interrupt_after(12))
    train(recipe, disturbed)
    assert_same_end(disturbed, undisturbed)
    assert read_card(disturbed.bundle).metrics == read_card(undisturbed.bundle).metrics


def recipe_of(experiment: dict[str, Any], *, steps: int) -> Recipe:
    training = {**experiment["training"], "steps": steps}
    return validate_recipe({**experiment, "training": training})


def as_users_have_it() -> dict[str, str]:
    """Return an environment in which TensorFlow may say what it likes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    return environment


def start(recipe_file: Path, run_dir: Path, steps: int = 40) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "imgan", "train", str(recipe_file), "--quiet"]
    return subprocess.Popen(
        [*command, "--run-dir", str(run_dir), "--set", f"training.steps={steps}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=as_users_have_it(),
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    assert errors == b""


def kill_after(process: subprocess.Popen[bytes], run_dir: Path, step: int) -> None:
    """Kill the run as soon as it has logged a step from this one on."""
    metrics = run_dir / "metrics.jsonl"
    kill_when(
        process,
        lambda: metrics.is_file() and _last_step(metrics.read_bytes()) >= step,
    )


def kill_when(
    process: subprocess.Popen[bytes],
    due: Callable[[], bool],
    number: signal.Signals = signal.SIGKILL,
) -> None:
    """Send a run a signal as soon as something is the case, and wait for its end."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not due():
        if process.poll() is not None:
            pytest.fail("the run ended before it could be killed")
        time.sleep(0.002)
    process.send_signal(number)
    process.communicate(timeout=60)


def _last_step(lines: bytes) -> int:
    steps = [
        int(line.split(b",")[0].removeprefix(b'{"step": '))
        for line in lines.splitlines()
        if line.startswith(b'{"step": ') and b"," in line
    ]
    return max(steps, default=0)


def check_killed(recipe_file: Path, folder: Path, steps: list[int]) -> None:
    undisturbed, disturbed = folder / "undisturbed", folder / "disturbed"
    finish(start(recipe_file, undisturbed))
    for step in steps:
        kill_after(start(recipe_file, disturbed), disturbed, step)
        assert not (disturbed / "bundle").exists()
    finish(start(recipe_file, disturbed))
    assert_same_end(RunFolder(disturbed), RunFolder(undisturbed))


@pytest.mark.slow
def test_killed_twice_and_resumed_equals_undisturbed(
    experiment: dict[str, Any], held_out: Path, tmp_path: Path
) -> None:
    experiment["data"]["validation"]["hr"] = str(held_out)
    recipe_file = tmp_path / "tiny.yaml"
    recipe_file.write_text(yaml.safe_dump(experiment), encoding="utf-8")
    check_killed(recipe_file, tmp_path, [6, 22])


@pytest.mark.slow
def test_a_terminated_process_saves_its_step(tmp_path: Path) -> None:
    path, run = tmp_path / "tiny.yaml", RunFolder(tmp_path / "run")
    training = {**CASES["gan"]["training"], "checkpoint_every": 1000}
    path.write_text(yaml.safe_dump({**CASES["gan"], "training": training}))
    process = start(path, run.path, steps=100_000)
    logged = lambda: run.metrics.is_file() and b'"step"' in run.metrics.read_bytes()  # noqa: E731
    kill_when(process, logged, signal.SIGTERM)
    assert process.returncode == 143
    assert "interrupted after step" in run.log.read_text()
    saved = max(path.name for path in run.checkpoints.iterdir())
    assert saved > "step-00000000"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("family", "steps"),
    [
        pytest.param(family, steps, id=f"{family} at {steps}")
        for family in CASES
        for steps in [sorted(random.Random(family).sample(range(1, 37), 5))]
    ],
)
def test_killed_at_five_random_steps_equals_undisturbed(
    family: str, steps: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(CASES[family]), encoding="utf-8")
    check_killed(path, tmp_path, steps)
