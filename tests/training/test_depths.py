"""Sets of pairs that are no 8-bit photographs, through the commands of a user."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
import yaml

from imgan.bundles.card import read_card
from imgan.cli.main import main
from imgan.types import Array

SIDE = 64


class Kind(NamedTuple):
    """A set of pairs, and what its recipe says."""

    pixels: Callable[[str, int, int], Array]
    suffix: str
    data: dict[str, Any]


def photograph(name: str, top: int, left: int) -> Array:
    """Return a crop with full contrast, `(64, 64)` float64 in [0, 1]."""
    image = getattr(skimage.data, name)()
    crop = image[top : top + SIDE, left : left + SIDE].astype(np.float64) / 255
    return crop if crop.ndim == 2 else crop.mean(axis=2)


def sixteen_bits(name: str, top: int, left: int) -> Array:
    """A dark picture: 8 bits would leave 16 of its thousands of levels."""
    smooth = cv2.GaussianBlur(photograph(name, top, left), (0, 0), 0.8)
    return np.round(smooth * 4095).astype(np.uint16)


def thermal(name: str, top: int, left: int) -> Array:
    """Degrees between -15 and 95."""
    return (photograph(name, top, left) * 110 - 15).astype(np.float32)


def five_bands(name: str, top: int, left: int) -> Array:
    """Reflectances: the same scene, brighter from band to band."""
    light = photograph(name, top, left)
    return np.stack([light * (band + 1) / 5 for band in range(5)], 2, dtype=np.float32)


def centikelvin(name: str, top: int, left: int) -> Array:
    """The same as whole hundredths above absolute zero."""
    return np.round(thermal(name, top, left) * 100 + 27315).astype(np.uint16)


KINDS = {
    "16 bit": Kind(sixteen_bits, "png", {"channels": 1}),
    "thermal": Kind(thermal, "tif", {"channels": 1, "value_range": [-20, 120]}),
    "centikelvin": Kind(
        centikelvin, "png", {"channels": 1, "value_range": [25000, 40000]}
    ),
    "five bands": Kind(five_bands, "tif", {"channels": 5}),
}


def save(path: Path, pixels: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        assert cv2.imwrite(str(path), pixels)
    elif pixels.ndim == 3:
        tifffile.imwrite(path, pixels, photometric="minisblack", planarconfig="contig")
    else:
        tifffile.imwrite(path, pixels)


def load(path: Path) -> Array:
    if path.suffix == ".png":
        return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    return np.asarray(tifffile.imread(path))


def halved(pixels: Array) -> Array:
    return np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=3))


def pair_folders(folder: Path, kind: Kind) -> dict[str, Any]:
    """Write three pairs to train on and one that is held out."""
    crops = [("camera", 60, 200), ("camera", 200, 100), ("coins", 80, 80)]
    parts = {"train": crops, "held out": [("coins", 150, 250)]}
    for part, places in parts.items():
        for index, place in enumerate(places):
            pixels, name = kind.pixels(*place), f"{index}.{kind.suffix}"
            save(folder / part / "hr" / name, pixels)
            save(folder / part / "lr" / name, halved(pixels))
    return {
        key: {side: str(folder / part / side) for side in ("hr", "lr")}
        for key, part in (("train", "train"), ("validation", "held out"))
    }


def write_recipe(path: Path, data: dict[str, Any], *, adversarial: bool) -> None:
    """Write six steps; with a discriminator low resolution is made on the way."""
    values: dict[str, Any] = {
        "name": "deep",
        "family": "realesrgan" if adversarial else "compact",
        "scale": 2,
        "generator": {"num_filters": 4, "num_convs": 1},
        "data": {"hr_patch_size": 16, "batch_size": 4, **data},
        "training": {"steps": 6, "log_every": 2, "ema_decay": 0.0},
    }
    if adversarial:
        values |= {"network": "compact", "discriminator": {"num_filters": 2}}
        values["data"]["train"] = {"hr": data["train"]["hr"]}
        values["data"]["degradation"] = {"second": None}
        values["training"] |= {"pixel_steps": 3, "pixel_weight": 1.0}
        values["training"] |= {"feature_matching": 0.1, "artifacts": 1.0}
    path.write_text(yaml.safe_dump(values), encoding="utf-8")


def trained(kind: Kind, folder: Path, *, adversarial: bool = False) -> Path:
    """Return the run folder of `imgan train` on pairs of a kind."""
    data = {**pair_folders(folder, kind), **kind.data}
    recipe, run = folder / "deep.yaml", folder / "run"
    write_recipe(recipe, data, adversarial=adversarial)
    assert main(["train", str(recipe), "--run-dir", str(run), "--quiet"]) == 0
    return run


def scored(run: Path, folder: Path) -> dict[str, Any]:
    """Return what `imgan evaluate` says of the pair that was held out."""
    words = [str(folder / "held out" / "hr"), "--lr-dir", str(folder / "held out/lr")]
    words += ["--model", str(run), "--json", str(folder / "scores.json"), "--quiet"]
    assert main(["evaluate", *words]) == 0
    result: dict[str, Any] = json.loads((folder / "scores.json").read_text())
    return result


def enlarged(run: Path, folder: Path, suffix: str) -> tuple[Array, Array]:
    """Return what `imgan upscale` makes of that pair, and the truth."""
    words = [str(folder / "held out" / "lr"), str(folder / "out"), "--model", str(run)]
    assert main(["upscale", *words, "--quiet"]) == 0
    made = load(folder / "out" / f"0.{suffix}")
    return made, load(folder / "held out" / "hr" / f"0.{suffix}")


def decibels(made: Array, truth: Array, peak: float) -> float:
    """Return PSNR two pixels from the border, as `evaluate` takes it at scale 2."""
    error = (made.astype(np.float64) - truth)[2:-2, 2:-2]
    return float(10 * np.log10(peak**2 / np.mean(error**2)))


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_trained_scored_and_enlarged_at_the_depth_of_the_files(
    name: str, tmp_path: Path
) -> None:
    kind = KINDS[name]
    run = trained(kind, tmp_path)
    card = read_card(run / "bundle")
    assert card.input_channels == card.output_channels == kind.data["channels"]
    low, high = kind.data.get("value_range", (0, 0))
    assert card.pixel_range == ((low, high) if high else None)

    made, truth = enlarged(run, tmp_path, kind.suffix)
    assert (made.shape, made.dtype) == (truth.shape, truth.dtype)
    # Six steps leave a network near to what it enlarges, in the units of the files.
    assert abs(float(made.mean()) - float(truth.mean())) < 0.01 * float(np.ptp(truth))
    assert np.ptp(made) > 0.6 * np.ptp(truth)
    # 64 x 64 values of each band, and 8 bits could tell 256 apart.
    assert len(np.unique(made)) > 1000

    result = scored(run, tmp_path)
    assert result["protocol"]["channel"] == ("grey" if name == "16 bit" else "bands")
    peak = (high - low) or (65535 if truth.dtype == np.uint16 else 1)
    expected = decibels(made, truth, peak)
    assert result["mean"]["psnr_y"] == pytest.approx(expected, abs=0.01)
    assert expected > (45 if name == "16 bit" else 20)


@pytest.mark.slow
@pytest.mark.thorough
def test_grey_of_16_bits_is_trained_with_a_discriminator_too(tmp_path: Path) -> None:
    kind = KINDS["16 bit"]
    run = trained(kind, tmp_path, adversarial=True)
    made, truth = enlarged(run, tmp_path, "png")
    assert (made.shape, made.dtype) == (truth.shape, np.uint16)
    assert len(np.unique(made)) > 1000
    assert scored(run, tmp_path)["mean"]["psnr_y"] > 40
