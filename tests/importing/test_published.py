"""Files as their authors published them; skipped where they are not at hand."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from imgan.importing.checkpoint import read_checkpoint
from imgan.importing.conversion import convert
from imgan.importing.detection import detect
from imgan.metrics.psnr import psnr
from imgan.types import Array
from imgan.types import from_range


def imported(shared_data: Path, name: str) -> Any:
    tensors = read_checkpoint(shared_data / "checkpoints" / f"{name}.pth").tensors
    return convert(detect(tensors), tensors)


def enlarged(network: Any, path: Path) -> Array:
    picture = read(path)[None] / np.float32(255)
    made = from_range(np.asarray(network(picture))[0], network.output_range)
    return np.round(made.clip(0, 1) * 255).astype(np.uint8)


def read(path: Path) -> Array:
    return cv2.imread(str(path))[..., ::-1]


@pytest.mark.slow
def test_animevideov3_makes_its_picture(shared_data: Path) -> None:
    network = imported(shared_data, "realesr-animevideov3")
    made = enlarged(network, shared_data / "set5/LR_bicubic/X4/butterflyx4.png")
    golden = shared_data / "checkpoints/realesr-animevideov3_butterfly_golden.png"
    assert np.abs(made.astype(int) - read(golden)).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "decibels"), [("span_ch28_x4", 31.74), ("srgan_leftthomas_x4", 30.65)]
)
def test_scores_on_set5(shared_data: Path, name: str, decibels: float) -> None:
    """PSNR of luma, without a border of 4 pixels."""
    network, scores = imported(shared_data, name), []
    for path in sorted((shared_data / "set5/HR").glob("*.png")):
        small = shared_data / "set5/LR_bicubic/X4" / f"{path.stem}x4.png"
        made = enlarged(network, small)
        truth = read(path)[: made.shape[0], : made.shape[1]]
        scores.append(psnr(made, truth, crop_border=4))
    assert len(scores) == 5
    assert np.mean(scores) == pytest.approx(decibels, abs=0.005)
