"""Scores of translation: a network that makes negatives, on pairs of known error."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.evaluate import evaluate_translation
from imgan.io.bands import write_bands
from imgan.metrics.translation import score_pair
from tests.evaluate.negatives import error
from tests.evaluate.negatives import photograph
from tests.evaluate.negatives import put
from tests.evaluate.negatives import put_pairs
from tests.evaluate.negatives import target
from tests.inference.translators import save_negative


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_negative(tmp_path_factory.mktemp("models") / "negative")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return put_pairs(tmp_path)


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


def test_results_are_scored_in_the_depth_that_they_are_written_in(
    tmp_path: Path,
) -> None:
    """33 of 100 becomes 0.67, which 8 bits hold as 171 of 255, and 16 as 43,908."""
    model = save_negative(tmp_path / "m", 1, 1, pixel_range=(0.0, 100.0))
    put(tmp_path / "target" / "x.png", np.full((12, 12), 171, np.uint8))
    for dtype, made in ((np.uint8, 171 / 255), (np.uint16, 43_908 / 65_535)):
        put(tmp_path / "source" / "x.png", np.full((12, 12), 33, dtype))
        result = evaluate_translation(
            tmp_path / "target", model=model, source_dir=tmp_path / "source"
        )
        off = 2 * (171 / 255 - made)
        assert result.means["model"].l1 == pytest.approx(off, abs=1e-7)
