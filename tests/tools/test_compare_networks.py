"""Candidates are networks that recipes can name, and are trained and told."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from imgan.bundles.card import read_card
from imgan.config import load_recipe
from imgan.training.train import build_experiment
from tests.tools.loading import load_tool


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_tool("compare_networks")


def test_candidates_can_be_trained_by_the_recipe(tool: ModuleType) -> None:
    for name, candidate in tool.CANDIDATES.items():
        recipe = load_recipe(
            tool.RECIPE,
            [f"family={candidate.family}", f"generator={candidate.generator}"],
        )
        network = build_experiment(recipe).build_generator()
        assert network.count_params() > 100_000, name


def test_folders_are_plain(tool: ModuleType) -> None:
    assert tool.folder_of("Compact 64/16") == "compact-64-16"


@pytest.mark.slow
@pytest.mark.thorough
def test_a_candidate_is_timed_trained_and_told(
    tool: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tool, "TRIAL", 10)
    monkeypatch.setattr(tool, "PART", 5)
    small = [
        "data.train={hr: assets/pairs/train/HR}",
        "data.validation={hr: assets/pairs/validation/HR, lr: null}",
        *("data.hr_patch_size=32", "data.batch_size=1", "training.precision=float32"),
    ]
    words = [str(tmp_path), "--minutes", "0.02", "--only", "SPAN-28", "--set", *small]
    assert tool.main(words) == 0
    name, _, steps, score, *speeds = told = _row(capsys.readouterr().out)
    plan = json.loads((tmp_path / "span-28" / "steps.json").read_text())
    assert (name, int(steps)) == ("SPAN-28", plan["steps"])
    assert plan["steps"] == int(0.02 * 60 / plan["seconds_per_step"])
    card = read_card(tmp_path / "span-28" / "run" / "bundle")
    assert score == f"{card.metrics[0].values['psnr_y']:.2f}"
    assert all(float(speed) > 0 for speed in speeds)
    written = (tmp_path / "span-28" / "log.txt").read_bytes()
    assert tool.main(words) == 0
    assert _row(capsys.readouterr().out)[:4] == told[:4]
    assert (tmp_path / "span-28" / "log.txt").read_bytes() == written


def _row(printed: str) -> list[str]:
    """Return the cells of a table's last row."""
    return [cell.strip() for cell in printed.splitlines()[-1].strip("|").split("|")]
