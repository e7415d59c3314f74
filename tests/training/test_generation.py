"""Runs of every family of generation, from recipe to bundle."""

from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.config import load_recipe
from imgan.errors import ConfigError
from imgan.io.images import read_image
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.train import build_experiment
from imgan.training.train import check_recipe
from imgan.training.train import train
from tests.marks import thorough
from tests.training.conftest import NETWORKS
from tests.training.conftest import gan_recipe
from tests.training.conftest import numbers

FAMILIES = sorted(NETWORKS)
RECIPES = Path(__file__).resolve().parents[2] / "recipes"


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_ends_in_a_bundle_and_a_page(family: str, tmp_path: Path) -> None:
    recipe = gan_recipe(family)
    run = open_run(recipe, tmp_path / "run")
    assert train(recipe, run) == run.bundle
    network, card = load_network(run.bundle)
    labels = [str(digit) for digit in range(10)] if family == "cgan" else None
    assert (card.task, card.family, card.labels) == ("generation", family, labels)
    assert card.latent is not None
    distribution = "uniform" if family == "gan" else "normal"
    assert (card.latent.dim, card.latent.distribution) == (8, distribution)
    assert (card.image_size, card.output_channels) == ((8, 8), 1)
    assert (card.scale, card.halo, card.input_channels) == (1, None, None)
    assert card.output_range == ((0.0, 1.0) if family == "gan" else (-1.0, 1.0))
    losses = {
        "cgan": ["hinge"],
        "wgan_gp": ["wasserstein", "gradient_penalty"],
    }
    assert card.losses == losses.get(family, ["nonsaturating"])
    assert card.training_steps == 12
    assert card.recipe == recipe.model_dump(mode="json")
    (score,) = card.metrics
    assert score.dataset == "sklearn:digits"
    assert score.values["diversity"] > 0
    inputs = [np.zeros((2, 8), np.float32)]
    inputs += [np.array([3, 9], np.int32)] if labels else []
    images = network(inputs if labels else inputs[0])
    assert images.shape == (2, 8, 8, 1)
    check_folder(run, family)


def check_folder(run: RunFolder, family: str) -> None:
    rows = numbers(run)
    trained = [row for row in rows if "generator_loss" in row]
    assert [row["step"] for row in trained] == [2, 4, 6, 8, 10, 12]
    judged = (
        {"discriminator_distance", "discriminator_gradient_penalty"}
        if family == "wgan_gp"
        else {"discriminator_real_accuracy", "discriminator_real_sign"}
    )
    assert judged <= trained[-1].keys()
    assert [row["step"] for row in rows if "validation_diversity" in row] == [6, 12]
    assert [path.name for path in sorted(run.samples.iterdir())] == [
        "step-00000006.png",
        "step-00000012.png",
    ]
    rows_of_sheet = 10 if family == "cgan" else 8
    assert read_image(run.sample_sheet(12)).pixels.shape == (8 * rows_of_sheet, 64)
    assert list((run.path / "tensorboard").iterdir())
    page = run.report.read_text(encoding="utf-8")
    assert "finished" in page
    assert page.count("data:image/png") == 2
    assert not run.alarms.exists()


@pytest.mark.slow
def test_class_folders_in_colour_give_their_names_to_the_card(
    class_folders: Path, tmp_path: Path
) -> None:
    data = {"train": str(class_folders), "image_size": 16, "channels": 3, "flip": True}
    recipe = gan_recipe("cgan", data=data)
    run = open_run(recipe, tmp_path / "run")
    train(recipe, run)
    card = read_card(run.bundle)
    assert (card.labels, card.output_channels) == (["cat", "coffee"], 3)
    assert read_image(run.sample_sheet(12)).pixels.shape == (2 * 16, 8 * 16, 3)


@pytest.mark.slow
def test_every_option_of_a_recipe_reaches_the_model(tmp_path: Path) -> None:
    training = {
        "loss": "relativistic_average",
        "r1_gamma": 1.0,
        "r1_every": 2,
        "feature_matching": 0.5,
        "augment": "adaptive",
        "image_pool": 4,
        "discriminator_steps": 2,
        "precision": "mixed_float16",
        "generator_optimizer": {"kind": "rmsprop", "learning_rate": 1e-4},
        "discriminator_optimizer": {"kind": "sgd", "schedule": "linear"},
    }
    recipe = gan_recipe("dcgan", training={**training, "steps": 4})
    run = open_run(recipe, tmp_path / "run")
    train(recipe, run)
    card = read_card(run.bundle)
    assert card.losses == ["relativistic_average", "r1", "feature_matching"]
    network, _ = load_network(run.bundle)
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    last = numbers(run)[-2]
    assert {"augment_probability", "discriminator_r1"} <= last.keys()
    assert last["generator_feature_matching_loss"] > 0


@pytest.mark.parametrize("key", ["gradient_penalty", "r1_gamma"])
@pytest.mark.parametrize(
    ("normalization", "refused"), [("batch", True), ("layer", False), ("none", False)]
)
def test_penalties_want_no_statistics_of_the_batch(
    key: str, normalization: str, refused: bool
) -> None:
    """At 8 pixels there is one convolution, which is not normalised."""
    recipe = gan_recipe(
        "dcgan",
        data={"image_size": 16},
        discriminator={"normalization": normalization},
        training={key: 1.0},
    )
    if not refused:
        check_recipe(recipe)
        return
    with pytest.raises(ConfigError) as error:
        check_recipe(recipe)
    assert str(error.value) == (
        f"training.{key} is of each picture alone, and the batch normalisation of "
        "DCGANDiscriminator mixes those of a batch. Set "
        "discriminator.normalization=none"
    )


@pytest.mark.parametrize("name", ["gan", "dcgan", "cgan", "wgan_gp"])
def test_recipes_with_penalties_are_not_refused(name: str) -> None:
    recipe = load_recipe(RECIPES / name / "digits.yaml")
    assert recipe.training.r1_gamma or recipe.training.gradient_penalty
    check_recipe(recipe)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["dcgan", thorough("cgan")])
def test_init_starts_from_the_generator_of_a_bundle(
    family: str, tmp_path: Path
) -> None:
    recipe = gan_recipe(family)
    run = open_run(recipe, tmp_path / "run")
    train(recipe, run)
    again = recipe.model_copy(update={"init": str(run.bundle)})
    generator, _ = build_experiment(again).build_networks()
    trained, _ = load_network(run.bundle)
    for mine, theirs in zip(
        generator.get_weights(), trained.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    second = open_run(again, tmp_path / "second")
    train(again, second)
    assert load_network(second.bundle)[1].family == family
    data = recipe.data.model_copy(update={"image_size": 16})
    other = {"generator": {**recipe.generator, "num_filters": 5}}
    with pytest.raises(ConfigError, match=r"num_filters=5 does not go with init="):
        build_experiment(again.model_copy(update=other)).build_networks()
    larger = again.model_copy(update={"data": data})
    with pytest.raises(ConfigError, match=r"image_size \(16, 16\)"):
        build_experiment(larger).build_networks()
