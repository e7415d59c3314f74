"""Super-resolution killed in any stage and started again ends as if left alone."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.training.run_folder import RunFolder
from tests.training.conftest import assert_same_end
from tests.training.conftest import numbers
from tests.training.test_resume import INTERVALS
from tests.training.test_resume import finish
from tests.training.test_resume import kill_after
from tests.training.test_resume import kill_when
from tests.training.test_resume import start

BOUNDARY = 18
"""Step after which the discriminator joins, of 40."""

TWO_STAGES: dict[str, Any] = {
    "family": "realesrgan",
    "network": "repsr",
    "discriminator": {"num_filters": 4},
    "training": {
        **INTERVALS,
        "pixel_steps": BOUNDARY,
        "pixel_weight": 1.0,
        "adversarial_weight": 0.1,
        "feature_matching": 0.5,
        "feature_layers": {"down_1_relu": 1.0, "up_0_relu": 0.5},
        "frequency": 0.1,
        "artifacts": 1.0,
    },
}


@pytest.fixture
def experiment(photographs: Path, held_out: Path) -> dict[str, Any]:
    return {
        "name": "tiny",
        "seed": 3,
        "scale": 2,
        "generator": {"num_filters": 8, "num_convs": 1},
        "data": {
            "train": {"hr": str(photographs)},
            "validation": {"hr": str(held_out)},
            "hr_patch_size": 32,
            "batch_size": 4,
        },
    }


def written(experiment: dict[str, Any], folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(experiment), encoding="utf-8")
    return path


def undisturbed_run(recipe_file: Path, folder: Path) -> RunFolder:
    finish(start(recipe_file, folder))
    return RunFolder(folder)


def resumed_run(recipe_file: Path, folder: Path) -> RunFolder:
    assert not (folder / "bundle").exists()
    return undisturbed_run(recipe_file, folder)


def hidden(folder: Path) -> list[str]:
    """Return what was begun in a run folder and not finished."""
    return [path.name for path in folder.rglob(".*")]


def assert_same_bundles(one: Path, two: Path) -> None:
    """Compare all that a bundle says and holds; the file has the time of day in it."""
    cards = [
        read_card(folder).model_dump(exclude={"weights_sha256"})
        for folder in (one, two)
    ]
    assert cards[0] == cards[1]
    pairs = zip(load_network(one)[0].weights, load_network(two)[0].weights, strict=True)
    for left, right in pairs:
        np.testing.assert_array_equal(left.numpy(), right.numpy())


@pytest.mark.thorough
def test_killed_in_both_stages_and_between_them_equals_undisturbed(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    """With a gate that keeps the best look and ends the run before its last step."""
    experiment |= TWO_STAGES
    experiment["data"] |= {"degradation": {}, "usm_targets": True}
    # No gain is as large as this, so the third look of the second stage is the last.
    gate = {"keep_best": True, "early_stop": 2, "least_gain": 30.0}
    experiment["training"] = {**experiment["training"], "gate": gate}
    recipe_file = written(experiment, tmp_path)
    undisturbed = undisturbed_run(recipe_file, tmp_path / "undisturbed")
    verdict = numbers(undisturbed)[-1]["verdict"]
    assert "of 40, stopped at step 30 after 2 looks" in str(verdict)

    folder = tmp_path / "disturbed"
    moments = random.Random("two stages")
    kill_after(start(recipe_file, folder), folder, moments.randrange(2, BOUNDARY))
    # While the last step of the stage is saved, or what the dial needs is.
    kill_after(start(recipe_file, folder), folder, BOUNDARY)
    process = start(recipe_file, folder)
    kill_when(process, lambda: any(folder.glob("*pixel*")))
    kill_after(start(recipe_file, folder), folder, moments.randrange(BOUNDARY + 1, 28))
    disturbed = resumed_run(recipe_file, folder)
    assert_same_end(disturbed, undisturbed)
    assert_same_bundles(disturbed.bundle, undisturbed.bundle)
    assert_same_bundles(disturbed.path / "pixel", undisturbed.path / "pixel")
    assert hidden(disturbed.path) == []


@pytest.mark.thorough
def test_pairs_remembered_on_the_device_survive_a_kill(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    """The pool is full after step 3: from then on batches are mixed."""
    experiment |= TWO_STAGES
    experiment["data"] |= {"degradation": {"where": "device", "pool": 12}}
    recipe_file = written(experiment, tmp_path)
    undisturbed = undisturbed_run(recipe_file, tmp_path / "undisturbed")
    folder = tmp_path / "disturbed"
    moments = random.Random("pool")
    for first, end in ((2, BOUNDARY), (BOUNDARY, 37)):
        kill_after(start(recipe_file, folder), folder, moments.randrange(first, end))
    disturbed = resumed_run(recipe_file, folder)
    assert_same_end(disturbed, undisturbed)
    assert_same_bundles(disturbed.bundle, undisturbed.bundle)


@pytest.mark.thorough
def test_a_fine_tune_that_spoils_its_model_gives_it_back_after_kills_too(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    """Steps that are far too long: the first look is the best, and stays it."""
    experiment |= {"family": "anchored_edsr", "scale": 4, "init": "x4"}
    experiment["generator"] = {}
    experiment["training"] = {
        **INTERVALS,
        "learning_rate": 3e-3,
        "warmup_steps": 20,
        "frequency": 0.1,
        "gate": {"keep_best": True, "early_stop": 5},
    }
    recipe_file = written(experiment, tmp_path)
    undisturbed = undisturbed_run(recipe_file, tmp_path / "undisturbed")
    folder = tmp_path / "disturbed"
    moments = random.Random("fine-tune")
    for first, end in ((2, 10), (11, 21)):
        kill_after(start(recipe_file, folder), folder, moments.randrange(first, end))
    disturbed = resumed_run(recipe_file, folder)
    assert_same_end(disturbed, undisturbed)
    assert_same_bundles(disturbed.bundle, undisturbed.bundle)
    rows = numbers(disturbed)
    assert rows[0]["step"] == 0
    assert "kept step 0 of 40, stopped at step 25" in str(rows[-1]["verdict"])
    start_weights = load_network(resolve("x4"))[0].weights
    kept = load_network(disturbed.bundle)[0].weights
    for old, new in zip(start_weights, kept, strict=True):
        np.testing.assert_array_equal(old.numpy(), new.numpy())
