"""Scores of translation: a network that makes negatives, on pairs of known error."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data

from imgan.cli.main import main
from imgan.errors import UsageError
from imgan.evaluate import evaluate
from imgan.evaluate import evaluate_translation
from imgan.io.bands import write_bands
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.metrics.translation import score_pair
from tests.inference.translators import save_negative

SIZE = 32


def put(path: Path, pixels: np.ndarray) -> None:
    write_image(Picture(np.ascontiguousarray(pixels)), path)


def photograph(index: int, size: int = SIZE) -> np.ndarray:
    # Neither black nor white, so that an error of a few levels is never clipped.
    part = skimage.data.astronaut()[40 * index :, 100:][:size, :size]
    return (part // 2 + 50).astype(np.uint8)


def error(index: int) -> int:
    """Return by how many levels the target of a pair is off the negative."""
    return (4, 1, 3, 0, 2)[index]


def target(index: int, size: int = SIZE) -> np.ndarray:
    return (255 - photograph(index, size) + error(index)).astype(np.uint8)


@pytest.fixture
def model(tmp_path: Path) -> str:
    return save_negative(tmp_path / "negative")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for index in range(5):
        put(tmp_path / "source" / f"{index}.png", photograph(index))
        put(tmp_path / "target" / f"{index}.tif", target(index))
        both = np.concatenate([photograph(index), target(index)], axis=1)
        put(tmp_path / "ab" / f"{index}.png", both)
    return tmp_path


def test_scores_are_those_of_the_known_error(folders: Path, model: str) -> None:
    """d levels of error are 2 d / 255 of [-1, 1], and 20 log10(255 / d) decibels."""
    result = evaluate_translation(
        folders / "target", model=model, source_dir=folders / "source"
    )
    for index, image in enumerate(result.images):
        off = error(index)
        assert image.name == str(index)
        assert image.model.l1 == pytest.approx(2 * off / 255, rel=1e-6)
        expected = 20 * math.log10(255 / off) if off else 100
        assert image.model.psnr == pytest.approx(expected)
        same = score_pair(target(index) / 255, photograph(index) / 255)
        assert image.identity is not None
        assert image.identity.l1 == pytest.approx(same.l1)
        assert image.identity.ssim == pytest.approx(same.ssim)
        others = [target(other) for other in range(5) if other != index]
        mean = score_pair(target(index) / 255, np.mean(others, 0) / 255)
        assert image.mean_target is not None
        assert image.mean_target.l1 == pytest.approx(mean.l1)
        assert image.mean_target.psnr == pytest.approx(mean.psnr)
    assert result.means["model"].l1 == pytest.approx(2 * 2 / 255)
    assert result.protocol.mean_of == "picture"


def test_combined_pictures_and_manifests_score_alike(folders: Path, model: str) -> None:
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


def test_values_of_files_are_scored_in_units_of_their_range(tmp_path: Path) -> None:
    for index in range(2):
        put(tmp_path / "source" / f"{index}.png", photograph(index))
        depth = 50 - photograph(index)[..., :1] / np.float32(255) * 50 + 2.5
        (tmp_path / "depth").mkdir(exist_ok=True)
        write_bands(depth.astype(np.float32), tmp_path / "depth" / f"{index}.tif")
    model = save_negative(tmp_path / "m", 3, 1, output_pixel_range=(0.0, 50.0))
    result = evaluate_translation(
        tmp_path / "depth", model=model, source_dir=tmp_path / "source"
    )
    # 2.5 of 50 are a twentieth of the range, whose length is 2.
    assert result.means["model"].l1 == pytest.approx(0.1, abs=1e-5)
    assert "identity" not in result.means


def test_mean_colour_where_sizes_differ(tmp_path: Path, model: str) -> None:
    for index, size in enumerate((12, 10)):
        put(tmp_path / "source" / f"{index}.png", photograph(index, size))
        put(tmp_path / "target" / f"{index}.png", target(index, size))
    result = evaluate_translation(
        tmp_path / "target", model=model, source_dir=tmp_path / "source"
    )
    assert result.protocol.mean_of == "colour"
    colour = target(1, 10).mean(axis=(0, 1)) / 255
    expected = np.abs(target(0, 12) / 255 - colour).mean() * 2
    assert result.images[0].mean_target is not None
    assert result.images[0].mean_target.l1 == pytest.approx(expected)
    # Smaller than the window of SSIM.
    assert result.images[1].model.ssim is None


def test_json_table_and_page(
    folders: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(folders / "target"), "--model", model, "--quiet"]
    words += ["--source-dir", str(folders / "source")]
    page, file = folders / "page.html", folders / "scores.json"
    assert main([*words, "--json", str(file), "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^mean negative +0\.0157 +56\.\d\d +0\.9\d+$", told, re.MULTILINE)
    assert "mean identity" in told
    assert "L1 in units of [-1, 1]" in told
    values = json.loads(file.read_text())
    assert list(values) == [
        *("model", "task", "protocol", "images", "mean", "identity"),
        *("mean_target", "features"),
    ]
    assert values["mean"]["l1"] == pytest.approx(2 * 2 / 255)
    # Decibels of 4, 1, 3 and 2 levels, and what an equal picture scores.
    decibels = [20 * math.log10(255 / off) for off in (4, 1, 3, 2)]
    assert values["mean"]["psnr"] == pytest.approx((sum(decibels) + 100) / 5)
    html = page.read_text(encoding="utf-8")
    assert html.count("<img") == 5 * 3
    order = [
        html.index(f"{why} by L1: {name} ")
        for why, name in (("worst", 0), ("median", 4), ("best", 3))
    ]
    assert order == sorted(order)
    assert "mean target" in html
    assert not re.search(r'(src|href)="(?!data:)', html)


def test_feature_distances_of_equal_sets_are_none(
    folders: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Means:
        name = "means"

        def extract(self, images: np.ndarray) -> np.ndarray:
            return images.mean(axis=(1, 2)).astype(np.float32)

    monkeypatch.setattr(
        "imgan.metrics.features.load_inception", lambda weights: Means()
    )
    options: dict[str, Any] = {"model": model, "features": "weights.h5"}
    far = evaluate_translation(folders / "ab", **options)
    for index in range(5):
        both = np.concatenate([photograph(index), 255 - photograph(index)], axis=1)
        put(folders / "exact" / f"{index}.png", both)
    equal = evaluate_translation(folders / "exact", **options)
    assert far.features is not None
    assert equal.features is not None
    assert equal.features.fid == pytest.approx(0.0, abs=1e-9)
    assert far.features.fid > 1e-6
    assert far.to_json()["features"]["features"] == "means"


@pytest.mark.parametrize(
    ("more", "code", "expected"),
    [
        (["--scale", "2"], 2, "--scale does not apply"),
        (["--count", "20"], 2, "--count does not apply"),
        (["--direction", "up"], 2, "--direction must be one of"),
        (["--source-dir", "source", "--direction", "a_to_b"], 2, "--direction is for"),
        (["--source-dir", "few"], 1, "without a partner"),
        (["--html", "no/page.html"], 1, "--html no/page.html cannot be written"),
        (["--features", "absent.h5"], 1, "absent.h5"),
    ],
)
@pytest.mark.usefixtures("folders")
def test_wrong_words(
    tmp_path: Path,
    model: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("few") / "1.png", photograph(1))
    assert main(["evaluate", "target", "--model", model, "--quiet", *more]) == code
    assert expected in capsys.readouterr().err


def test_options_of_translation_are_for_translation(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(tmp_path), "--model", "bicubic"]
    for option in (["--source-dir", "x"], ["--full-size"], ["--html", "x"]):
        assert main([*words, *option]) == 2
        assert f"{option[0]} does not apply to bicubic" in capsys.readouterr().err
    with pytest.raises(UsageError, match="evaluate_translation"):
        evaluate(tmp_path, model=model)
    with pytest.raises(UsageError, match="does not translate"):
        evaluate_translation(tmp_path, model="bicubic")
