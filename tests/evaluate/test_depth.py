"""Scores at native depth: grey pictures, bands; the fidelity dial, and symmetries."""

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from imgan.bundles.bundle import save_bundle
from imgan.cli.main import main
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.evaluate import evaluate
from imgan.inference.predictor import Predictor
from imgan.io.bands import write_bands
from imgan.metrics.psnr import psnr
from imgan.metrics.sharpness import gradient_energy
from imgan.metrics.ssim import ssim
from imgan.networks.repsr import RepSR
from tests.bundles.test_bundle import card_of
from tests.contracts import randomize


def save(folder: Path, channels: int, seed: int = 3, **changes: Any) -> str:
    network = RepSR(scale=2, num_filters=4, num_convs=1, fused=True, channels=channels)
    randomize(network, seed)
    channel = {"input_channels": channels, "output_channels": channels}
    save_bundle(network, card_of(network, **channel, **changes), folder)
    return str(folder)


def camera(dtype: str = "uint16") -> np.ndarray:
    grey = skimage.data.camera()[200:264, 200:271]
    return grey.astype(dtype) * (257 if dtype == "uint16" else 1)


@pytest.fixture
def grey_folder(tmp_path: Path) -> Path:
    (tmp_path / "hr").mkdir()
    assert cv2.imwrite(str(tmp_path / "hr" / "camera.png"), camera() + 77)
    return tmp_path / "hr"


def test_grey_is_scored_at_its_own_depth(grey_folder: Path, tmp_path: Path) -> None:
    model = save(tmp_path / "model", 1)
    result = evaluate(grey_folder, model=model)
    assert result.protocol.channel == "grey"
    assert "full-depth" in str(result.protocol)
    hr = (camera() + 77)[:, :70]
    reduced = resize_bicubic(hr, 0.5)
    assert reduced.dtype == np.uint16
    for scores, output in (
        (result.mean, Predictor.load(model)(reduced)),
        (result.bicubic, resize_bicubic(reduced, 2)),
    ):
        levels = [image / 257.0 for image in (hr, output)]
        assert scores.psnr_y == pytest.approx(psnr(*levels, crop_border=2), abs=1e-9)
        assert scores.ssim_y == pytest.approx(ssim(*levels, crop_border=2), abs=1e-9)
        assert math.isnan(scores.psnr_rgb)
        energies = [gradient_energy(image, crop_border=2) for image in levels]
        assert scores.sharpness == pytest.approx(energies[1] / energies[0])
        drift = abs(output.mean() - reduced.mean()) / 257
        assert scores.color_drift == pytest.approx(drift, abs=1e-9)


def test_json_and_table_of_grey(
    grey_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save(tmp_path / "model", 1)
    words = ["evaluate", str(grey_folder), "--model", model, "--quiet"]
    assert main([*words, "--json", str(tmp_path / "a.json")]) == 0
    values = json.loads((tmp_path / "a.json").read_text())
    assert values["protocol"]["channel"] == "grey"
    assert values["mean"]["psnr_rgb"] is None
    assert values["mean"]["psnr_y"] == values["images"][0]["psnr_y"]
    told = capsys.readouterr().out
    assert "PSNR-RGB" not in told
    assert "nan" not in told


def test_colour_through_one_channel_is_scored_as_ever(tmp_path: Path) -> None:
    model = save(tmp_path / "model", 1)
    (tmp_path / "hr").mkdir()
    cat = skimage.data.chelsea()[100:164, 100:170]
    cv2.imwrite(str(tmp_path / "hr" / "a.png"), cat)
    result = evaluate(tmp_path / "hr", model=model)
    assert result.protocol.channel == "y"
    assert math.isfinite(result.mean.psnr_rgb)
    cv2.imwrite(str(tmp_path / "hr" / "0.png"), camera())
    with pytest.raises(DataError, match=r"a\.png is in colour"):
        evaluate(tmp_path / "hr", model=model)


@pytest.mark.parametrize("bands", [1, 3, 5])
def test_bands_are_scored_in_their_own_range(tmp_path: Path, bands: int) -> None:
    """Metres from -20 to 80: a level of 255 is 100 / 255 metres."""
    model = save(tmp_path / "model", bands, pixel_range=(-20, 80))
    rows, columns = np.indices((48, 52))
    hr = np.stack([10 * np.sin(rows / (2 + n)) + columns for n in range(bands)], 2)
    hr = hr.astype(np.float32)
    write_bands(hr, tmp_path / "hr" / "a.tif")
    result = evaluate(tmp_path / "hr", model=model)
    assert result.protocol.channel == "bands"
    reduced = resize_bicubic(hr, 0.5)
    outputs = {
        "mean": Predictor.load(model)(reduced),
        "bicubic": resize_bicubic(reduced, 2),
    }
    for name, output in outputs.items():
        error = np.mean(np.square((output - hr)[2:-2, 2:-2], dtype=np.float64))
        expected = 10 * math.log10(100**2 / error)
        assert getattr(result, name).psnr_y == pytest.approx(expected, abs=1e-4)
    energies = [
        sum(gradient_energy(x[..., n], crop_border=2) for n in range(bands))
        for x in (outputs["mean"], hr)
    ]
    ratio = energies[0] / energies[1]
    assert result.mean.sharpness == pytest.approx(ratio, rel=1e-4)
    assert result.to_json()["mean"]["psnr_rgb"] is None


def test_files_with_other_bands_are_named(tmp_path: Path) -> None:
    model = save(tmp_path / "model", 1, pixel_range=(0, 255))
    write_bands(np.zeros((40, 40, 3), np.uint8), tmp_path / "hr" / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif has 3 bands; model 'small' takes 1"):
        evaluate(tmp_path / "hr", model=model)


def test_the_dial_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hr").mkdir()
    cat = skimage.data.chelsea()[100:164, 100:170]
    cv2.imwrite(str(tmp_path / "hr" / "a.png"), cat)
    pixel = save(tmp_path / "pixel", 3, 1)
    sharp = save(tmp_path / "sharp", 3, 2, fidelity_partner="../pixel")
    ends = [evaluate(tmp_path / "hr", model=model).mean for model in (sharp, pixel)]
    for fidelity, scores in zip((0.0, 1.0), ends, strict=True):
        result = evaluate(tmp_path / "hr", model=sharp, fidelity=fidelity)
        assert result.mean == scores
        assert result.to_json()["fidelity"] == fidelity
    words = ["evaluate", str(tmp_path / "hr"), "--model", sharp, "--fidelity", "0.5"]
    assert main([*words, "--quiet"]) == 0
    assert "with fidelity 0.5 at scale 2" in capsys.readouterr().out
    with pytest.raises(UsageError, match="no fidelity partner"):
        evaluate(tmp_path / "hr", model=pixel, fidelity=0.5)


def test_the_mean_over_symmetries_is_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hr").mkdir()
    cat = skimage.data.chelsea()[100:164, 100:170]
    cv2.imwrite(str(tmp_path / "hr" / "a.png"), cat[..., ::-1])
    model = save(tmp_path / "model", 3, 1)
    enlarged = Predictor.load(model, tta=True)(resize_bicubic(cat, 0.5))
    result = evaluate(tmp_path / "hr", model=model, tta=True)
    assert result.mean.psnr_y == psnr(cat, enlarged, crop_border=2)
    assert result.to_json()["tta"] is True
    assert result.mean != evaluate(tmp_path / "hr", model=model).mean
    words = ["evaluate", str(tmp_path / "hr"), "--model", model, "--tta", "--quiet"]
    assert main(words) == 0
    assert "model with --tta at scale 2" in capsys.readouterr().out
