"""A picture with transparency and metadata through a predictor."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import frame_channels
from imgan.errors import DataError
from imgan.inference.predictor import Prediction
from imgan.inference.predictor import Predictor
from imgan.inference.predictor import Progress
from imgan.inference.sizing import TargetSize
from imgan.inference.wrapping import bleed_wrapped
from imgan.io.bands import read_bands
from imgan.io.images import Picture
from imgan.io.metadata import Metadata
from imgan.io.metadata import profile_fits
from imgan.types import Array
from imgan.types import dtype_peak


def read_model_bands(path: Path, card: Card, max_megapixels: float = 500.0) -> Array:
    """Read a file of raw values for a model that takes bands; of several, one frame.

    Returns:
        `(height, width, bands)`, as in the file.

    Raises:
        ImageReadError: If the file cannot be read.
        DataError: If it has other bands than the model takes.
    """
    pixels = read_bands(path, max_megapixels)
    expected = frame_channels(card)
    if pixels.shape[2] != expected:
        raise DataError(
            f"{path} has {pixels.shape[2]} band{'s' * (pixels.shape[2] != 1)}; model "
            f"{card.name!r} takes {expected}. Select them first, or use another model"
        )
    return pixels


def predict_picture(
    predictor: Predictor,
    picture: Picture,
    *,
    bleed: bool = True,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    target: TargetSize | None = None,
) -> tuple[Picture, Prediction]:
    """Compute colours, and transparency where they are enlarged; the rest travels.

    A translation never sees transparency, which stays what it is, and drops a colour
    profile that says nothing about its result.

    Args:
        predictor: Computes one array.
        picture: Not changed.
        bleed: Give transparent places the colour beside them first; False for stacked
            frames, of which each was given its own.
        progress: Told of every tile of the colours.
        cancelled: Set it to stop at the next tile.
        target: The size that the result shall have; None: by the predictor's scale.

    Returns:
        The new picture and how its colours were made; warnings about its transparency
        are among them.
    """
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is not None and bleed:
        pixels = bleed_wrapped(pixels, alpha, predictor.wrap)
    made = predictor.predict(
        pixels, progress=progress, cancelled=cancelled, target=target
    )
    if predictor.engine.translates:
        return _translated(picture, made.pixels), made
    if alpha is None:
        return replace(picture, pixels=made.pixels), made
    constant = constant_of(alpha)
    if constant is not None:
        # A network would make 254 of it here and there: holes nobody put in.
        enlarged = np.full(made.pixels.shape[:2], constant, alpha.dtype)
    else:
        transparency = predictor.predict(
            alpha, cancelled=cancelled, keep_colors=False, target=target
        )
        enlarged = transparency.pixels
        made.warnings += [f"transparency: {line}" for line in transparency.warnings]
        made.seconds += transparency.seconds
    return replace(picture, pixels=made.pixels, alpha=enlarged), made


def _translated(picture: Picture, pixels: Array) -> Picture:
    """Return the picture with new colours; grey is `(height, width)`."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    alpha = picture.alpha
    if alpha is not None:
        alpha = in_depth(alpha, pixels.dtype)
    metadata = translated_metadata(picture.metadata, grey=pixels.ndim == 2)
    return replace(picture, pixels=pixels, alpha=alpha, metadata=metadata)


def translated_metadata(metadata: Metadata, *, grey: bool) -> Metadata:
    """Return the metadata without a colour profile that is not of such pixels."""
    if metadata.icc and not profile_fits(metadata.icc, grey):
        return replace(metadata, icc=None)
    return metadata


def in_depth(values: Array, dtype: "np.dtype[Any]") -> Array:
    """Return values that mean the same in the dtype of pictures."""
    if values.dtype == dtype:
        return values
    # Exact where there are more levels: 65535 is 257 times 255.
    levels = values * (dtype_peak(dtype) / dtype_peak(values.dtype))
    if dtype.kind == "u":
        levels = np.floor(levels + 0.5)
    return levels.astype(dtype)


def constant_of(values: Array) -> float | None:
    """Return the one value that an array has everywhere; None if it has others."""
    first = values.flat[0]
    return first if (values == first).all() else None
