"""Which pairs a model is scored on, and how they are read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.bundles.card import Card
from imgan.bundles.card import NetworkSpec
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.evaluate import evaluate_translation
from imgan.evaluate.translation_pairs import open_scored_pairs
from imgan.evaluate.translation_pairs import source_values
from tests.evaluate.negatives import put
from tests.evaluate.negatives import put_pairs
from tests.inference.translators import save_negative


def card(**changes: Any) -> Card:
    values = {
        "imgan_version": "0",
        "name": "film",
        "task": "translation",
        "family": "pix2pix",
        "network": NetworkSpec(path="none:None", config={}, parameters=0),
        "scale": 1,
        "halo": None,
        "input_channels": 3,
        "output_channels": 3,
    }
    return Card(**{**values, **changes})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_negative(tmp_path_factory.mktemp("models") / "negative")


def test_combined_pictures_and_manifests_score_alike(
    tmp_path: Path, model: str
) -> None:
    folders = put_pairs(tmp_path)
    lines = ["a,b", *(f"source/{n}.png,target/{n}.tif" for n in range(5))]
    (folders / "pairs.csv").write_text("\n".join(lines))
    expected = evaluate_translation(
        folders / "target", model=model, source_dir=folders / "source"
    )
    for truth, form in (("ab", "combined"), ("pairs.csv", "manifest")):
        result = evaluate_translation(folders / truth, model=model)
        assert result.images == expected.images
        assert result.protocol.form == form
        back = evaluate_translation(folders / truth, model=model, direction="b_to_a")
        # The negative of the target is as far from the source, on the other side.
        assert back.means["model"].l1 == pytest.approx(expected.means["model"].l1)
        assert back.means["identity"].l1 == pytest.approx(expected.means["identity"].l1)


def test_the_recipe_in_the_card_says_how(tmp_path: Path) -> None:
    """Squeezed to 12x12 as in training; label values are never mixed by that."""
    maps = np.random.default_rng(0).integers(0, 2, (8, 8)) * 200
    maps = np.kron(maps, np.ones((5, 5))).astype(np.uint8)
    put(tmp_path / "ab" / "1.png", np.concatenate([255 - maps, maps], axis=1))
    recipe = {
        "direction": "b_to_a",
        "load_size": 14,
        "image_size": 12,
        "source": {"labels": True},
        "target": {"labels": True},
    }
    model = save_negative(tmp_path / "m", 1, 1, recipe={"data": recipe, "seed": 3})
    result = evaluate_translation(tmp_path / "ab", model=model)
    assert result.protocol.direction == "b_to_a"
    assert result.protocol.square == 12
    assert "squeezed to 12x12" in str(result.protocol)
    assert result.means["model"].l1 == 0.0
    # A single pair has no other targets to be the mean of.
    assert set(result.means) == {"model", "identity"}
    full = evaluate_translation(tmp_path / "ab", model=model, full_size=True)
    assert full.protocol.square is None
    assert full.means["model"].l1 == 0.0
    recipe["target"] = {"labels": False}
    mixed = save_negative(tmp_path / "n", 1, 1, recipe={"data": recipe})
    assert evaluate_translation(tmp_path / "ab", model=mixed).means["model"].l1 > 0.01


def test_frames_are_scored_against_the_next(tmp_path: Path) -> None:
    for number in range(5):
        put(
            tmp_path / "film" / f"{number}.png",
            np.full((16, 16, 3), 100 + number, np.uint8),
        )
    recipe = {"data": {"train": {"frames": "film"}, "load_size": None}}
    model = save_negative(tmp_path / "m", 6, 3, 3, num_frames=2, recipe=recipe)
    result = evaluate_translation(tmp_path / "film", model=model)
    assert len(result.images) == 3
    # Frames 0 and 1 give 255 - 101, and the next is 102.
    assert result.images[0].model.l1 == pytest.approx(2 * (154 - 102) / 255)
    assert result.means["identity"].l1 == pytest.approx(2 / 255)


@pytest.mark.parametrize("form", ["folders", "combined", "manifest"])
@pytest.mark.parametrize(
    ("direction", "source_labels", "target_labels"),
    [("a_to_b", True, False), ("b_to_a", False, True)],
)
def test_labels_are_those_of_the_side_that_was_trained_on(
    tmp_path: Path,
    form: str,
    direction: str,
    source_labels: bool,
    target_labels: bool,
) -> None:
    """Domain A holds labels; a model of either direction keeps them unmixed."""
    put_pairs(tmp_path)
    (tmp_path / "pairs.csv").write_text("a,b\nsource/1.png,target/1.tif\n")
    model = card(
        recipe={
            "data": {"a": {"labels": True}, "b": {}, "load_size": 16, "image_size": 12},
            "direction": direction,
        }
    )
    sources = {"folders": tmp_path / "source"}
    truth = {"folders": "target", "combined": "ab", "manifest": "pairs.csv"}[form]
    found = open_scored_pairs(model, tmp_path / truth, sources.get(form))
    assert found.form == form
    reader = found.pairs.reader
    assert (reader.source.labels, reader.target.labels) == (
        source_labels,
        target_labels,
    )
    if form != "folders":
        assert found.direction == direction
        other = open_scored_pairs(model, tmp_path / truth, direction="a_to_b")
        assert other.pairs.reader.source.labels is source_labels


@pytest.mark.parametrize("form", ["folders", "manifest"])
def test_several_frames_are_of_a_film_alone(tmp_path: Path, form: str) -> None:
    film = card(input_channels=9, num_frames=3)
    truth = tmp_path / ("pairs.csv" if form == "manifest" else "target")
    source = None if form == "manifest" else tmp_path / "source"
    with pytest.raises(UsageError, match="'film' takes 3 frames in a row.*as TRUTH"):
        open_scored_pairs(film, truth, source)
    for number in range(4):
        put(tmp_path / "film" / f"{number}.png", np.zeros((4, 4, 3), np.uint8))
    found = open_scored_pairs(film, tmp_path / "film")
    assert (found.form, len(found.pairs)) == ("frames", 1)


def test_sources_that_the_model_cannot_be_given(tmp_path: Path) -> None:
    put_pairs(tmp_path)
    pairs = open_scored_pairs(card(), tmp_path / "ab").pairs
    with pytest.raises(DataError, match="1: Model 'film' takes .* 3 channels"):
        source_values(card(), pairs, 1, np.zeros((4, 4, 5), np.uint8))
