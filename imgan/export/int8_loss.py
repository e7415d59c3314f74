"""What a network loses in eight bits, measured on pictures."""

from pathlib import Path

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import reads_bands
from imgan.data.pixels import to_uint8
from imgan.export.agreement import difference
from imgan.export.calibration import InputFolder
from imgan.export.calibration import as_images
from imgan.export.calibration import reduced
from imgan.export.tensors import IMAGES
from imgan.export.tensors import PortableNetwork
from imgan.export.tensors import Run
from imgan.metrics.pairs import Channel
from imgan.metrics.psnr import MOST_DECIBELS
from imgan.metrics.psnr import psnr
from imgan.types import Array
from imgan.types import Size
from imgan.types import from_range

MOST_LOST = 0.3
"""Decibels; more than this is worth a warning."""

# What a benchmark has; and what shows how far two results are apart.
_MOST_SCORED, _MOST_COMPARED = 100, 20
# Pixels of an input; of larger ones the middle counts.
_LARGEST_SCORED, _LARGEST_COMPARED = 1 << 20, 1 << 18
_DRAWN = 64


def measure_loss(portable: PortableNetwork, run: Run, path: Path | None) -> list[str]:
    """Compare the int8 file with the float32 network.

    Super-resolution: mean PSNR of both against the truth, by the protocol of `imgan
    evaluate`: pictures are reduced by MATLAB's bicubic, results rounded to 8 bits, as
    many pixels as the scale left out at each border, on luma for colour. Otherwise: how
    far results are apart on average.

    Args:
        portable: The network.
        run: What the runtime makes of the int8 file.
        path: Folder of truths for super-resolution, of inputs for translation; None for
            generators of noise.

    Returns:
        Lines for the user.

    Raises:
        DataError: If there are no pictures, or one does not suit the network.
        ImageReadError: If one cannot be read.
    """
    if path is None:
        feed = portable.noise(_DRAWN, seed=_DRAWN)
        apart = difference(portable, portable.compute(feed), run(feed)).mean
        return [_apart(apart, f"{_DRAWN} latents")]
    folder = InputFolder(portable.card, path)
    if portable.card.task == "super_resolution" and portable.card.scale > 1:
        return _decibels(portable, run, folder)
    chosen = folder.evenly(_MOST_COMPARED)
    unit, least = portable.card.size_multiple, portable.card.minimum_size
    means = []
    for index in chosen:
        pixels = _middle(folder.read(index, unit, least), unit, _LARGEST_COMPARED)
        feed = {IMAGES: as_images(portable.card, pixels)}
        means.append(difference(portable, portable.compute(feed), run(feed)).mean)
    return [_apart(float(np.mean(means)), f"{len(chosen)} pictures in {path}")]


def _apart(mean: float, on: str) -> str:
    return f"int8 and float32 are {mean:.2g} of the range apart on average ({on})"


def _decibels(portable: PortableNetwork, run: Run, folder: InputFolder) -> list[str]:
    card = portable.card
    chosen = folder.evenly(_MOST_SCORED)
    unit = card.scale * card.size_multiple
    least = max(card.scale * card.minimum_size, 2 * card.scale + 1)
    scores = []
    for index in chosen:
        truth = folder.read(index, unit, least)
        truth = _middle(truth, unit, _LARGEST_SCORED * card.scale**2)
        feed = {IMAGES: as_images(card, reduced(card, truth))}
        results = portable.compute(feed), run(feed)
        scores.append([_psnr(card, truth, result[0]) for result in results])
    exact, made = (float(mean) for mean in np.mean(scores, axis=0))
    on = "luma" if _has_luma(card) else "all channels"
    lines = [
        f"{folder.path}: {exact:.2f} dB in float32, {made:.2f} dB in int8: "
        f"{exact - made:.2f} dB lost ({len(chosen)} pictures, {on}, border "
        f"{card.scale})"
    ]
    if exact - made > MOST_LOST:
        lines.append(
            f"more than {MOST_LOST:g} dB are lost: calibrate on pictures like those "
            "to come, or use --precision float16"
        )
    return lines


def _psnr(card: Card, truth: Array, result: Array) -> float:
    light = from_range(result, card.output_range)
    if reads_bands(card):
        levels = [255.0 * np.asarray(pixels, np.float64) for pixels in (truth, light)]
    else:
        levels = [truth, to_uint8(np.asarray(light, np.float32))]
    channel: Channel = "y" if _has_luma(card) else "rgb"
    return min(psnr(*levels, crop_border=card.scale, channel=channel), MOST_DECIBELS)


def _has_luma(card: Card) -> bool:
    return card.output_channels == 3 and not reads_bands(card)


def _middle(pixels: Array, unit: int, most: int) -> Array:
    """Return the middle of a picture that is larger than so many pixels."""
    size = Size(*pixels.shape[:2])
    if size.height * size.width <= most:
        return pixels
    side = int(most**0.5) // unit * unit
    top, left = (max(0, length - side) // 2 for length in size)
    return pixels[top : top + side, left : left + side]
