"""Façades are split by number, read by a network, and scored by what it reads."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from imgan.types import Array
from tools import check_facades
from tools import split_facades
from tools.check_facades import PALETTE
from tools.check_facades import Facades

SIDE = 16


class Copycat:
    """Reads the index of the part in the red channel."""

    def __call__(self, images: Array, training: bool) -> Array:
        return np.eye(len(PALETTE), dtype=np.float32)[images[..., 0]]


class Indifferent:
    """Takes every pixel for the first part."""

    def __call__(self, images: Array, training: bool) -> Array:
        return np.zeros((*images.shape[:3], len(PALETTE)), np.float32)


def facades(seed: int, count: int = 4) -> Facades:
    rng = np.random.default_rng(seed)
    parts = rng.integers(len(PALETTE), size=(count, SIDE, SIDE)).astype(np.uint8)
    photos = np.stack([parts, 255 - parts, parts], axis=-1)
    return Facades([str(index) for index in range(count)], photos, parts, photos)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "facades"
    folder.mkdir()
    colours = np.array(list(PALETTE.values()), np.uint8)
    for number in (1, 2, 9, 10, 18):
        rng = np.random.default_rng(number)
        parts = rng.integers(len(PALETTE), size=(4, 4))
        labels = np.kron(colours[parts], np.ones((8, 8, 1), np.uint8))
        photo = rng.integers(256, size=labels.shape).astype(np.uint8)
        both = np.hstack([photo, labels])[..., ::-1]
        cv2.imwrite(str(folder / f"{number}.jpg"), both, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return folder


@pytest.fixture
def recipe(pairs: Path, tmp_path: Path) -> Path:
    split_facades.main([str(pairs), str(tmp_path / "split")])
    document = {
        "name": "facades",
        "family": "pix2pix",
        "data": {
            "train": {"combined": str(tmp_path / "split" / "train")},
            "validation": {"combined": str(tmp_path / "split" / "validation")},
            "direction": "b_to_a",
            "image_size": SIDE,
            "load_size": SIDE,
        },
        "training": {"steps": 1},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_every_ninth_is_held_out(recipe: Path) -> None:
    split = recipe.parent / "split"
    assert {path.name for path in (split / "train").iterdir()} == {
        "1.jpg",
        "2.jpg",
        "10.jpg",
    }
    assert {path.name for path in (split / "validation").iterdir()} == {
        "9.jpg",
        "18.jpg",
    }


def test_pairs_without_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "first.jpg").touch()
    with pytest.raises(SystemExit, match="no number"):
        split_facades.main([str(tmp_path), str(tmp_path / "out")])


def test_generated_pictures_are_judged(
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    generated = tmp_path / "generated"
    generated.mkdir()
    for path in (tmp_path / "split" / "validation").iterdir():
        photo = np.asarray(cv2.imread(str(path)))[:, :32]
        cv2.imwrite(str(generated / f"{path.stem}.png"), 255 - photo)
    trained_on: list[Facades] = []

    def open_reader(path: Path | None, train: Facades, steps: int) -> Indifferent:
        trained_on.append(train)
        return Indifferent()

    monkeypatch.setattr(check_facades, "open_reader", open_reader)
    check_facades.main([str(recipe), "--generated", str(generated), "--json"])
    scores = json.loads(capsys.readouterr().out)
    assert trained_on[0].photos.shape == (3, SIDE, SIDE, 3)
    assert scores["generated_ratio"] == pytest.approx(1.0)
    assert scores["generated_l1"] > scores["mean_photo_l1"] > 0
    check_facades.main([str(recipe)])
    assert "generated" not in capsys.readouterr().out
    (generated / "9.png").unlink()
    with pytest.raises(SystemExit, match="no pictures named 9"):
        check_facades.main([str(recipe), "--generated", str(generated)])


def test_labels_are_read_in_spite_of_compression(recipe: Path) -> None:
    loaded = check_facades.load_recipe(recipe, [])
    assert isinstance(loaded, check_facades.Pix2PixRecipe)
    held_out = check_facades.read_facades(loaded, loaded.data.train)
    for name, parts in zip(held_out.names, held_out.parts, strict=True):
        truth = np.random.default_rng(int(name)).integers(len(PALETTE), size=(4, 4))
        centres = parts.reshape(4, 4, 4, 4)[:, 1:3, :, 1:3]
        expected = np.broadcast_to(truth[:, np.newaxis, :, np.newaxis], centres.shape)
        assert np.mean(centres == expected) > 0.9


def test_photographs_are_no_label_maps(recipe: Path) -> None:
    words = [str(recipe), "--set", "data.direction=a_to_b"]
    with pytest.raises(SystemExit, match="no label map"):
        check_facades.main(words)


def test_scores_by_hand() -> None:
    """A reader that is always right on real photographs.

    The generated ones show another part in one of four pixels: 0.75 of the real score.
    Their values differ there by 100 of 255 in one of three channels, so L1 in [-1, 1]
    is 2 · 100 / 255 / 3 / 4 = 0.0654.
    """
    held_out = facades(1)
    generated = held_out.photos.copy()
    green = generated[:, ::2, ::2, 1]
    green -= 100
    reader = Copycat()
    scores = check_facades.judge(reader, facades(0), held_out, generated)
    assert scores["real_accuracy"] == scores["generated_ratio"] == 1.0
    assert scores["generated_l1"] == pytest.approx(0.0654, abs=1e-4)
    generated = held_out.photos.copy()
    generated[:, ::2, ::2, 0] = (generated[:, ::2, ::2, 0] + 1) % len(PALETTE)
    scores = check_facades.judge(reader, facades(0), held_out, generated)
    assert scores["generated_ratio"] == pytest.approx(0.75)
    assert scores["mean_photo_ratio"] < 0.25
    assert scores["commonest_part_accuracy"] < 0.25


@pytest.mark.slow
def test_reader_is_trained_once(tmp_path: Path) -> None:
    train = facades(0)
    path = tmp_path / "kept" / "reader.keras"
    one = check_facades.open_reader(path, train, 1, (4,))
    two = check_facades.open_reader(path, train, 1, (4,))
    logits = [np.asarray(reader(train.photos[:1])) for reader in (one, two)]
    assert logits[0].shape == (1, SIDE, SIDE, len(PALETTE))
    np.testing.assert_allclose(*logits, atol=1e-5)


def test_reader_keeps_the_size() -> None:
    logits = check_facades.build_reader((4, 8, 8))(np.zeros((1, 16, 24, 3)))
    assert logits.shape == (1, 16, 24, len(PALETTE))
