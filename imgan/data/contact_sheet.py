"""A picture of the first training samples: what the network will see."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgan.config import Recipe
from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.generation import GenerationRecipe
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.image_sampler import ImageSampler
from imgan.data.images import open_training_images
from imgan.data.patches import open_patches
from imgan.data.pixels import as_unit
from imgan.data.pixels import to_uint8
from imgan.data.translation import open_domains
from imgan.data.translation import open_pairs
from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.io.images import Metadata
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.types import Array

SAMPLES = 24
"""Training samples on a sheet."""

_WIDTH = 1600  # pixels that rows of samples may take
_BLANK_COST = 3.0  # of a share of empty cells, against the logarithm of the aspect
_GAP, _MARGIN = 2, 8  # pixels between the pictures of a sample, and between samples
_MARK = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmp:CreatorTool="imgan check"/></rdf:RDF></x:xmpmeta>'
)


def check_sheet_path(path: Path) -> None:
    """Refuse a path that a sheet may not be written to.

    Raises:
        OutputError: If a file is there that is no contact sheet, or no PNG file can be.
    """
    if path.suffix.lower() != ".png" or not path.absolute().parent.is_dir():
        raise OutputError(
            f"--sheet {path} cannot be written: expected a file that ends in .png, in "
            "an existing folder"
        )
    if path.exists() and not _is_sheet(path):
        raise OutputError(
            f"{path} exists and is no contact sheet of imgan. Name another file by "
            "--sheet, or leave the sheet out by --no-sheet"
        )


def write_contact_sheet(recipe: Recipe, path: Path) -> None:
    """Write the first training samples of a recipe as one PNG.

    Super-resolution: low resolution enlarged without smoothing, high resolution, and
    the sharpened target if there is one. Translation: source, the last of several
    frames, and target, or a picture of each domain. Other recipes: the pictures.

    Args:
        recipe: Says what is trained on.
        path: An earlier sheet there is replaced.

    Raises:
        DataError: If the pictures cannot be trained on.
        OutputError: If something else is there, or it cannot be written.
    """
    check_sheet_path(path)
    sheet = arrange(_samples(recipe))
    write_image(Picture(sheet, metadata=Metadata(xmp=_MARK)), path)


def arrange(samples: Sequence[Sequence[Array]]) -> Array:
    """Lay samples out as near a square as whole rows allow, on white.

    Args:
        samples: For each the pictures that belong together, of one height and width,
            float32 in `[0, 1]`, `(height, width, channels)`; all samples alike.

    Returns:
        `(height, width, 3)` uint8.
    """
    cells = [_join([_to_rgb8(image) for image in sample], _GAP) for sample in samples]
    columns = _columns(len(cells), *cells[0].shape[:2])
    rows = []
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        blank = np.full_like(cells[0], 255)
        row += [blank] * (columns - len(row))
        rows.append(np.swapaxes(_join(row, _MARGIN), 0, 1))
    sheet = np.swapaxes(_join(rows, _MARGIN), 0, 1)
    border = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0))
    return np.pad(sheet, border, constant_values=255)


def legend(recipe: Recipe) -> str:
    """Return what the pictures of a sample are, from left to right."""
    if isinstance(recipe, Pix2PixRecipe):
        last = "the last picture of the source" if recipe.data.stacked > 1 else "source"
        return f"left: {last}; right: target"
    if isinstance(recipe, CycleGANRecipe):
        return "left: a picture of domain A; right: one of domain B, unrelated"
    if not isinstance(recipe, SuperResolutionRecipe):
        return "pictures as trained on"
    if recipe.data.usm_targets:
        return (
            "left: low resolution, enlarged; middle: high resolution; right: the same "
            "sharpened"
        )
    return "left: low resolution, enlarged; right: high resolution"


def _columns(count: int, height: int, width: int) -> int:
    """Return how many cells of a size make a row."""

    def cost(columns: int) -> float:
        rows = -(-count // columns)
        aspect = columns * (width + _MARGIN) / (rows * (height + _MARGIN))
        return abs(math.log(aspect)) + _BLANK_COST * (rows * columns / count - 1)

    most = max(1, min(count, _WIDTH // (width + _MARGIN)))
    return min(range(1, most + 1), key=cost)


def _samples(recipe: Recipe) -> list[list[Array]]:
    if isinstance(recipe, SuperResolutionRecipe):
        return _patches(recipe)
    if isinstance(recipe, Pix2PixRecipe):
        return _pairs(recipe)
    if isinstance(recipe, CycleGANRecipe):
        domains = open_domains(recipe)
        return [list(domains(place)) for place in range(min(SAMPLES, len(domains)))]
    if not isinstance(recipe, GenerationRecipe):
        raise TypeError(f"No samples are known of {type(recipe).__name__}")
    return [[image] for image in _images(recipe)]


def _images(recipe: GenerationRecipe) -> Array:
    store = open_training_images(recipe)
    sampler = ImageSampler(store, seed=recipe.seed, flip=recipe.data.flip)
    return as_unit(sampler.batch(0, min(SAMPLES, len(store))).images)


def _pairs(recipe: Pix2PixRecipe) -> list[list[Array]]:
    sampler = open_pairs(recipe)
    last = -recipe.data.source.channels
    pairs = map(sampler, range(min(SAMPLES, len(sampler))))
    return [[pair.source[..., last:], pair.target] for pair in pairs]


def _patches(recipe: SuperResolutionRecipe) -> list[list[Array]]:
    sampler = open_patches(recipe)
    # Batches that are degraded on the device are shown as the CPU would make them.
    sampler.degradation = recipe.data.degradation
    samples = []
    for place in range(SAMPLES):
        patch = sampler(place)
        lr = patch.lr.repeat(recipe.scale, axis=0).repeat(recipe.scale, axis=1)
        sample = [lr, patch.hr]
        samples.append(sample if patch.target is None else [*sample, patch.target])
    return samples


def _to_rgb8(image: Array) -> Array:
    if image.shape[2] != 3:
        grey = image.mean(axis=2, keepdims=True)
        image = np.repeat(grey, 3, axis=2)
    return to_uint8(image)


def _join(images: Sequence[Array], gap: int) -> Array:
    """Join from left to right with white between."""
    white = np.full((images[0].shape[0], gap, 3), 255, np.uint8)
    parts = [part for image in images for part in (white, image)]
    return np.concatenate(parts[1:], axis=1)


def _is_sheet(path: Path) -> bool:
    try:
        return read_image(path).metadata.xmp == _MARK
    except ImageReadError:
        return False
