"""Score a model on pictures whose truth is known, by the protocol of the field.

Each high-resolution picture is reduced, enlarged again by the model and compared with
itself; the bicubic baseline is scored beside it. A score means nothing without its
protocol, so an `Evaluation` carries it along.
"""

import math
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import asdict
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import fields
from pathlib import Path
from typing import Any
from typing import Literal

import numpy as np

from imgan.bundles.card import Card
from imgan.data.pairs import list_pairs
from imgan.data.resize import resize_bicubic
from imgan.errors import UsageError
from imgan.evaluate.pictures import Channel
from imgan.evaluate.pictures import View
from imgan.evaluate.pictures import choose_view
from imgan.evaluate.pictures import read_pair
from imgan.inference.eligibility import check_model
from imgan.inference.precision import choose_precision
from imgan.inference.treatment import Treatment
from imgan.inference.treatment import check_treatment
from imgan.metrics.color import color_drift
from imgan.metrics.psnr import MOST_DECIBELS
from imgan.metrics.psnr import psnr
from imgan.metrics.sharpness import gradient_energy
from imgan.metrics.sharpness import sharpness
from imgan.metrics.ssim import ssim
from imgan.types import Array

Enlarge = Callable[[Array], Array]
"""A picture to `scale` times its size."""


@dataclass(frozen=True)
class Scores:
    """How near a picture is to the truth, and what a discriminator may do to it."""

    psnr_y: float
    """Decibels on luma; on all channels where the protocol's channel is not y."""
    ssim_y: float
    """Structural similarity, on the same."""
    psnr_rgb: float
    """Decibels on RGB; NaN where the protocol's channel is not y."""
    sharpness: float
    """Energy of gradients relative to the truth's; 1 is as sharp."""
    color_drift: float
    """How far the mean of a channel is from that of the input, in levels of 255."""


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
    channel: Channel = "y"

    def __str__(self) -> str:
        made = {
            "matlab_bicubic": "made by MATLAB-exact bicubic reduction",
            "given": "read from files",
        }
        on, output = {
            "y": ("Y (BT.601 studio range, unrounded)", "8-bit RGB"),
            "grey": ("the grey channel", "full-depth"),
            "bands": ("all bands together", "full-depth"),
        }[self.channel]
        return (
            f"PSNR and SSIM on {on}, "
            f"{self.crop_border} pixels cropped at each border, {output} output; "
            f"low resolution {made[self.downscale]}"
        )


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a folder of pictures."""

    model: str
    scale: int
    protocol: Protocol
    images: tuple[ImageScores, ...]
    fidelity: float | None = None
    """As in `imgan upscale`."""
    tta: bool = False
    """As in `imgan upscale`."""

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

        Infinity, the PSNR of a picture that came back unchanged, becomes null, as does
        what there is not: JSON has no word for either.
        """
        return {
            "model": self.model,
            "scale": self.scale,
            "fidelity": self.fidelity,
            "tta": self.tta,
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
    fidelity: float | None = None,
    tta: bool = False,
    progress: Callable[[ImageScores, int], None] | None = None,
) -> Evaluation:
    """Score a model on every picture of a folder.

    Pictures are compared as 8-bit RGB: grey is replicated, 16 bits are rounded, alpha
    is left out. They are cropped to whole multiples of the scale. Grey pictures and a
    model of one channel, and files that a model takes as bands of raw values, are
    compared at their own depth, with the range of the files as the peak.

    Args:
        hr_dir: Folder of the true pictures.
        model: Shipped name, bundle or run folder, or `"bicubic"`.
        scale: Ratio of output to input; the model's own if None, 4 for bicubic.
        lr_dir: Folder of pictures to enlarge, named like the true ones or with
            `x{scale}` behind; made by MATLAB's bicubic reduction if None.
        precision: As in `imgan upscale`.
        tile: As in `imgan upscale`.
        fidelity: As in `imgan upscale`.
        tta: As in `imgan upscale`.
        progress: Called after each picture with its scores and how many there are.

    Returns:
        Scores of each picture in the order of their names, their means and the
        protocol.

    Raises:
        UsageError: If the model has another scale or no fidelity partner, the
            precision is unknown, or `tta` is asked of bicubic enlargement.
        UnknownModelError: If there is no such model.
        DataError: If pictures are missing, unpaired, too small or of other sizes.
    """
    model = str(model)
    card = check_model(model, fidelity)
    if card is not None and card.task != "super_resolution":
        raise UsageError(
            f"Model {model!r} enlarges nothing; use imgan.evaluate.evaluate_translation"
        )
    check_treatment(Treatment(tta=tta), card)
    scale = _choose_scale(card, model, scale, lr_dir is not None)
    # A typing error counts for bicubic too; what the device can do, the predictor says.
    choose_precision(precision, "uint8", "gpu")
    pairs = list_pairs(Path(hr_dir), None if lr_dir is None else Path(lr_dir), scale)
    view = choose_view(card, pairs[0].hr)
    enlarge = _load(model, precision, tile, fidelity, tta) if card else None
    images = []
    for pair in pairs:
        hr, reduced = read_pair(view, pair, scale)
        baseline = _score(view, hr, resize_bicubic(reduced, scale), reduced, scale)
        scores = baseline
        if enlarge:
            scores = _score(view, hr, enlarge(reduced), reduced, scale)
        images.append(ImageScores(pair.hr.name, scores, baseline))
        if progress:
            progress(images[-1], len(pairs))
    downscale: Literal["matlab_bicubic", "given"]
    downscale = "matlab_bicubic" if lr_dir is None else "given"
    protocol = Protocol(scale, downscale, view.channel)
    return Evaluation(model, scale, protocol, tuple(images), fidelity, tta)


def _choose_scale(
    card: Card | None, model: str, scale: int | None, lr_given: bool
) -> int:
    """Return the scale to score at; needs no TensorFlow."""
    if card is not None:
        own = card.scale
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


def _load(
    model: str, precision: str, tile: int | None, fidelity: float | None, tta: bool
) -> Enlarge:
    from imgan.runtime import import_tensorflow

    import_tensorflow()
    from imgan.inference.predictor import Predictor

    return Predictor.load(
        model, precision=precision, tile=tile, fidelity=fidelity, tta=tta
    )


def _score(
    view: View, truth: Array, output: Array, source: Array, scale: int
) -> Scores:
    made, levels = view.to_levels(output), view.to_levels(truth)
    drift = color_drift(made, view.to_levels(source))
    # A reduced side that was rounded up makes the output larger than the truth.
    made = made[: levels.shape[0], : levels.shape[1]]
    own: Literal["y", "rgb"] = "y" if view.channel == "y" else "rgb"
    in_rgb = view.channel == "y"
    return Scores(
        psnr_y=psnr(levels, made, crop_border=scale, channel=own),
        ssim_y=ssim(levels, made, crop_border=scale, channel=own),
        psnr_rgb=psnr(levels, made, crop_border=scale, channel="rgb")
        if in_rgb
        else math.nan,
        sharpness=_sharpness(made, levels, scale, in_rgb=in_rgb),
        color_drift=drift,
    )


def _sharpness(made: Array, truth: Array, border: int, *, in_rgb: bool) -> float:
    if in_rgb or made.ndim == 2:
        return sharpness(made, truth, crop_border=border)
    # Bands have no luma. Side by side they would have edges between them.
    own, true = (
        sum(gradient_energy(band, crop_border=border) for band in np.moveaxis(x, 2, 0))
        for x in (made, truth)
    )
    if true == 0.0:
        return 1.0 if own == 0.0 else math.inf
    return own / true


def _mean(scores: Iterable[Scores]) -> Scores:
    """Return means that one flat picture among others does not make infinite.

    Equal pictures count as `MOST_DECIBELS`; sharpness beside a flat truth is left out.
    """
    columns = np.array([astuple(one) for one in scores]).T
    means = []
    for field, column in zip(fields(Scores), columns, strict=True):
        infinite = np.isposinf(column)
        if field.name.startswith("psnr") and not infinite.all():
            column = np.minimum(column, MOST_DECIBELS)
        elif not infinite.all():
            column = column[~infinite]
        means.append(float(column.mean()))
    return Scores(*means)


def _finite(scores: Scores) -> dict[str, float | None]:
    return {
        name: value if math.isfinite(value) else None
        for name, value in asdict(scores).items()
    }
