"""Score a model on pictures whose truth is known, by the protocol of the field.

Each high-resolution picture is reduced, enlarged again by the model and compared with
itself; the bicubic baseline is scored beside it. A score means nothing without its
protocol, so an `Evaluation` carries it along.
"""

import math
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import asdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from typing import Literal

import numpy as np

from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.data.pairs import PairPaths
from imgan.data.pairs import as_rgb8
from imgan.data.pairs import list_pairs
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.inference.precision import choose_precision
from imgan.io.images import read_image
from imgan.metrics.psnr import psnr
from imgan.metrics.ssim import WINDOW
from imgan.metrics.ssim import ssim
from imgan.types import Array
from imgan.types import Size

BICUBIC = "bicubic"
"""The name that stands for MATLAB's bicubic enlargement instead of a network."""

# Benchmarks crop their truth to a multiple of 12 or 24 before reducing it by any scale.
_MOST_CROPPED = 24

Enlarge = Callable[[Array], Array]
"""`(height, width, 3)` uint8 RGB to `scale` times that size."""


@dataclass(frozen=True)
class Scores:
    """Decibels on luma, structural similarity on luma, decibels on RGB."""

    psnr_y: float
    ssim_y: float
    psnr_rgb: float


@dataclass(frozen=True)
class ImageScores:
    """One picture, by the model and by bicubic enlargement."""

    name: str
    model: Scores
    bicubic: Scores


@dataclass(frozen=True)
class Protocol:
    """How scores were taken; without it they cannot be compared."""

    crop_border: int
    downscale: Literal["matlab_bicubic", "given"]
    """`given` if the low-resolution pictures came from files."""
    channel: Literal["y"] = "y"

    def __str__(self) -> str:
        made = {
            "matlab_bicubic": "made by MATLAB-exact bicubic reduction",
            "given": "read from files",
        }
        return (
            "PSNR and SSIM on Y (BT.601 studio range, unrounded), "
            f"{self.crop_border} pixels cropped at each border, 8-bit RGB output; "
            f"low resolution {made[self.downscale]}"
        )


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a folder of pictures."""

    model: str
    scale: int
    protocol: Protocol
    images: tuple[ImageScores, ...]

    @property
    def mean(self) -> Scores:
        """Mean of the model's scores."""
        return _mean(image.model for image in self.images)

    @property
    def bicubic(self) -> Scores:
        """Mean of the bicubic baseline's scores."""
        return _mean(image.bicubic for image in self.images)

    def to_json(self) -> dict[str, Any]:
        """Return what `imgan evaluate --json` writes.

        Infinity, the PSNR of a picture that came back unchanged, becomes null: JSON has
        no word for it.
        """
        return {
            "model": self.model,
            "scale": self.scale,
            "protocol": {
                "channel": self.protocol.channel,
                "crop_border": self.protocol.crop_border,
                "downscale": self.protocol.downscale,
            },
            "images": [
                {"name": image.name, **_finite(image.model)} for image in self.images
            ],
            "mean": _finite(self.mean),
            "bicubic": _finite(self.bicubic),
        }


def evaluate(
    hr_dir: str | Path,
    *,
    model: str | Path = "x4",
    scale: int | None = None,
    lr_dir: str | Path | None = None,
    precision: str = "auto",
    tile: int | None = None,
    progress: Callable[[ImageScores, int], None] | None = None,
) -> Evaluation:
    """Score a model on every picture of a folder.

    Pictures are compared as 8-bit RGB: grey is replicated, 16 bits are rounded, alpha
    is left out. They are cropped to whole multiples of the scale.

    Args:
        hr_dir: Folder of the true pictures.
        model: Shipped name, bundle or run folder, or `"bicubic"`.
        scale: Ratio of output to input; the model's own if None, 4 for bicubic.
        lr_dir: Folder of pictures to enlarge, named like the true ones or with
            `x{scale}` behind; made by MATLAB's bicubic reduction if None.
        precision: As in `imgan upscale`.
        tile: As in `imgan upscale`.
        progress: Called after each picture with its scores and how many there are.

    Returns:
        Scores of each picture in the order of their names, their means and the
        protocol.

    Raises:
        UsageError: If the model has another scale, or the precision is unknown.
        UnknownModelError: If there is no such model.
        DataError: If pictures are missing, unpaired, too small or of other sizes.
    """
    model = str(model)
    scale = _choose_scale(model, scale, lr_dir is not None)
    # A typing error counts for bicubic too; what the device can do, the predictor says.
    choose_precision(precision, "uint8", "gpu")
    pairs = list_pairs(Path(hr_dir), None if lr_dir is None else Path(lr_dir), scale)
    enlarge = None if model == BICUBIC else _load(model, precision, tile)
    images = []
    for pair in pairs:
        hr, reduced = _read_pair(pair, scale)
        baseline = _score(hr, resize_bicubic(reduced, scale), scale)
        scores = _score(hr, enlarge(reduced), scale) if enlarge else baseline
        images.append(ImageScores(pair.hr.name, scores, baseline))
        if progress:
            progress(images[-1], len(pairs))
    downscale: Literal["matlab_bicubic", "given"]
    downscale = "matlab_bicubic" if lr_dir is None else "given"
    protocol = Protocol(crop_border=scale, downscale=downscale)
    return Evaluation(model, scale, protocol, tuple(images))


def _choose_scale(model: str, scale: int | None, lr_given: bool) -> int:
    """Return the scale to score at; needs no TensorFlow."""
    if model != BICUBIC:
        own = read_card(resolve(model)).scale
        if scale is not None and scale != own:
            raise UsageError(
                f"Model {model!r} enlarges {own} times, but scale {scale} was asked "
                f"for. Use scale {own} or a model of scale {scale}."
            )
        scale = own
    scale = 4 if scale is None else scale
    if scale < 1 or (scale == 1 and not lr_given):
        raise UsageError(
            "scale must be a whole number of 2 or more, or 1 with a folder of inputs. "
            f"Received: {scale}"
        )
    return scale


def _load(model: str, precision: str, tile: int | None) -> Enlarge:
    from imgan.runtime import import_tensorflow

    import_tensorflow()
    from imgan.inference.predictor import Predictor

    return Predictor.load(model, precision=precision, tile=tile)


def _read_pair(paths: PairPaths, scale: int) -> tuple[Array, Array]:
    """Return the true picture, cropped to `scale` times the reduced one, and that."""
    hr_path, lr_path = paths.hr, paths.lr
    hr = as_rgb8(read_image(hr_path).pixels)
    size = Size(*hr.shape[:2])
    if lr_path is None:
        hr = hr[: size.height - size.height % scale, : size.width - size.width % scale]
        _check_size(hr_path, Size(*hr.shape[:2]), scale)
        return hr, resize_bicubic(hr, Fraction(1, scale))
    reduced = as_rgb8(read_image(lr_path).pixels)
    covered = Size(reduced.shape[0] * scale, reduced.shape[1] * scale)
    for have, truth in zip(covered, size, strict=True):
        if not truth - _MOST_CROPPED < have < truth + scale:
            raise DataError(
                f"{lr_path} does not fit {hr_path} at scale {scale}: expected "
                f"{Size(size.height // scale, size.width // scale)} for {size}, "
                f"received {Size(*reduced.shape[:2])}."
            )
    hr = hr[: covered.height, : covered.width]
    _check_size(hr_path, Size(*hr.shape[:2]), scale)
    return hr, reduced


def _check_size(path: Path, size: Size, scale: int) -> None:
    least = WINDOW + 2 * scale
    if min(size) < least:
        raise DataError(
            f"{path} is too small to score at scale {scale}: expected at least "
            f"{least}x{least} after cropping, received {size}. Remove it."
        )


def _score(hr: Array, output: Array, scale: int) -> Scores:
    # A reduced side that was rounded up makes the output larger than the truth.
    output = as_rgb8(output)[: hr.shape[0], : hr.shape[1]]
    return Scores(
        psnr_y=psnr(hr, output, crop_border=scale),
        ssim_y=ssim(hr, output, crop_border=scale),
        psnr_rgb=psnr(hr, output, crop_border=scale, channel="rgb"),
    )


def _mean(scores: Iterable[Scores]) -> Scores:
    rows = [(one.psnr_y, one.ssim_y, one.psnr_rgb) for one in scores]
    return Scores(*(float(value) for value in np.mean(rows, axis=0)))


def _finite(scores: Scores) -> dict[str, float | None]:
    return {
        name: value if math.isfinite(value) else None
        for name, value in asdict(scores).items()
    }
