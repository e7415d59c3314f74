"""Check what a model makes of pictures as a simple camera takes them.

    python tools/check_photo.py KODAK [--model x4-photo] [--set5 SET5/HR]

The pictures are made bad by `make_pairs.py` (blur 1.2, bicubic to a quarter, noise 5,
JPEG 40; picture n by seed n) and enlarged. Texture must be there (gradients 0.7 to 1.15
times as long as the originals'), similarity must not pay for it with more than 0.02 of
bicubic's SSIM on luma, and mean colours stay within a level. With `--set5` clean
pictures must keep 26.5 dB. Exit code 1 if the model misses one of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import make_pairs
import numpy as np

import imgan
from imgan.data.pair_store import load_pair
from imgan.data.pairs import list_pairs
from imgan.data.resize import resize_bicubic
from imgan.evaluate import evaluate
from imgan.metrics.color import color_drift
from imgan.metrics.psnr import psnr
from imgan.metrics.sharpness import gradient_magnitude
from imgan.metrics.ssim import ssim
from imgan.types import Array

SCALE = 4
TEXTURE = (0.7, 1.15)
SSIM_LOSS = 0.02
DRIFT = 1.0
CLEAN = 26.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each figure with its bar."""
    options = _parse(arguments)
    found = camera_scores(options.model, options.pictures, options.precision)
    least = found["ssim_y_bicubic"] - SSIM_LOSS
    texture, drift = found["texture"], found["color_drift"]
    rows = [
        ("SSIM-Y", found["ssim_y"], f"at least {least:.4f}", found["ssim_y"] >= least),
        (
            "gradients to the originals'",
            texture,
            f"{TEXTURE[0]} to {TEXTURE[1]} (bicubic {found['texture_bicubic']:.2f})",
            TEXTURE[0] <= texture <= TEXTURE[1],
        ),
        ("drift of mean colours, levels", drift, f"at most {DRIFT}", drift <= DRIFT),
    ]
    if options.set5:
        clean = evaluate(
            options.set5, model=options.model, precision=options.precision
        ).mean.psnr_y
        rows.append(("clean, PSNR-Y", clean, f"at least {CLEAN}", clean >= CLEAN))
    for name, value, bar, passed in rows:
        print(f"{'ok  ' if passed else 'MISS'} {name}: {value:.4f}, {bar}")
    print(f"     PSNR-Y: {found['psnr_y']:.2f}, bicubic {found['psnr_y_bicubic']:.2f}")
    return 0 if all(row[3] for row in rows) else 1


def camera_scores(
    model: str, pictures: Path, precision: str = "float32"
) -> dict[str, float]:
    """Return mean scores of a model and of bicubic enlargement, the latter's by suffix.

    `color_drift` is that of the picture that drifts most.
    """
    enlarge = imgan.load(model, precision=precision)
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        make_pairs.main([str(pictures), folder])
        for paths in list_pairs(Path(folder, "HR"), Path(folder, "LR"), SCALE):
            pair = load_pair(paths, SCALE)
            own = _scores(pair.hr, enlarge(pair.lr))
            other = _scores(pair.hr, resize_bicubic(pair.lr, SCALE))
            rows.append({**own, **{f"{k}_bicubic": v for k, v in other.items()}})
    means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    drifts = ("color_drift", "color_drift_bicubic")
    return {**means, **{key: max(row[key] for row in rows) for key in drifts}}


def _scores(truth: Array, result: Array) -> dict[str, float]:
    return {
        "psnr_y": psnr(truth, result, crop_border=SCALE),
        "ssim_y": ssim(truth, result, crop_border=SCALE),
        "texture": gradient_magnitude(result) / gradient_magnitude(truth),
        "color_drift": color_drift(result, truth),
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, help="true pictures, such as Kodak's")
    parser.add_argument("--model", default="x4-photo")
    parser.add_argument("--set5", type=Path, help="true clean pictures")
    parser.add_argument("--precision", default="float32")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
