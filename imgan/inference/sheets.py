"""Sheets of a picture beside what became of it, and beside what it should be."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgan.data.pixels import to_uint8
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.io.bands import read_bands
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.paths import JobPlan
from imgan.types import Array
from imgan.types import Size
from imgan.types import ValueRange


class Targets:
    """The pictures of a folder by their names, however their files end.

    Args:
        folder: Mirrors the tree of the results.

    Raises:
        DataError: If it is no folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DataError(f"--targets {folder} is not a folder. Give a folder")
        self._folder = folder
        self._listed: dict[Path, dict[str, list[Path]]] = {}

    def find(self, relative: Path) -> Path:
        """Return the target of a result.

        Args:
            relative: Where the result is in the folder of results.

        Raises:
            DataError: If there is none, or more than one.
        """
        inner = relative.parent
        if inner not in self._listed:
            self._listed[inner] = _by_stem(self._folder / inner)
        found = self._listed[inner].get(relative.stem, [])
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "nothing"
            raise DataError(
                f"--targets must hold one picture named {inner / relative.stem}, with "
                f"any suffix, in {self._folder}. Received: {names}"
            )
        return found[0]


def relative_output(plan: JobPlan, output: Path) -> Path:
    """Return where a result is below the folder of results."""
    return Path(output.name) if plan.root is None else output.relative_to(plan.root)


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith("."):
            found[path.stem].append(path)
    return found


def sheet_size(size: Size, target: Size | None) -> Size:
    """Return the size of a sheet.

    Args:
        size: Of the input, and of what was made of it.
        target: Of the target; None: there is none on the sheet.
    """
    if target is None:
        return Size(size.height, 2 * size.width)
    return Size(size.height, 2 * size.width + _scaled(target, size.height).width)


def make_sheet(panels: Sequence[Array]) -> Picture:
    """Put pictures side by side: the first ones' height, no gaps.

    Without a target the sheet is a combined picture, as `data.train.combined` takes.

    Args:
        panels: `(height, width)` or `(height, width, 3)` uint8, as `shown` returns.

    Returns:
        Grey if all are, else RGB.
    """
    grey = all(panel.ndim == 2 for panel in panels)
    height = panels[0].shape[0]
    row = []
    for panel in panels:
        size = Size(*panel.shape[:2])
        if size.height != height:
            panel = resize_bicubic(panel, size=_scaled(size, height))
        if panel.ndim == 2 and not grey:
            panel = np.repeat(panel[..., np.newaxis], 3, axis=2)
        row.append(panel)
    return Picture(np.ascontiguousarray(np.concatenate(row, axis=1)))


def read_target(path: Path, *, bands: bool, pixel_range: ValueRange | None) -> Array:
    """Return a target as it is shown."""
    picture = Picture(read_bands(path)) if bands else read_image(path)
    return shown(picture, pixel_range)


def shown(picture: Picture, pixel_range: ValueRange | None = None) -> Array:
    """Return any picture as 8-bit grey or RGB.

    Of bands the first three are red, green and blue, or the first is grey if they are
    fewer; 16 bits and floats are rounded; transparency is laid over white.

    Args:
        picture: Of light, or of raw values in bands.
        pixel_range: Raw values that are black and white; None: as usual for the dtype.
    """
    pixels = picture.pixels
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = pixels[..., 0] if pixels.shape[2] < 3 else pixels[..., :3]
    if pixel_range is not None:
        low, high = pixel_range
        pixels = ((pixels.astype(np.float64) - low) / (high - low)).astype(np.float32)
    levels = to_uint8(pixels)
    if picture.alpha is None:
        return levels
    opacity = to_uint8(picture.alpha).astype(np.float32) / np.float32(255.0)
    if levels.ndim == 3:
        opacity = opacity[..., np.newaxis]
    return np.floor(255.5 - opacity * (255.0 - levels)).astype(np.uint8)


def _scaled(size: Size, height: int) -> Size:
    """Return a size at another height, its proportions kept."""
    return Size(height, max(1, round(size.width * height / size.height)))
