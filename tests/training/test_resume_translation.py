"""Translation killed at any step and started again ends as if left alone."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.train import train
from tests.training.conftest import assert_same_end
from tests.training.conftest import interrupt_after
from tests.training.test_resume import INTERVALS
from tests.training.test_resume import check_killed
from tests.training.test_resume import recipe_of
from tests.training.test_resume_super_resolution import assert_same_bundles
from tests.training.translating import paired
from tests.training.translating import unpaired
from tests.training.translating import write_pairs

Folders = dict[str, str]

RATES = {
    name: {"learning_rate": 1e-3, "schedule": "linear", "hold": 0.5}
    for name in ("generator_optimizer", "discriminator_optimizer")
}

POOL = 30
"""Pictures of each domain, two a step: full after step 15 of 40."""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_pairs(tmp_path_factory.mktemp("held_out"), 2, first=4)


def pix2pix(pairs: Folders, held_out: Folders) -> dict[str, Any]:
    """Dropout and batch normalisation, two judges, and a gate that keeps the best."""
    return paired(
        pairs,
        held_out,
        "pix2pixhd",
        network="pix2pix",
        training={
            **RATES,
            **INTERVALS,
            "feature_matching": 1.0,
            "discriminator_steps": 2,
            "statistics_batches": 4,
            "gate": {"keep_best": True},
        },
    ) | {"generator": {"num_filters": 4, "num_levels": 3, "dropout": 0.5}}


def cyclegan(domains: Folders, held_out: Folders) -> dict[str, Any]:
    """A pool that fills up on the way, dropout, and scores of both directions."""
    return unpaired(
        domains,
        held_out,
        generator={"dropout": 0.5, "normalization": "batch"},
        data={"validation_pairs": True},
        training={
            **RATES,
            **INTERVALS,
            "image_pool": POOL,
            "statistics_batches": 4,
        },
    )


def assert_same_cards(one: RunFolder, two: RunFolder, *names: str) -> None:
    assert_same_end(one, two)
    for name in ("bundle", *names):
        assert_same_bundles(one.path / name, two.path / name)


@pytest.mark.thorough
@pytest.mark.parametrize("stop", [2, 4])
def test_interrupted_with_a_part_of_the_pool_or_all_of_it(
    pairs: Folders, held_out: Folders, stop: int, tmp_path: Path
) -> None:
    """A pool of six pictures of each domain, two a step: full after step 3 of 5."""
    values = cyclegan(pairs, held_out)
    values["training"] |= {"image_pool": 6, "log_every": 3, "validate_every": 5}
    recipe = recipe_of(values, steps=5)
    undisturbed = open_run(recipe, tmp_path / "undisturbed")
    train(recipe, undisturbed)
    disturbed = open_run(recipe, tmp_path / "disturbed")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, disturbed, progress=interrupt_after(stop))
    train(recipe, disturbed)
    assert_same_cards(disturbed, undisturbed, "reverse")


def written(values: dict[str, Any], folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.mark.slow
def test_pairs_killed_at_random_steps_equal_undisturbed(
    pairs: Folders, held_out: Folders, tmp_path: Path
) -> None:
    steps = sorted(random.Random("pairs").sample(range(1, 37), 2))
    check_killed(written(pix2pix(pairs, held_out), tmp_path), tmp_path, steps)
    runs = [RunFolder(tmp_path / name) for name in ("disturbed", "undisturbed")]
    assert_same_cards(*runs)


@pytest.mark.thorough
def test_domains_killed_with_a_half_full_and_a_full_pool_equal_undisturbed(
    pairs: Folders, held_out: Folders, tmp_path: Path
) -> None:
    """Bit for bit in both directions, image pools included."""
    draw = random.Random("domains").randrange
    steps = [draw(2, 14), draw(18, 36)]
    check_killed(written(cyclegan(pairs, held_out), tmp_path), tmp_path, steps)
    runs = [RunFolder(tmp_path / name) for name in ("disturbed", "undisturbed")]
    assert_same_cards(*runs, "reverse")
