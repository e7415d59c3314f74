from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.bundle import load_network
from imgan.bundles.card import LatentSpec
from imgan.bundles.card import SelfCheck
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.errors import CheckpointError
from imgan.errors import UnknownModelError
from imgan.errors import UsageError
from imgan.inference.latents import draw_latents
from imgan.inference.sampler import BATCH
from imgan.inference.sampler import Sampler
from imgan.inference.sampler import find_generator
from imgan.inference.sampler import load_sampler
from tests.inference import generators


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "labelled": generators.labelled(folder / "labelled"),
        "unlabelled": generators.unlabelled(folder / "unlabelled"),
        "perceptron": generators.perceptron(folder / "perceptron"),
    }


@pytest.fixture(scope="module")
def samplers(bundles: dict[str, Path]) -> dict[str, Sampler]:
    return {name: load_sampler(str(path)) for name, path in bundles.items()}


LABEL = {"labelled": 1, "unlabelled": None, "perceptron": None}


def change_card(bundle: Path, **changes: object) -> Path:
    write_card(read_card(bundle).model_copy(update=changes), bundle)
    return bundle


def test_what_a_sampler_is(samplers: dict[str, Sampler]) -> None:
    sampler = samplers["labelled"]
    assert sampler.labels == generators.LABELS
    assert (sampler.image_size, sampler.channels) == (8, 3)
    assert samplers["perceptron"].labels is None
    assert samplers["perceptron"].draw(2).shape == (2, 6, 6, 1)
    drawn = sampler.draw(3, label=0)
    assert (drawn.shape, drawn.dtype) == ((3, 8, 8, 3), np.uint8)


@pytest.mark.parametrize("kind", LABEL)
def test_pictures_are_those_of_the_network(
    kind: str, samplers: dict[str, Sampler], bundles: dict[str, Path]
) -> None:
    network, card = load_network(bundles[kind])
    assert card.latent is not None
    label = LABEL[kind]
    latents = draw_latents(card.latent, range(5), seed=4, label=label)
    inputs = latents if label is None else [latents, np.full(5, label, np.int32)]
    low, high = network.output_range
    values = (np.asarray(network(inputs, training=False)) - low) / (high - low) * 255
    drawn = samplers[kind].draw(5, label=label, seed=4)
    assert values.std() > 1
    np.testing.assert_allclose(drawn, values, atol=0.501)


@pytest.mark.parametrize("kind", LABEL)
def test_a_picture_does_not_depend_on_the_others(
    kind: str, samplers: dict[str, Sampler]
) -> None:
    sampler, label = samplers[kind], LABEL[kind]
    many = sampler.draw(3 * BATCH, label=label, seed=9)
    for first, count in [(0, 1), (BATCH - 1, 2), (BATCH, BATCH), (5, 31), (47, 1)]:
        part = sampler.draw(count, label=label, seed=9, first=first)
        np.testing.assert_array_equal(part, many[first : first + count])
    assert len(np.unique(many, axis=0)) == len(many)
    other = sampler.draw(3 * BATCH, label=label, seed=10)
    assert (other != many).any(axis=(1, 2, 3)).all()


def test_labels_differ(samplers: dict[str, Sampler]) -> None:
    drawn = [samplers["labelled"].draw(1, label=label) for label in range(3)]
    assert len(np.unique(np.concatenate(drawn), axis=0)) == 3


@pytest.mark.parametrize("kind", LABEL)
def test_truncation_moves_every_picture_a_little(
    kind: str, samplers: dict[str, Sampler]
) -> None:
    sampler, label = samplers[kind], LABEL[kind]
    bounds = [0.9, 0.901, 0.3]
    one, near, far = (
        sampler.draw(8, label=label, truncation=bound).astype(int) for bound in bounds
    )
    assert np.abs(one - near).max() <= 2
    assert np.abs(one - far).max() > 5
    spread = [images.std(axis=0).mean() for images in (one, far)]
    assert spread[1] < 0.8 * spread[0]


@pytest.mark.parametrize("kind", LABEL)
def test_interpolation_joins_two_pictures(
    kind: str, samplers: dict[str, Sampler]
) -> None:
    sampler, label = samplers[kind], LABEL[kind]
    first = 15  # The two lie in different batches.
    frames = np.stack([*sampler.interpolate(first, 40, label=label, seed=2)])
    assert frames.shape == (40, *sampler.draw(1, label=label).shape[1:])
    ends = sampler.draw(2, label=label, seed=2, first=first)
    path = np.concatenate([ends[:1], frames, ends[1:]]).astype(float)
    steps = np.abs(np.diff(path, axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() < 0.25 * np.abs(path[0] - path[-1]).mean()
    again = np.stack([*sampler.interpolate(first, 40, label=label, seed=2)])
    np.testing.assert_array_equal(frames, again)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("labelled", {}, "label must be from 0 to 2. Received: None"),
        ("labelled", {"label": 3}, "label must be from 0 to 2. Received: 3"),
        ("labelled", {"label": -1}, "label must be from 0 to 2. Received: -1"),
        ("unlabelled", {"label": 0}, "label must be None"),
        ("unlabelled", {"seed": -1}, "seed must be 0 or more. Received: -1"),
        ("unlabelled", {"count": 0}, "count must be at least 1"),
        ("unlabelled", {"first": -1}, "first at least 0"),
        ("unlabelled", {"truncation": 0.0}, "truncation must be above 0"),
        ("unlabelled", {"truncation": float("nan")}, "truncation must be above 0"),
    ],
)
def test_impossible_arguments(
    kind: str, options: dict[str, float], message: str, samplers: dict[str, Sampler]
) -> None:
    with pytest.raises(ValueError, match=message):
        samplers[kind].draw(**{"count": 1, **options})  # type: ignore[arg-type]


def test_a_run_folder_is_a_model(tmp_path: Path) -> None:
    bundle = generators.perceptron(tmp_path / "run" / "bundle")
    assert find_generator(str(tmp_path / "run"))[0] == bundle
    assert load_sampler(str(tmp_path / "run")).draw(1).shape == (1, 6, 6, 1)


def test_models_that_take_pictures_are_named() -> None:
    with pytest.raises(UsageError, match="takes pictures; use imgan upscale"):
        load_sampler("x4")
    with pytest.raises(UnknownModelError, match="No model 'nowhere'"):
        load_sampler("nowhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent": None}, "lacks latent"),
        ({"image_size": None}, "lacks image_size"),
        ({"image_size": (8, 4)}, "must have a square image_size"),
        ({"image_size": (16, 16)}, r"must describe its network: .*\(5, 3, 8\)"),
        ({"latent": LatentSpec(dim=6, distribution="normal")}, r"Received: \(6, 3, 8"),
        ({"labels": ["a", "b"]}, r"Received: \(5, 2, 8\)"),
        ({"labels": None}, r"Received: \(5, 0, 8\)"),
        ({"labels": ["a", "b", "a"]}, "must have labels, each once"),
        ({"labels": []}, "must have labels, each once"),
        (
            {"self_check": SelfCheck(size=(24, 20), mean=[9, 0, 0])},
            "does not compute here what it computed when it was saved",
        ),
    ],
)
def test_cards_of_another_network(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    bundle = change_card(generators.labelled(tmp_path / "bundle"), **changes)
    with pytest.raises(CheckpointError, match=message):
        load_sampler(str(bundle))
