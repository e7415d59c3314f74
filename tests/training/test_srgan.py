"""Recipes with a discriminator, run as a user runs them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.bundles.fidelity import blend_networks
from imgan.config import validate_recipe
from imgan.errors import ImganError
from imgan.training.run_folder import RunFolder
from imgan.training.srgan import SRGANExperiment
from imgan.training.train import check_recipe
from imgan.training.train import train
from tests.training.test_report import Page
from tests.training.test_report import curves


@pytest.fixture
def experiment(photographs: Path) -> dict[str, Any]:
    """Both stages, every term that needs no foreign weights, degraded pictures."""
    return {
        "name": "tiny-srgan",
        "family": "realesrgan",
        "network": "repsr",
        "seed": 3,
        "scale": 2,
        "generator": {"num_filters": 8, "num_convs": 1},
        "discriminator": {"num_filters": 4},
        "data": {
            "train": {"hr": str(photographs)},
            "validation": {"hr": str(photographs)},
            "hr_patch_size": 32,
            "batch_size": 4,
            "degradation": {},
            "usm_targets": True,
        },
        "training": {
            "steps": 8,
            "pixel_steps": 4,
            "pixel_weight": 1.0,
            "adversarial_weight": 0.1,
            "feature_matching": 0.5,
            "feature_layers": {"down_1_relu": 1.0, "up_0_relu": 0.5},
            "frequency": 0.1,
            "artifacts": 1.0,
            "color": 1.0,
            "chroma": 1.0,
            "texture": 1.0,
            "log_every": 2,
            "validate_every": 4,
            "checkpoint_every": 2,
        },
    }


def run(values: dict[str, Any], folder: Path) -> RunFolder:
    result = RunFolder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    train(validate_recipe(values), result)
    return result


def rows(result: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.metrics.read_text().splitlines()]


def assert_page_shows_both_stages(result: RunFolder) -> None:
    """Log lines at 2 and 4 are of pixels alone, at 6 and 8 of all; looks at 4 and 8."""
    page = Page(result)
    losses = page.chart("Losses")
    points = [path.count("M") + path.count("L") for [path] in curves(losses)]
    # The pixel loss has a curve through both stages, nine others through the last.
    assert sorted(points) == [2, 2, 2, 2, 2, 2, 2, 2, 2, 4]
    legend = page.text[page.text.index("Losses") :]
    names = ("pixel", "artifacts", "frequency", "color", "chroma", "texture")
    names = (*names, "feature matching")
    for name in (*names, "adversarial"):
        assert f"generator {name} loss" in legend
    assert "discriminator loss" in legend
    norms = curves(page.chart("Gradient norms"))
    assert sorted(path.count("L") for [path] in norms) == [1, 3]
    gains = page.chart("Validation: gain, in dB")
    assert "<title>step 4: " in gains
    assert "<title>step 8: " in gains
    verdict = rows(result)[-1]["verdict"]
    assert "dB over bicubic on 3 held-out pictures; kept step 8 of 8" in verdict
    assert verdict in page.text
    assert page.find("section", id="verdict")
    samples = [image["alt"] for image in page.find("img")]
    assert samples == ["Samples at step 4", "Samples at step 8"]


@pytest.mark.slow
def test_both_stages_run_and_the_bundle_names_its_partner(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    result = run(experiment, tmp_path / "run")
    keys = {row["step"]: set(row) for row in rows(result) if "seconds_per_step" in row}
    assert "discriminator_loss" not in keys[4]
    assert {"discriminator_loss", "generator_artifacts_loss"} <= keys[6]
    assert_page_shows_both_stages(result)
    card = read_card(result.bundle)
    assert card.family == "realesrgan"
    assert card.network.path == "imgan.networks.repsr:RepSR"
    assert card.fidelity_partner == "../pixel"
    assert card.losses == [
        *("l1", "nonsaturating", "feature_matching", "focal_frequency"),
        *("color", "chroma", "sliced_wasserstein", "artifacts"),
    ]
    pixel = read_card(result.path / "pixel")
    assert (pixel.losses, pixel.training_steps) == (["l1"], 4)
    network, _ = blend_networks(result.bundle, 1.0)
    expected, _ = load_network(result.path / "pixel")
    for blended, faithful in zip(network.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(blended.numpy(), faithful.numpy())


@pytest.mark.slow
@pytest.mark.thorough
def test_a_start_from_a_bundle_trains_its_network_with_the_discriminator_at_once(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    first = run(experiment, tmp_path / "first")
    values = {**experiment, "init": str(first.bundle)}
    values["training"] = {**values["training"], "pixel_steps": 0, "steps": 2}
    second = run(values, tmp_path / "second")
    start, _ = load_network(first.bundle)
    kept, _ = load_network(second.path / "pixel")
    for old, new in zip(start.weights, kept.weights, strict=True):
        np.testing.assert_array_equal(old.numpy(), new.numpy())
    assert read_card(second.path / "pixel").training_steps == 0
    ended, _ = load_network(second.bundle)
    pairs = zip(start.weights, ended.weights, strict=True)
    assert any((old.numpy() != new.numpy()).any() for old, new in pairs)


@pytest.mark.slow
def test_random_weights_are_no_end_of_the_dial(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    experiment["training"] |= {"steps": 1, "pixel_steps": 0}
    del experiment["data"]["validation"]
    result = run(experiment, tmp_path / "run")
    assert read_card(result.bundle).fidelity_partner is None
    assert not (result.path / "pixel").exists()


def test_a_start_of_another_scale_is_no_start_to_compare_with(
    experiment: dict[str, Any],
) -> None:
    """Its end is random, so it is neither an end of the dial nor a model to beat."""
    experiment |= {"init": "x4", "network": "anchored_edsr", "generator": {}}
    experiment["training"] |= {"pixel_steps": 0}
    for init, known in (("x4", None), ("x2", "x2")):
        made = SRGANExperiment(validate_recipe({**experiment, "init": init}))
        assert (made.start, made._partner()) == (known, known)


@pytest.mark.slow
def test_the_partner_is_what_the_second_stage_begins_with(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    """Also where the first stage began with a shipped model, or was gone back to."""
    experiment |= {"init": "x2", "network": "anchored_edsr", "generator": {}}
    recipe = validate_recipe(experiment)
    made = SRGANExperiment(recipe)
    model, folder = made.create(), RunFolder(tmp_path)
    made.begin_stage(model, 4, folder)
    assert read_card(tmp_path / "pixel").training_steps == 4
    before = load_network(tmp_path / "pixel")[0].get_weights()[0]
    made.begin_stage(model, 2, folder)
    for weight in model.ema_generator.weights:
        weight.assign(0.5 * weight)
    made.begin_stage(model, 4, folder)
    after = load_network(tmp_path / "pixel")[0].get_weights()[0]
    np.testing.assert_array_equal(after, 0.5 * before)
    made.begin_stage(model, 6, folder)
    assert made.bundle(model, {})[1].fidelity_partner == "../pixel"


@pytest.mark.slow
def test_patches_fit_networks_that_see_squares_of_pixels(
    experiment: dict[str, Any],
) -> None:
    """RRDBNet of scale 2 takes even sides: 34 / 2 is none."""
    recipe = {key: experiment[key] for key in ("name", "family", "scale", "data")}
    recipe |= {"family": "rrdb", "training": {"steps": 1}}
    recipe["data"] = {**recipe["data"], "hr_patch_size": 34}
    with pytest.raises(ImganError, match=r"multiple of 4 for RRDBNet. Received: 34"):
        check_recipe(validate_recipe(recipe))


@pytest.mark.thorough
def test_degrading_in_the_step_trains_as_well(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    experiment["data"]["degradation"] = {"where": "device", "pool": 6}
    experiment["training"] |= {"steps": 4, "pixel_steps": 2}
    result = run(experiment, tmp_path / "run")
    losses = [
        row["generator_pixel_loss"] for row in rows(result) if "seconds_per_step" in row
    ]
    assert len(losses) == 2
    assert all(0 < loss < 0.6 for loss in losses)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"discriminator": {"filters": 8}},
            "unknown key 'discriminator.filters'",
        ),
        (
            {"training": {"feature_layers": {"down_9_relu": 1.0}}},
            r"unknown key 'training\.feature_layers\.down_9_relu'.*down_0_relu",
        ),
        (
            {
                "training": {
                    "feature_matching": 0.0,
                    "feature_layers": {"down_1_relu": 1.0},
                }
            },
            r"feature_layers are parts of training\.feature_matching, which is 0",
        ),
        (
            {
                "data": {"channels": 2, "usm_targets": False, "degradation": None},
                "training": {"perceptual": {"weights": "no.h5"}},
            },
            r"training\.perceptual needs data\.channels of 1 or 3.*Received: 2",
        ),
        (
            {"data": {"hr_patch_size": 36}},
            r"data\.hr_patch_size must be a multiple of 8 for UNetDiscriminator",
        ),
        (
            {"init": "x4"},
            r"init must be a model of network RepSR, .*`--set network=anchored_edsr` "
            r"trains that network, `--set init=null` trains from scratch",
        ),
        (
            {"init": "x2", "network": "edsr"},
            r"must be a model of network EDSR.*`--set network=anchored_edsr` "
            r"trains that network, `--set init=null` trains from scratch",
        ),
        (
            {
                "init": "x2",
                "network": "anchored_edsr",
                "generator": {"num_filters": 8},
            },
            r"generator\.num_filters=8 does not go with init=x2, whose network has \d+",
        ),
        (
            {"data": {"hr_patch_size": 8}, "training": {"pixel_loss": "ssim"}},
            r"data\.hr_patch_size must be at least 11 for the pixel loss ssim.*: 8",
        ),
        (
            {"data": {"hr_patch_size": 16}, "training": {"texture": 1.0}},
            r"data\.hr_patch_size must be at least \d+ for training\.texture\. .*: 16",
        ),
        (
            {"data": {"channels": 1, "usm_targets": False, "degradation": None}},
            r"training\.chroma does not apply to data\.channels=1",
        ),
        (
            {"family": "srgan", "training": {"r1_gamma": 1.0}},
            r"training\.r1_gamma is of each picture alone, and the batch normalisation "
            r"of SRGANDiscriminator mixes .*\. Leave it out, or take another family",
        ),
        ({"training": {"pixel_steps": 8}}, r"pixel_steps must be below"),
        ({"training": {"image_pool": 50}}, r"image_pool does not apply"),
        ({"network": "dcgan"}, r"must be a family of super-resolution"),
        (
            {"training": {"perceptual": {"weights": "no.h5"}}},
            r"no\.h5",
        ),
    ],
)
def test_recipes_that_cannot_work_are_told_before_the_first_step(
    experiment: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    if "network" in changes:
        # Those of the fixture are arguments of another network.
        experiment["generator"] = {}
    for key, value in changes.items():
        merged = {**experiment[key], **value} if isinstance(value, dict) else value
        experiment[key] = merged
    with pytest.raises(ImganError, match=message):
        check_recipe(validate_recipe(experiment))


# Weights of losses that compare with the truth.
CONTENT = ("pixel_weight", "frequency", "artifacts", "color", "chroma", "texture")
CONTENT = (*CONTENT, "feature_matching")


@pytest.mark.parametrize(
    "given",
    [{}, *({key: 0.5} for key in CONTENT), {"perceptual": {"weights": "no.h5"}}],
    ids=str,
)
def test_losses_on_content_let_a_discriminator_win(
    experiment: dict[str, Any], given: dict[str, Any]
) -> None:
    none = {**dict.fromkeys(CONTENT, 0.0), "feature_layers": {}}
    experiment["training"] |= {**none, **given}
    recipe = validate_recipe(experiment)
    assert SRGANExperiment(recipe).content_teaches is bool(given)
