import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.errors import ConfigError
from imgan.errors import DataError
from imgan.errors import TrainingError
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.train import build_experiment
from imgan.training.train import train


@pytest.fixture
def finished(recipe: Recipe, tmp_path: Path) -> RunFolder:
    run = open_run(recipe, tmp_path / "run")
    train(recipe, run)
    return run


def test_a_run_leaves_everything_that_the_design_names(
    finished: RunFolder, recipe: Recipe
) -> None:
    rows = [json.loads(line) for line in finished.metrics.read_text().splitlines()]
    losses = {
        row["step"]: row["generator_loss"] for row in rows if "generator_loss" in row
    }
    assert sorted(losses) == [2, 4, 6, 8, 10, 12]
    scores = [row["validation_psnr_y"] for row in rows if "validation_psnr_y" in row]
    assert len(scores) == 2
    assert all(20 < score < 60 for score in scores)
    assert [path.name for path in sorted(finished.samples.iterdir())] == [
        "step-00000006.png",
        "step-00000012.png",
    ]
    assert len(list(finished.checkpoints.iterdir())) == recipe.training.keep_checkpoints
    assert list((finished.path / "tensorboard").iterdir())


def test_the_bundle_is_the_inference_form_with_a_true_card(
    finished: RunFolder, recipe: Recipe
) -> None:
    network, card = load_network(finished.bundle)
    assert card == read_card(finished.bundle)
    assert (card.scale, card.halo, card.family) == (2, 3, "repsr")
    assert card.network.config["fused"] is True
    assert card.training_steps == recipe.training.steps
    assert card.recipe == recipe.model_dump(mode="json")
    assert network(np.zeros((1, 5, 7, 3))).shape == (1, 10, 14, 3)


def test_a_finished_run_is_not_trained_again(
    finished: RunFolder, recipe: Recipe
) -> None:
    before = finished.metrics.read_bytes()
    assert train(recipe, finished) == finished.bundle
    assert finished.metrics.read_bytes() == before


def test_init_starts_from_the_weights_of_a_bundle(
    finished: RunFolder, recipe: Recipe, tmp_path: Path
) -> None:
    again = recipe.model_copy(update={"init": str(finished.bundle)})
    network = build_experiment(again).build_generator()
    trained, _ = load_network(finished.bundle)
    for mine, theirs in zip(network.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_init_of_another_scale_gives_all_but_the_last_layer(
    finished: RunFolder, recipe: Recipe, caplog: pytest.LogCaptureFixture
) -> None:
    changes = {"init": str(finished.bundle), "scale": 4}
    experiment = build_experiment(recipe.model_copy(update=changes))
    with caplog.at_level("INFO"):
        network = experiment.build_generator()
    assert network(np.zeros((1, 5, 6, 3), np.float32)).shape == (1, 20, 24, 3)
    trained, _ = load_network(finished.bundle)
    for layer in trained.layers:
        if layer.name != "last":
            for theirs, mine in zip(
                layer.weights, network.get_layer(layer.name).weights, strict=True
            ):
                np.testing.assert_array_equal(theirs, mine)
    assert network.get_layer("last").weights[0].shape[-1] == 3 * 4**2
    assert "has another scale; anew: last" in caplog.text
    assert ("starts from", f"{finished.bundle}, of x2: layers for pixels anew") in (
        experiment.plan()
    )


def test_init_of_other_channels_is_refused(finished: RunFolder, recipe: Recipe) -> None:
    data = recipe.data.model_copy(update={"channels": 1})
    changes = {"init": str(finished.bundle), "data": data}
    with pytest.raises(ConfigError, match="channels 1. Received: .*channels 3"):
        build_experiment(recipe.model_copy(update=changes)).build_generator()


@pytest.mark.slow
def test_a_checkpoint_cut_in_half_falls_back_to_the_one_before(
    recipe: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    undisturbed = open_run(recipe, tmp_path / "undisturbed")
    train(recipe, undisturbed)
    broken = open_run(recipe, tmp_path / "broken")
    train(recipe, broken)
    (broken.bundle / "card.json").unlink()
    newest = sorted(broken.checkpoints.iterdir())[-1]
    (data,) = newest.glob("state.data*")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    train(recipe, broken)
    assert f"{newest.name} is damaged" in caplog.text
    for mine, theirs in zip(
        load_network(undisturbed.bundle)[0].get_weights(),
        load_network(broken.bundle)[0].get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_it(
    recipe: Recipe, tmp_path: Path
) -> None:
    wild = recipe.training.model_copy(update={"learning_rate": 1e38})
    recipe = recipe.model_copy(update={"training": wild})
    with pytest.raises(
        TrainingError, match="step .: not finite.*generator_loss.*2 times"
    ):
        train(recipe, open_run(recipe, tmp_path / "run"))


def test_an_argument_that_the_network_lacks_is_named(recipe: Recipe) -> None:
    recipe = recipe.model_copy(update={"generator": {"num_filter": 8}})
    with pytest.raises(ConfigError, match=r"generator\.num_filter.*'num_filters'"):
        build_experiment(recipe).build_generator()


def test_a_patch_larger_than_a_picture_names_the_picture(
    recipe: Recipe, tmp_path: Path
) -> None:
    data = recipe.data.model_copy(update={"hr_patch_size": 144})
    recipe = recipe.model_copy(update={"data": data})
    with pytest.raises(DataError, match=r"2 of 3 pictures are smaller .*coffee\.png"):
        train(recipe, open_run(recipe, tmp_path / "run"))


def test_a_damaged_picture_is_named_from_inside_the_pipeline(
    experiment: dict[str, Any], photographs: Path, tmp_path: Path
) -> None:
    (tmp_path / "hr").mkdir()
    whole = (photographs / "coffee.png").read_bytes()
    (tmp_path / "hr" / "cut.png").write_bytes(whole[: len(whole) // 2])
    experiment["data"]["train"]["hr"] = str(tmp_path / "hr")
    recipe = validate_recipe(experiment)
    with pytest.raises(DataError, match=r"cut\.png"):
        train(recipe, open_run(recipe, tmp_path / "run"))


def test_the_plan_counts_what_a_run_would_use(recipe: Recipe) -> None:
    plan = dict(build_experiment(recipe).plan())
    assert plan["training pictures"] == "3"
    assert plan["halo"] == "3 pixels"
    assert plan["patches in all"] == "48"
