"""Candidates are networks that recipes can name."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from imgan.config import load_recipe
from imgan.training.train import build_experiment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = ROOT / "tools" / "compare_networks.py"
    spec = importlib.util.spec_from_file_location("compare_networks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
