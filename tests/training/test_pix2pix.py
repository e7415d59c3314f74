"""Paired translation, run as a user runs it."""

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import imgan
from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.errors import ImganError
from imgan.io.images import read_image
from imgan.training.pix2pix import Pix2PixExperiment
from imgan.training.run_folder import RunFolder
from imgan.training.train import check_recipe
from imgan.types import Array
from tests.training.translating import bundled
from tests.training.translating import looks
from tests.training.translating import paired
from tests.training.translating import photographs
from tests.training.translating import recipe_of
from tests.training.translating import rows
from tests.training.translating import run
from tests.training.translating import save
from tests.training.translating import write_pairs

Folders = dict[str, str]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_pairs(tmp_path_factory.mktemp("held_out"), 2, first=4)


def unit(path: str) -> Array:
    return np.asarray(read_image(Path(path)).pixels, np.float32) / 255


def by_hand(bundle: Path, source: Array) -> Array:
    """Return what a bundle's network makes of a grey picture in [0, 1], as RGB."""
    network, _ = load_network(bundle)
    images = 2 * source.reshape(1, *source.shape[:2], -1) - 1
    return np.clip((np.asarray(network(images, training=False))[0] + 1) / 2, 0, 1)


@pytest.fixture(scope="module")
def finished(
    pairs: Folders, held_out: Folders, tmp_path_factory: pytest.TempPathFactory
) -> RunFolder:
    """Batch normalisation and dropout, squeezed pictures, held-out pairs."""
    values = paired(pairs, held_out, training={"statistics_batches": 3})
    return run(values, tmp_path_factory.mktemp("finished"))


@pytest.mark.slow
def test_the_card_says_how_the_network_runs(
    finished: RunFolder, held_out: Folders
) -> None:
    card = read_card(finished.bundle)
    assert (card.task, card.family) == ("translation", "pix2pix")
    assert card.network.path == "imgan.networks.unet:UNetGenerator"
    assert (card.input_channels, card.output_channels, card.scale) == (1, 3, 1)
    assert card.input_range == card.output_range == (-1, 1)
    assert (card.pixel_range, card.output_pixel_range) == (None, None)
    assert (card.output_dtype, card.num_frames) == ("input", 1)
    assert card.size_multiple == 8
    assert card.inference_mode.normalization == "stored"
    assert card.inference_mode.dropout is False
    assert card.halo is not None
    assert card.tile >= 2 * card.halo
    assert card.tile % 8 == 0
    assert card.overlap is None
    assert card.losses == ["l1", "nonsaturating"]
    assert card.training_steps == 4
    assert card.self_check is not None
    (score,) = card.metrics
    assert score.dataset == f"{held_out['a']} -> {held_out['b']}"
    assert score.protocol["size"] == 16
    assert set(score.values) == {"l1", "psnr", "ssim"}
    # Statistics were taken anew: what ships is measured again.
    assert score.values != looks(finished)[4]


def test_a_run_leaves_numbers_samples_and_a_verdict(finished: RunFolder) -> None:
    names = {
        *("generator_loss", "generator_pixel_loss", "generator_adversarial_loss"),
        *("generator_gradient_norm", "discriminator_loss", "discriminator_real_sign"),
        *("discriminator_real_accuracy", "discriminator_fake_accuracy"),
    }
    logged = [row for row in rows(finished) if "generator_loss" in row]
    assert [row["step"] for row in logged] == [2, 4]
    assert all(names <= set(row) for row in logged)
    assert set(looks(finished)) == {2, 4}
    # Two held-out pairs: source, output and target of 16 pixels, 2 between them.
    sheet = read_image(finished.sample_sheet(4)).pixels
    assert sheet.shape == (2 * 16 + 2, 3 * 16 + 2 * 2, 3)
    verdict = rows(finished)[-1]["verdict"]
    assert "dB PSNR on 2 held-out pictures; kept step 4 of 4" in verdict
    assert verdict in finished.report.read_text(encoding="utf-8")
    assert not finished.alarms.exists()


def test_scores_are_those_of_the_shipped_network(
    finished: RunFolder, held_out: Folders
) -> None:
    """By hand from the bundle: L1 in units of [-1, 1], PSNR of all channels."""
    errors = []
    for name in ("0.png", "1.png"):
        source, target = (
            cv2.resize(unit(f"{held_out[side]}/{name}"), (16, 16), interpolation=3)
            for side in ("a", "b")
        )
        rounded = np.rint(255 * target) / 255
        errors.append(by_hand(finished.bundle, np.rint(255 * source) / 255) - rounded)
    values = read_card(finished.bundle).metrics[0].values
    l1 = np.mean([2 * np.abs(error).mean() for error in errors])
    psnr = np.mean([-10 * np.log10(np.square(error).mean()) for error in errors])
    assert values["l1"] == pytest.approx(l1, rel=1e-3)
    assert values["psnr"] == pytest.approx(psnr, abs=0.02)


def test_a_predictor_gives_what_the_network_gives(
    finished: RunFolder, pairs: Folders
) -> None:
    source = read_image(Path(pairs["a"]) / "0.png").pixels[:16]
    made = imgan.load(str(finished.path), precision="float32")(source)
    assert made.shape == (16, 24, 3)
    expected = np.rint(255 * by_hand(finished.bundle, source.astype(np.float32) / 255))
    assert np.abs(made.astype(float) - expected).max() <= 1


def test_without_held_out_pairs_there_are_no_scores(
    pairs: Folders, tmp_path: Path
) -> None:
    made = Pix2PixExperiment(recipe_of(paired(pairs)))
    assert made.gate_config is None
    model = made.create()
    assert made.validator(model, RunFolder(tmp_path))(1).scores == {}
    assert made.bundle(model, {})[1].metrics == []


@pytest.mark.parametrize(
    ("changes", "network", "losses"),
    [
        (
            {"family": "pix2pixhd", "training": {"feature_matching": 10.0}},
            "pix2pixhd:GlobalGenerator",
            ["l1", "least_squares", "feature_matching"],
        ),
        (
            {"family": "pix2pixhd_local", "data": {"batch_size": 1}},
            "pix2pixhd:LocalEnhancer",
            ["l1", "least_squares"],
        ),
    ],
)
def test_coarse_and_fine_networks_with_judges_of_two_scales(
    pairs: Folders,
    tmp_path: Path,
    changes: dict[str, Any],
    network: str,
    losses: list[str],
) -> None:
    training = {**changes.pop("training", {}), "loss": "least_squares"}
    folder = bundled(paired(pairs, training=training, **changes), tmp_path / "bundle")
    card = read_card(folder)
    assert card.network.path == f"imgan.networks.{network}"
    assert card.losses == losses
    assert card.inference_mode.normalization == "instance"
    # Each pixel depends on all: large pictures are blended of tiles.
    assert (card.halo, card.tile, card.overlap) == (None, 1024, 128)
    assert card.minimum_size == load_network(folder)[0].minimum_size


def test_features_are_weighted_as_in_pix2pixhd(pairs: Folders) -> None:
    """Four over the features of both scales, two each: 1 for all of them."""
    values = paired(pairs, family="pix2pixhd", training={"feature_matching": 10.0})
    model = Pix2PixExperiment(recipe_of(values)).create()
    assert model.feature_matching.weights == [1.0] * 4
    assert model.feature_matching_weight == 10.0
    assert model.feature_matching.statistic == "paired"


def test_another_network_and_two_steps_of_the_discriminator(
    pairs: Folders, tmp_path: Path
) -> None:
    arguments = {"num_residual_blocks": 1, "num_downsamplings": 1, "num_levels": 3}
    values = paired(
        pairs,
        network="cyclegan",
        training={"discriminator_steps": 2, "loss": "hinge", "pixel_loss": "l2"},
    )
    values["generator"] = {**arguments, "num_filters": 4}
    with pytest.raises(ImganError, match=r"unknown key 'generator.num_levels'"):
        check_recipe(recipe_of(values))
    del values["generator"]["num_levels"]
    made = check_recipe(recipe_of(values))
    assert ("pairs seen in all", "16") in made.plan()
    (batch,) = made.dataset(made.create(), 0, []).take(1)
    assert batch["source"].shape == (4, 16, 16, 1)
    assert batch["target"].shape == (4, 16, 16, 3)
    card = read_card(bundled(values, tmp_path / "bundle"))
    assert card.network.path == "imgan.networks.resnet:ResNetGenerator"
    assert card.losses == ["l2", "hinge"]


# === What pictures are ===


def sixteen_bits(folder: Path) -> Folders:
    """Write maps of labels of 8 bits, and targets of 16 that they stand for."""
    for index, picture in enumerate(photographs(3)):
        save(folder / "a" / f"{index}.png", picture[..., 0] // 64)
        save(folder / "b" / f"{index}.png", picture.astype(np.uint16) * 257)
    return {"a": str(folder / "a"), "b": str(folder / "b")}


def test_labels_of_eight_bits_become_pictures_of_sixteen(tmp_path: Path) -> None:
    folders = sixteen_bits(tmp_path / "data")
    labels = {"channels": 1, "labels": True, "value_range": [0, 3]}
    bundle = bundled(paired(folders, data={"source": labels}), tmp_path / "bundle")
    card = read_card(bundle)
    assert card.output_dtype == "uint16"
    assert (card.pixel_range, card.output_pixel_range) == ((0, 3), None)
    source = read_image(Path(folders["a"]) / "0.png").pixels
    assert imgan.load(str(bundle))(source).dtype == np.uint16


def test_the_other_direction_and_targets_in_units(tmp_path: Path) -> None:
    """From 16-bit pictures to numbers between 0 and 3, which are no light."""
    values = paired(
        sixteen_bits(tmp_path / "data"),
        data={
            "direction": "b_to_a",
            "source": {"channels": 3},
            "target": {"channels": 1, "value_range": [0, 3]},
        },
    )
    bundle = bundled(values, tmp_path / "bundle")
    card = read_card(bundle)
    assert (card.input_channels, card.output_channels) == (3, 1)
    assert (card.pixel_range, card.output_pixel_range) == (None, (0, 3))
    made = imgan.load(str(bundle))(np.zeros((16, 16, 3), np.uint16))
    assert made.dtype == np.float32
    assert made.min() >= -1e-3
    assert made.max() <= 3 + 1e-3


def test_frames_in_a_row_are_the_source(tmp_path: Path) -> None:
    for index, picture in enumerate(photographs(5)):
        save(tmp_path / "frames" / f"{index:02d}.png", picture)
    values = paired(
        {"frames": str(tmp_path / "frames")},
        data={"source": {"channels": 3}, "num_frames": 2},
    )
    experiment = check_recipe(recipe_of(values))
    assert ("training pairs", "3") in experiment.plan()
    card = read_card(bundled(values, tmp_path / "bundle"))
    assert (card.num_frames, card.input_channels, card.output_channels) == (2, 6, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "channels"),
    [
        ({"make": "grey", "source": {"channels": 1}}, (1, 3)),
        (
            {"make": "degraded", "source": {"channels": 3}, "degradation": {}},
            (3, 3),
        ),
    ],
)
def test_sources_are_made(
    pairs: Folders,
    held_out: Folders,
    tmp_path: Path,
    data: dict[str, Any],
    channels: tuple[int, int],
) -> None:
    values = paired(
        {"pictures": pairs["b"]},
        {"pictures": held_out["b"]},
        data={**data, "load_size": None},
    )
    made = check_recipe(recipe_of(values))
    model = made.create()
    (batch,) = made.dataset(model, 0, []).take(1)
    model.train_step(batch)
    look = made.validator(model, RunFolder(tmp_path))(2)
    _, card = made.bundle(model, look.scores)
    assert (card.input_channels, card.output_channels) == channels
    assert card.output_dtype == "input"
    assert card.metrics[0].dataset == held_out["b"]
    assert "as they are" in card.metrics[0].protocol["size"]
    # Whole pictures: two rows of 20 pixels, three columns of 24.
    sheet = RunFolder(tmp_path).sample_sheet(2)
    assert read_image(sheet).pixels.shape == (42, 76, 3)


# === What held-out pairs decide ===


@pytest.mark.slow
def test_the_best_look_is_kept_and_the_run_ends_early(
    pairs: Folders, held_out: Folders, tmp_path: Path
) -> None:
    """No gain is as large as 30 dB, so the third look is the last."""
    gate = {"keep_best": True, "early_stop": 2, "least_gain": 30.0}
    training = {
        **{"steps": 20, "gate": gate, "statistics_batches": 0},
        "generator_optimizer": {"learning_rate": 1e-2},
    }
    result = run(paired(pairs, held_out, training=training), tmp_path / "run")
    found = looks(result)
    assert set(found) == {2, 4, 6}
    best = max(found, key=lambda step: found[step]["psnr"])
    card = read_card(result.bundle)
    assert card.training_steps == best
    # Of batch normalisation, so measured again, on the weights that were kept.
    assert card.metrics[0].values["psnr"] == pytest.approx(found[best]["psnr"])
    verdict = rows(result)[-1]["verdict"]
    assert f"kept step {best} of 20, stopped at step 6 after 2 looks" in verdict


# === init ===


@pytest.mark.slow
def test_a_bundle_is_fine_tuned(
    pairs: Folders, held_out: Folders, tmp_path: Path
) -> None:
    """At a rate of nothing it stays what it was, and its verdict is of no gain."""
    first = bundled(paired(pairs), tmp_path / "first")
    slow = {"learning_rate": 0.0}
    training = {
        **{"steps": 2, "statistics_batches": 0, "generator_optimizer": slow},
        "watchdog": {"enabled": False},
    }
    values = paired(pairs, held_out, init=str(first), training=training)
    values["generator"] = {}
    second = run(values, tmp_path / "second")
    assert set(looks(second)) == {0, 2}
    assert "gain_over_start" in looks(second)[2]
    assert f"over {first} on 2 held-out pictures" in rows(second)[-1]["verdict"]
    start, end = (load_network(path)[0] for path in (first, second.bundle))
    assert end.get_config() == start.get_config()
    for old, new in zip(start.trainable_weights, end.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory, pairs: Folders) -> Path:
    """A trained global generator."""
    folder = tmp_path_factory.mktemp("coarse") / "bundle"
    return bundled(paired(pairs, family="pix2pixhd"), folder)


@pytest.mark.slow
def test_a_local_enhancer_begins_around_a_trained_global_generator(
    coarse: Path, pairs: Folders, held_out: Folders, tmp_path: Path
) -> None:
    """Sizes that the recipe leaves out are those of the model; so is what it knows.

    What begins anew around it is no start that the end could be compared with.
    """
    values = paired(pairs, held_out, "pix2pixhd_local", init=str(coarse))
    values["generator"] = {"num_local_blocks": 2}
    made = check_recipe(recipe_of(values))
    assert made.plan()[0] == ("starts from", str(coarse))
    assert made.start is None
    network = made.create().ema_generator
    inside, _ = load_network(coarse)
    config = network.get_config()
    assert (config["num_filters"], config["num_local_blocks"]) == (4, 2)
    taken = [layer for layer in inside.layers if layer.weights]
    assert len(taken) > 4
    for layer in taken[:-1]:
        theirs = network.get_layer(layer.name).get_weights()
        for one, two in zip(layer.get_weights(), theirs, strict=True):
            np.testing.assert_array_equal(one, two)
    # An enhancer that was trained is one.
    model_of_its_own = {**values, "init": str(bundled(values, tmp_path / "bundle"))}
    made = check_recipe(recipe_of(model_of_its_own))
    assert made.start == made.recipe.init


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"family": "pix2pix"},
            r"model of network UNetGenerator, input channels 1, output channels 3\. "
            r"Received: .*, of network GlobalGenerator.*`--set init=null`",
        ),
        (
            {"family": "pix2pixhd", "data": {"source": {"channels": 3}}},
            r"GlobalGenerator, input channels 3, output channels 3.*input channels 1",
        ),
        (
            {"family": "pix2pixhd_local", "data": {"source": {"channels": 3}}},
            r"GlobalGenerator, input channels 3, output channels 3.*input channels 1",
        ),
        (
            {"family": "pix2pixhd", "generator": {"num_filters": 8}},
            r"generator\.num_filters=8 does not go with init=.*, whose network has 4",
        ),
        (
            {"family": "pix2pixhd_local", "generator": {"num_residual_blocks": 2}},
            r"generator\.num_residual_blocks=2 does not go with init=",
        ),
        (
            {"family": "pix2pixhd", "generator": {"num_local_blocks": 2}},
            r"unknown key 'generator\.num_local_blocks'",
        ),
        (
            {"family": "pix2pixhd_local", "generator": {"blocks": 2}},
            r"unknown key 'generator\.blocks'",
        ),
    ],
)
def test_a_start_that_does_not_fit_is_told(
    coarse: Path, pairs: Folders, changes: dict[str, Any], message: str
) -> None:
    generator = changes.pop("generator", {})
    values = paired(pairs, init=str(coarse), **changes)
    values["generator"] = generator
    with pytest.raises(ImganError, match=message):
        check_recipe(recipe_of(values))


# === Before the first step ===


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data": {"image_size": 18}},
            r"data\.image_size must be a multiple of 8, at least 8, for the generator, "
            r"UNetGenerator\. Received: 18",
        ),
        (
            {"discriminator": {"receptive_field": 70}},
            r"data\.image_size must be .* for the discriminator, PatchGAN",
        ),
        ({"generator": {"filters": 8}}, r"unknown key 'generator\.filters'"),
        ({"generator": {"noise_seed": 1}}, r"unknown key 'generator\.noise_seed'"),
        ({"discriminator": {"field": 8}}, r"unknown key 'discriminator\.field'"),
        ({"discriminator": {"receptive_field": 17}}, r"receptive_field must be one of"),
        ({"training": {"perceptual": {"weights": "no.h5"}}}, r"no\.h5"),
        (
            {"training": {"gradient_penalty": 10.0}},
            r"training\.gradient_penalty is of each picture alone.* of PatchGAN mixes "
            r"those of a batch\. Set discriminator\.normalization=none",
        ),
        (
            {"data": {"train": {"a": "no/folder", "b": "no/other"}}},
            r"no/folder",
        ),
    ],
)
def test_recipes_that_cannot_work_are_told_before_the_first_step(
    pairs: Folders, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImganError, match=message):
        check_recipe(recipe_of(paired(pairs, **changes)))


def test_batch_normalisation_of_single_pictures_is_warned_of_once(
    pairs: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    values = paired(pairs, data={"batch_size": 1})
    made = check_recipe(recipe_of(values))
    made.create()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "data.batch_size=1" in record.getMessage()
    assert "generator.normalization=instance" in record.getMessage()
    caplog.clear()
    check_recipe(recipe_of(paired(pairs)))
    values["generator"]["normalization"] = "instance"
    check_recipe(recipe_of(values))
    assert caplog.records == []


def test_losses_on_content_let_a_discriminator_win(pairs: Folders) -> None:
    for given in ({"pixel_weight": 100.0}, {"feature_matching": 10.0}, {}):
        values = paired(pairs, training={"pixel_weight": 0.0, **given})
        assert Pix2PixExperiment(recipe_of(values)).content_teaches is bool(given)
