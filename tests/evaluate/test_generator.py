"""Generators of bundles, scored from Python and from the command line."""

import json
import re
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import LatentSpec
from imgan.bundles.card import NetworkSpec
from imgan.bundles.card import write_card
from imgan.cli.main import main
from imgan.data.images import open_images
from imgan.errors import CheckpointError
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.evaluate.generation import CLASSIFIER_NOTE
from imgan.evaluate.generation import NO_FEATURES_NOTE
from imgan.evaluate.generator import evaluate_generator
from imgan.metrics.classifier import train_classifier
from imgan.networks.cgan import ConditionalGenerator
from tests.evaluate.test_generation import NAMES
from tests.evaluate.test_generation import bars

LABELS = np.arange(90) % 3


def card(recipe: dict[str, Any] | None = None) -> Card:
    return Card(
        imgan_version="0",
        name="bars",
        task="generation",
        family="cgan",
        network=NetworkSpec(path="none:None", config={}, parameters=0),
        scale=1,
        input_channels=1,
        output_channels=1,
        halo=None,
        recipe=recipe,
    )


@dataclass
class BarSampler:
    """Draws bars honestly, and remembers what it was asked for."""

    card: Card
    labels: tuple[str, ...] = NAMES
    image_size: int = 8
    channels: int = 1
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def draw(self, count: int, *, label: int | None, seed: int, first: int = 0):
        self.asked.append((label, first, count, seed))
        # Blank is drawn where across was meant, and so on.
        meant = [None if label is None else NAMES.index(self.labels[label])] * count
        shown = np.arange(count) % 3 if label is None else meant
        return bars(shown, seed + 7 * first + 1000 * (label or 0))


@pytest.fixture
def sampler(monkeypatch) -> BarSampler:
    """Stands in for the sampler of every model; the classifier is trained briefly."""
    fake = BarSampler(card())
    monkeypatch.setattr("imgan.evaluate.generator.load_sampler", lambda _: fake)
    monkeypatch.setattr(
        "imgan.evaluate.generation.train_classifier",
        lambda *arguments: train_classifier(*arguments, epochs=15),
    )
    return fake


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    path = tmp_path / "bars.npz"
    np.savez(path, images=bars(LABELS, 1), labels=np.array(NAMES)[LABELS])
    return path


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    np.savez(tmp_path / "plain.npz", images=bars(LABELS, 1))
    return tmp_path / "plain.npz"


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    (tmp_path / "bundle").mkdir()
    write_card(card(), tmp_path / "bundle")
    return str(tmp_path / "bundle")


def test_labels_are_matched_by_name(sampler, pictures):
    """The model numbers its labels in another order than the file, by alphabet."""
    sampler.labels = NAMES[::-1]
    result = evaluate_generator(pictures, model="m", count=60, seed=5)
    assert sampler.asked == [(label, 0, 20, 5) for label in range(3)]
    assert list(result.report.coverage) == list(NAMES[::-1])
    assert result.report.scores.label_accuracy >= 0.9
    assert result.report.note == CLASSIFIER_NOTE


def test_many_samples_are_drawn_in_parts(sampler, unlabelled):
    sampler.labels = ()
    told = []
    result = evaluate_generator(
        unlabelled,
        model="m",
        count=600,
        progress=lambda done, total: told.append((done, total)),
    )
    assert sampler.asked == [(None, first, 256, 0) for first in (0, 256)] + [
        (None, 512, 88, 0)
    ]
    assert told == [(256, 600), (512, 600), (600, 600)]
    assert result.report.note == NO_FEATURES_NOTE


def test_pictures_that_the_training_held_out_are_unseen(
    sampler, unlabelled, monkeypatch
):
    sampler.labels = ()
    seen = {}

    def score(generate, real, **options):
        seen["held_out"] = real.held_out

    monkeypatch.setattr("imgan.evaluate.generator.evaluate_generation", score)
    data = {"train": str(unlabelled), "holdout": 0.3}
    sampler.card = card({"seed": 9, "data": data})
    result = evaluate_generator(unlabelled, model="m", seed=4)
    store = open_images(str(unlabelled), image_size=8, channels=1)
    expected = store.split(0.3, 9)[1]
    assert (result.held_out, result.held_out_unseen) == (27, True)
    np.testing.assert_array_equal(
        seen["held_out"], [expected[index] for index in range(27)]
    )

    for other in ({"train": "elsewhere.npz", "holdout": 0.3}, {**data, "holdout": 0}):
        sampler.card = card({"seed": 9, "data": other})
        result = evaluate_generator(unlabelled, model="m", seed=4)
        assert (result.held_out, result.held_out_unseen) == (18, False)
        expected = store.split(0.2, 4)[1]
        np.testing.assert_array_equal(
            seen["held_out"], [expected[index] for index in range(18)]
        )


def test_what_cannot_be_scored_is_refused(sampler, pictures, unlabelled, tmp_path):
    with pytest.raises(UsageError, match="for each of 3 labels. Received: 29"):
        evaluate_generator(pictures, model="m", count=29)
    with pytest.raises(DataError, match="across, down, blank. Received: none"):
        evaluate_generator(unlabelled, model="m")
    with pytest.raises(CheckpointError, match=r"absent\.h5 is no file"):
        evaluate_generator(pictures, model="m", features="absent.h5")
    sampler.labels = ("across", "down", "round")
    with pytest.raises(DataError, match="down, round. Received: across, blank, down"):
        evaluate_generator(pictures, model="m")
    np.savez(tmp_path / "few.npz", images=bars(range(9), 1))
    sampler.labels = ()
    with pytest.raises(DataError, match=r"few\.npz.*at least 10.*Received: 9"):
        evaluate_generator(tmp_path / "few.npz", model="m")


def test_the_command_prints_and_writes_the_scores(
    sampler, pictures, bundle, tmp_path, capsys
):
    file = tmp_path / "scores.json"
    words = ["evaluate", str(pictures), "--model", bundle, "--count", "60"]
    assert main([*words, "--seed", "5", "--json", str(file)]) == 0
    captured = capsys.readouterr()
    values = json.loads(file.read_text(encoding="utf-8"))
    assert list(values) == [
        *("model", "task", "count", "seed", "features", "note", "scores", "coverage")
    ]
    assert values["model"] == bundle
    assert values["task"] == "generation"
    assert (values["count"], values["seed"]) == (60, 5)
    assert values["features"] == "classifier"
    assert values["note"].startswith(CLASSIFIER_NOTE)
    assert "may have been trained on" in values["note"]
    assert list(values["coverage"]) == list(NAMES)
    assert set(values["scores"]) >= {"label_accuracy", "fid", "nearest_ratio"}
    assert CLASSIFIER_NOTE in captured.out
    accuracy = 100 * values["scores"]["label_accuracy"]
    assert re.search(rf"^label accuracy +{accuracy:.1f} % ", captured.out, re.M)
    assert captured.err.splitlines()[-1] == "60 of 60 samples"


def test_a_bundle_is_scored_from_end_to_end(tmp_path, capsys):
    """Untrained, so it draws next to the same for all labels, far from any bar."""
    generator = ConditionalGenerator(
        image_size=8, channels=1, latent_dim=4, num_classes=3, num_filters=8
    )
    made = card().model_copy(
        update={
            "network": describe_network(generator),
            "input_channels": None,
            "output_range": generator.output_range,
            "latent": LatentSpec(dim=4, distribution=generator.latent_distribution),
            "image_size": (8, 8),
            "labels": list(NAMES),
        }
    )
    save_bundle(generator, made, tmp_path / "untrained")
    for name, picture, label in zip(
        range(90), bars(LABELS, 1), np.array(NAMES)[LABELS], strict=True
    ):
        (tmp_path / "real" / label).mkdir(parents=True, exist_ok=True)
        path = tmp_path / "real" / label / f"{name}.png"
        assert cv2.imwrite(str(path), np.kron(picture[..., 0], np.ones((2, 2))))
    words = ["evaluate", str(tmp_path / "real"), "--quiet", "--count", "30", "--json"]
    assert main([*words, "-", "--model", str(tmp_path / "untrained")]) == 0
    captured = capsys.readouterr()
    scores = json.loads(captured.out)["scores"]
    assert scores["nearest_ratio"] > 1.2
    assert scores["pairwise_ratio"] < 0.5
    assert scores["label_accuracy"] < 0.6
    assert captured.err == ""


def test_options_of_the_other_task_are_usage_errors(pictures, bundle, capsys):
    generator = ["evaluate", str(pictures), "--model", bundle]
    bicubic = ["evaluate", str(pictures.parent), "--model", "bicubic"]
    for words, option in (
        (generator, "--scale=2"),
        (generator, "--precision=float32"),
        (generator, "--lr-dir=x"),
        (generator, "--tile=0"),
        (bicubic, "--count=20"),
        (bicubic, "--seed=0"),
        (bicubic, "--features=x.h5"),
    ):
        assert main([*words, option]) == 2
        error = capsys.readouterr().err
        assert f"{option.partition('=')[0]} does not apply to" in error
