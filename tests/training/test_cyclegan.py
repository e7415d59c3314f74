"""Unpaired translation, run as a user runs it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import imgan
from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.errors import ImganError
from imgan.io.images import read_image
from imgan.training.cyclegan import CycleGANExperiment
from imgan.training.run_folder import RunFolder
from imgan.training.statistics import restate_statistics
from imgan.training.train import check_recipe
from tests.training.translating import looks
from tests.training.translating import photographs
from tests.training.translating import recipe_of
from tests.training.translating import rows
from tests.training.translating import run
from tests.training.translating import save
from tests.training.translating import unpaired
from tests.training.translating import write_pairs

Folders = dict[str, str]


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Grey pictures, and coloured ones."""
    return write_pairs(tmp_path_factory.mktemp("domains"))


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_pairs(tmp_path_factory.mktemp("held_out"), 2, first=4)


@pytest.fixture(scope="module")
def finished(
    domains: Folders, held_out: Folders, tmp_path_factory: pytest.TempPathFactory
) -> RunFolder:
    """From grey to colour and back; held-out pictures of one name show the same."""
    data = {"validation_pairs": True, "load_size": None}
    values = unpaired(domains, held_out, data=data)
    return run(values, tmp_path_factory.mktemp("finished"))


@pytest.mark.slow
def test_a_run_leaves_both_directions(finished: RunFolder, domains: Folders) -> None:
    card = read_card(finished.bundle)
    assert (card.name, card.family) == ("tiny-domains", "cyclegan")
    assert card.task == "translation"
    assert card.network.path == "imgan.networks.resnet:ResNetGenerator"
    assert (card.input_channels, card.output_channels) == (1, 3)
    assert card.input_range == card.output_range == (-1, 1)
    assert card.inference_mode.normalization == "instance"
    assert (card.halo, card.tile, card.overlap) == (None, 1024, 128)
    assert card.losses == ["least_squares", "cycle: l1"]
    back = read_card(finished.path / "reverse")
    assert back.name == "tiny-domains-reverse"
    assert back.recipe is not None
    assert back.recipe["direction"] == "b_to_a"
    assert (back.input_channels, back.output_channels) == (3, 1)
    assert back.training_steps == card.training_steps == 4
    # Each is what one applies to pictures of its own domain.
    grey = read_image(Path(domains["a"]) / "0.png").pixels
    colour = imgan.load(str(finished.path))(grey)
    assert colour.shape == (20, 24, 3)
    again = imgan.load(str(finished.path / "reverse"))(colour)
    assert again.shape[:2] == (20, 24)


def test_a_run_leaves_numbers_and_samples(finished: RunFolder) -> None:
    names = {
        *("generator_loss", "generator_cycle_loss", "generator_adversarial_loss"),
        *("discriminator_loss", "discriminator_a_fake_accuracy"),
        *("discriminator_b_real_accuracy", "generator_gradient_norm"),
    }
    logged = [row for row in rows(finished) if "generator_loss" in row]
    assert [row["step"] for row in logged] == [2, 4]
    assert all(names <= set(row) for row in logged)
    # Two pictures of each domain, 20x24: source, output and the way back.
    assert read_image(finished.sample_sheet(4)).pixels.shape == (86, 76, 3)
    assert "finished" in finished.report.read_text(encoding="utf-8")
    assert not finished.alarms.exists()


def test_scores_are_by_hand_those_of_the_bundles(
    finished: RunFolder, held_out: Folders
) -> None:
    """The way back, in units of [-1, 1]: over two pictures of each domain."""
    quality = {"l1", "psnr", "ssim"}
    last = looks(finished)[4]
    assert set(last) == {"cycle_l1", *quality, *(f"back_{name}" for name in quality)}
    (score,) = read_card(finished.bundle).metrics
    assert score.values == pytest.approx({name: last[name] for name in quality})
    assert score.dataset == f"{held_out['a']} -> {held_out['b']}"
    assert "as they are" in score.protocol["size"]
    (back_score,) = read_card(finished.path / "reverse").metrics
    assert back_score.values == pytest.approx({n: last[f"back_{n}"] for n in quality})
    assert back_score.dataset == f"{held_out['b']} -> {held_out['a']}"
    ab, ba = (load_network(finished.path / n)[0] for n in ("bundle", "reverse"))
    sides = [_pictures(held_out[name]) for name in ("a", "b")]
    errors, misses = [], []
    for forth, back, sources, targets in ((ab, ba, *sides), (ba, ab, *sides[::-1])):
        for source, target in zip(sources, targets, strict=True):
            made = forth(source, training=False)
            cycled = np.asarray(back(made, training=False))
            errors.append(np.abs(cycled - source).mean())
            misses.append(np.abs(np.asarray(made) - target).mean())
    assert last["cycle_l1"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert last["l1"] == pytest.approx(np.mean(misses[:2]), rel=1e-4)
    assert last["back_l1"] == pytest.approx(np.mean(misses[2:]), rel=1e-4)


def _pictures(folder: str) -> list[Any]:
    pictures = [read_image(path).pixels for path in sorted(Path(folder).iterdir())]
    return [2 * p.reshape(1, 20, 24, -1).astype(np.float32) / 255 - 1 for p in pictures]


@pytest.mark.slow
def test_identity_and_batch_normalisation(domains: Folders, tmp_path: Path) -> None:
    """Statistics of each generator are taken anew, on the domain that it is given.

    One domain is dark and the other is bright.
    """
    for index, picture in enumerate(photographs(3)):
        save(tmp_path / "dark" / f"{index}.png", picture // 8)
        save(tmp_path / "bright" / f"{index}.png", 255 - picture // 8)
    values = unpaired(
        {"a": str(tmp_path / "dark"), "b": str(tmp_path / "bright")},
        direction="b_to_a",
        generator={"normalization": "batch", "dropout": 0.5},
        data={"a": {}},
        training={"identity_weight": 0.5, "statistics_batches": 2},
    )
    made = check_recipe(recipe_of(values))
    model = made.create()
    # A share of the cycle's weight.
    assert (model.cycle_weight, model.identity_weight) == (10.0, 5.0)
    (batch,) = made.dataset(model, 0, []).take(1)
    assert "generator_identity_loss" in model.train_step(batch)
    network, card = made.bundle(model, {})
    assert card.losses == ["least_squares", "cycle: l1", "identity: l1"]
    assert card.inference_mode.normalization == "stored"
    other, _ = made.side_bundles(model)["reverse"]
    for found, given, average in (
        (network, "domain_b", model.ema_generator_ba),
        (other, "domain_a", model.ema_generator),
    ):
        batches = [each[given] for each in made.dataset(model, 0, []).take(2)]
        expected = restate_statistics(average, batches)
        for one, two in zip(found.weights, expected.weights, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    assert not np.allclose(_means(network), _means(other), atol=1e-2)


def _means(network: Any) -> Any:
    return network.get_layer("first_norm").moving_mean.numpy()


@pytest.mark.slow
def test_the_direction_names_the_bundle_and_the_plain_scores(
    domains: Folders, held_out: Folders, tmp_path: Path
) -> None:
    """What is scored without a prefix is the way that the bundle goes."""
    found = {}
    for direction in ("a_to_b", "b_to_a"):
        values = unpaired(
            domains, held_out, direction=direction, data={"validation_pairs": True}
        )
        made = CycleGANExperiment(recipe_of(values))
        keras.utils.set_random_seed(3)
        model = made.create()
        _, card = made.bundle(model, {})
        (name,) = made.side_bundles(model)
        assert name == "reverse"
        validator = made.validator(model, RunFolder(tmp_path / direction))
        found[direction] = (card.input_channels, validator(0).scores)
    (forth, scores), (back, others) = found["a_to_b"], found["b_to_a"]
    assert (forth, back) == (1, 3)
    for name in ("l1", "psnr", "ssim"):
        assert scores[name] == pytest.approx(others[f"back_{name}"], rel=1e-5)
        assert scores[f"back_{name}"] == pytest.approx(others[name], rel=1e-5)
    assert scores["l1"] != pytest.approx(others["l1"], rel=1e-3)


def test_a_domain_of_sixteen_bits(domains: Folders, tmp_path: Path) -> None:
    """Towards it results have 16 bits, from it 8."""
    for index, picture in enumerate(photographs(3)):
        save(tmp_path / "deep" / f"{index}.png", picture.astype(np.uint16) * 257)
    made = CycleGANExperiment(
        recipe_of(unpaired({"a": domains["a"], "b": str(tmp_path / "deep")}))
    )
    model = made.create()
    assert made.bundle(model, {})[1].output_dtype == "uint16"
    assert made.side_bundles(model)["reverse"][1].output_dtype == "uint8"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data": {"image_size": 17}},
            r"data\.image_size must be a multiple of 2, at least 4, for the generator",
        ),
        ({"init": "x4"}, r"init does not apply to cyclegan"),
        ({"training": {"identity_weight": 0.5}}, r"as many channels in both domains"),
        ({"training": {"discriminator_steps": 2}}, r"does not apply to cyclegan"),
        ({"data": {"validation_pairs": True}}, r"validation_pairs needs validation"),
        ({"network": "dcgan"}, r"must be a family of translation"),
    ],
)
def test_recipes_that_cannot_work_are_told_before_the_first_step(
    domains: Folders, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImganError, match=message):
        check_recipe(recipe_of(unpaired(domains, **changes)))


def test_a_plan_says_what_a_run_will_do(domains: Folders, held_out: Folders) -> None:
    plan = dict(CycleGANExperiment(recipe_of(unpaired(domains, held_out))).plan())
    assert plan["training pictures"] == "4 of domain a, 4 of domain b"
    assert plan["validation pictures"] == "2 and 2"
    assert plan["pictures seen in all"] == "8 of each"
    assert plan["losses"] == "least_squares; cycle: l1"


def test_the_way_back_lets_discriminators_win(domains: Folders) -> None:
    for weight, teaches in ((10.0, True), (0.0, False)):
        recipe = recipe_of(unpaired(domains, training={"cycle_weight": weight}))
        assert CycleGANExperiment(recipe).content_teaches is teaches


def test_no_two_layers_drop_alike(domains: Folders) -> None:
    """Or both directions would lose the same places of their pictures."""
    recipe = recipe_of(
        unpaired(domains, generator={"dropout": 0.5, "num_residual_blocks": 3})
    )
    networks = CycleGANExperiment(recipe).build_networks()
    seeds = [
        layer.seed
        for way in ("ab", "ba")
        for layer in networks[f"generator_{way}"].layers
        if isinstance(layer, keras.layers.Dropout)
    ]
    assert len(seeds) == 6
    assert len(set(seeds)) == len(seeds)
