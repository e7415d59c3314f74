"""Candidates are networks that recipes can name."""

from types import ModuleType

import pytest

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
