"""Killed at any step and started again, a run ends where an undisturbed one ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.bundle import load_network


def start(recipe_file: Path, run_dir: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "imgan", "train", str(recipe_file), "--quiet"]
    return subprocess.Popen(
        [*command, "--run-dir", str(run_dir), "--set", "training.steps=40"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()


def kill_after(process: subprocess.Popen[bytes], run_dir: Path, step: int) -> None:
    """Kill the run as soon as it has logged the step."""
    metrics = run_dir / "metrics.jsonl"
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        if metrics.is_file() and f'"step": {step},' in metrics.read_text():
            break
        if process.poll() is not None:
            pytest.fail("the run ended before it could be killed")
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
def test_killed_twice_and_resumed_equals_undisturbed(
    recipe_file: Path, tmp_path: Path
) -> None:
    finish(start(recipe_file, tmp_path / "undisturbed"))
    disturbed = tmp_path / "disturbed"
    for step in (6, 22):
        kill_after(start(recipe_file, disturbed), disturbed, step)
        assert not (disturbed / "bundle").exists()
    finish(start(recipe_file, disturbed))
    expected, _ = load_network(tmp_path / "undisturbed" / "bundle")
    received, _ = load_network(disturbed / "bundle")
    for one, other in zip(expected.get_weights(), received.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    def steps(run: Path) -> list[str]:
        lines = (run / "metrics.jsonl").read_text().splitlines()
        return [line.split("seconds_per_step")[0] for line in lines]

    assert steps(disturbed) == steps(tmp_path / "undisturbed")
