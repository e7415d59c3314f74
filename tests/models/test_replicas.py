"""Two logical devices equal one with the same global batch."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from imgan.models.replicas import replica_count
from imgan.models.replicas import replica_mean
from imgan.models.replicas import replica_slice
from tests.models.adversarial import LOSSES

ROOT = Path(__file__).parents[2]

Results = dict[str, dict[str, float]]


def compared(*cases: str) -> Results:
    results: Results = printed("two_devices", *cases)
    return results


def printed(module: str, *words: str) -> Any:
    """Return what a module of this folder prints."""
    result = subprocess.run(
        [sys.executable, "-m", f"tests.models.{module}", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def check_weights(result: dict[str, Any]) -> None:
    """Small networks move little in ten steps, so the limit alone says little."""
    assert result["steps"] == 10
    assert result["moved"] > 5e-5
    assert result["weights"] < 1e-5
    assert result["weights"] < 1e-3 * result["moved"]


def test_without_a_strategy_there_is_one_replica() -> None:
    values = tf.constant([1.0, 2.0])
    assert replica_count() == 1
    assert replica_mean(values) is values
    assert replica_slice(values, 2) is values


@pytest.mark.slow
def test_two_devices_equal_one() -> None:
    check_weights(compared("sgd_hinge")["sgd_hinge"])


@pytest.fixture(scope="module")
def results() -> Results:
    return compared()


@pytest.mark.thorough
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(results: Results, loss: str) -> None:
    """Synchronised batch normalisation and feature matching on both sides."""
    check_weights(results[f"sgd_{loss}"])
    assert results[f"adam_{loss}"]["losses"] < 1e-3


@pytest.mark.thorough
@pytest.mark.parametrize(
    "case",
    [
        *("gradient_penalty", "r1", "labels"),
        *("discriminator_steps", "diff_augment", "adaptive"),
    ],
)
def test_every_option(results: Results, case: str) -> None:
    check_weights(results[f"sgd_{case}"])


@pytest.mark.thorough
def test_a_difference_would_be_noticed(results: Results) -> None:
    """Batch normalisation by device is another computation."""
    with pytest.raises(AssertionError):
        check_weights(results["sgd_apart"])


@pytest.mark.thorough
def test_super_resolution_in_both_stages() -> None:
    """All terms of the generator, and a discriminator with spectral normalisation."""
    pixel, adversarial = printed("two_devices_srgan")
    assert (pixel["steps"], adversarial["steps"]) == (2, 4)
    assert pixel["moved"]["discriminator"] == 0.0
    assert "generator_artifacts_loss" in adversarial["numbers"]
    for result in (pixel, adversarial):
        assert result["moved"]["generator"] > 1e-4
        assert result["weights"] < 1e-6
        for name, (alone, shared) in result["numbers"].items():
            # Norms are those of the devices' shares of the batch, on average.
            tolerance = 0.1 if name.endswith("norm") else 1e-5
            assert shared == pytest.approx(alone, rel=tolerance), name
            assert alone != 0.0, name
    assert adversarial["moved"]["discriminator"] > 1e-4


@pytest.mark.thorough
def test_what_learns_from_pairs() -> None:
    results = printed("two_devices_pairs")
    assert set(results) == {"regression", "srresnet", "pix2pix"}
    for name, result in results.items():
        assert result["moved"] > 1e-4, name
        assert result["weights"] < 1e-6, name
        for key, (alone, shared) in result["numbers"].items():
            # Norms are those of the devices' shares of the batch, on average.
            if not key.endswith("norm"):
                assert shared == pytest.approx(alone, rel=1e-4), (name, key)
