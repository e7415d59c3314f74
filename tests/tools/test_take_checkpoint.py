"""An earlier step of a run becomes its bundle."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.config import validate_recipe
from imgan.training.run_folder import RunFolder
from imgan.training.train import train
from imgan.types import Array
from tests.tools.loading import load_tool
from tests.tools.pictures import save_cat


@pytest.fixture(params=["the last", "the best"])
def finished(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return the folder of a run of 6 steps that kept the last two checkpoints.

    Those of one that ends with the best weights hold these too.
    """
    save_cat(tmp_path / "hr")
    judge = {"hr": str(tmp_path / "hr")} if request.param == "the best" else None
    recipe = {
        "name": "tiny",
        "family": "repsr",
        "scale": 2,
        "generator": {"num_filters": 8, "num_convs": 1},
        "data": {
            "train": {"hr": str(tmp_path / "hr")},
            "validation": judge,
            "hr_patch_size": 32,
            "batch_size": 2,
        },
        "training": {
            "steps": 6,
            "learning_rate": 1e-2,
            "ema_decay": 0.5,
            "checkpoint_every": 2,
            "keep_checkpoints": 2,
        },
    }
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    train(validate_recipe(recipe), RunFolder(tmp_path / "run"))
    return tmp_path / "run"


def weights(bundle: Path) -> list[Array]:
    network, _ = load_network(bundle)
    return [np.asarray(variable) for variable in network.variables]


def distance(ones: list[Array], others: list[Array]) -> float:
    pairs = zip(ones, others, strict=True)
    return max(float(np.abs(one - other).max()) for one, other in pairs)


@pytest.mark.slow
def test_an_earlier_step_and_the_last_again(finished: Path) -> None:
    tool = load_tool("take_checkpoint")
    last = weights(finished / "bundle")
    assert tool.main([str(finished), "4"]) == 0
    assert read_card(finished / "bundle").training_steps == 4
    assert distance(weights(finished / "bundle"), last) > 1e-4
    assert tool.main([str(finished), "6"]) == 0
    assert read_card(finished / "bundle").training_steps == 6
    assert distance(weights(finished / "bundle"), last) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 5])
def test_a_step_that_was_not_kept(
    finished: Path, step: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = weights(finished / "bundle")
    with pytest.raises(SystemExit):
        load_tool("take_checkpoint").main([str(finished), str(step)])
    said = capsys.readouterr().err
    assert f"no checkpoint of step {step}. There are:" in said
    assert "step-00000004" in said
    assert "step-00000006" in said
    assert distance(weights(finished / "bundle"), before) == 0
