"""Pack, fit in slices and bundle, as a maintainer would on two machines."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from imgan.bundles.card import read_card
from imgan.types import Array
from tests.tools.loading import load_tool
from tests.tools.pictures import save_cat

ROOT = Path(__file__).parents[2]


def call(*words: object) -> str:
    result = subprocess.run(
        [sys.executable, "tools/pretrain.py", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def weights(folder: Path) -> list[Array]:
    """Return the weights that training goes on with, and their moving average."""
    plan = json.loads((folder / "plan.json").read_text())
    model = load_tool("pretrain")._load_or_build(folder, plan)
    averages = model.optimizer._model_variables_moving_average
    return [np.asarray(v) for v in [*model.trainable_variables, *averages]]


@pytest.mark.slow
@pytest.mark.thorough
def test_slices_add_up_to_a_bundle(tmp_path: Path) -> None:
    cat = save_cat(tmp_path / "hr")
    folders = {"hr": str(tmp_path / "hr")}
    recipe = {
        "name": "tiny",
        "family": "repsr",
        "scale": 2,
        "generator": {"num_filters": 8, "num_convs": 1},
        "data": {
            "train": folders,
            "validation": folders,
            "hr_patch_size": 64,
            "batch_size": 4,
        },
        "training": {"steps": 300, "learning_rate": 2e-3, "warmup_steps": 20},
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    work = tmp_path / "work"
    call("pack", path, work, "--files", 1, "--set", "training.optimizer=muon")
    whole = shutil.copytree(work, tmp_path / "whole")
    assert (work / "patches-00.npz").stat().st_size <= 50 * 2**20
    with np.load(work / "patches-00.npz") as packed:
        assert packed["hr"].dtype == np.uint8
        assert (packed["hr"].shape[1], packed["lr"].shape[1]) == (96, 48)
        # Twins: as bright as each other, and as the cat.
        bright = [float(packed[key].mean()) for key in ("hr", "lr")]
    assert bright == pytest.approx([cat.mean()] * 2, abs=12)
    first = call("fit", work, "--seconds", 0.5)
    assert 0 < int(first.split()[1]) < 300
    assert call("fit", work).startswith("step 300 of 300")
    assert "finished" in call("fit", work)
    call("fit", whole)
    for slices, one in zip(weights(work), weights(whole), strict=True):
        np.testing.assert_allclose(slices, one, rtol=1e-3, atol=1e-4)
    call("bundle", work, tmp_path / "run")
    card = read_card(tmp_path / "run" / "bundle")
    assert card.training_steps == 300
    assert card.metrics[0].values["psnr_y"] > 26
    assert json.loads((work / "plan.json").read_text())["family"] == "repsr"
