"""Pictures of a sampler as files: one each, in a folder for each label, or one grid."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgan.inference.sample_plan import SampleOptions
from imgan.inference.sample_plan import SamplePlan
from imgan.inference.sample_plan import picture_file
from imgan.inference.sampler import BATCH
from imgan.inference.sampler import Sampler
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import remove_stale_temporaries
from imgan.types import Array

Progress = Callable[[int], None]
"""Called with how many pictures are drawn."""


def write_samples(
    sampler: Sampler, plan: SamplePlan, progress: Progress = lambda drawn: None
) -> None:
    """Draw the pictures of a plan and write them, each whole or not at all.

    Raises:
        OutputError: If a file cannot be written.
    """
    drawn = 0
    groups: list[list[Array]] = []
    for label, folder in plan.groups:
        if plan.grid is None and folder.is_dir():
            remove_stale_temporaries(folder)
        groups.append([])
        for index, picture in enumerate(_frames(sampler, label, plan.options)):
            if plan.grid:
                groups[-1].append(picture)
            else:
                _write(picture, picture_file(folder, index))
            drawn += 1
            progress(drawn)
    if plan.grid:
        _write(_lay_out(groups, plan), plan.grid)


def _frames(
    sampler: Sampler, label: int | None, options: SampleOptions
) -> Iterator[Array]:
    """Yield the pictures of a label, each after the frames that lead to it."""
    seed, truncation = options.seed, options.truncation
    for first in range(0, options.count, BATCH):
        pictures = sampler.draw(
            min(BATCH, options.count - first),
            label=label,
            seed=seed,
            first=first,
            truncation=truncation,
        )
        for index, picture in enumerate(pictures, first):
            if index and options.between:
                yield from sampler.interpolate(
                    index - 1,
                    options.between,
                    label=label,
                    seed=seed,
                    truncation=truncation,
                )
            yield picture


def _lay_out(groups: Sequence[Sequence[Array]], plan: SamplePlan) -> Array:
    """Return all pictures as one; with frames between, each row joins two pictures."""
    rows, columns = plan.shape
    step = plan.options.between + 1
    cells: list[Array] = []
    for group in groups:
        if plan.options.between:
            for start in range(0, len(group) - 1, step):
                cells += group[start : start + step + 1]
        else:
            cells += group
    empty = np.zeros_like(cells[0])
    cells += [empty] * (rows * columns - len(cells))
    height, width, channels = empty.shape
    grid = np.stack(cells).reshape(rows, columns, height, width, channels)
    # (rows, columns, height, width, channels) -> (rows, height, columns, width, ...)
    sheet: Array = grid.transpose(0, 2, 1, 3, 4)
    return sheet.reshape(rows * height, columns * width, channels)


def _write(pixels: Array, path: Path) -> None:
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    write_image(Picture(np.ascontiguousarray(flat)), path)
