"""Which pictures are drawn and where each goes: decided before anything is computed."""

import math
import os
import re
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgan.bundles.card import Card
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.io.collisions import Spelling
from imgan.io.formats import format_of

GRID_NAME = "grid.png"
_LARGEST_GRID = 500e6  # pixels
_NAMED = 20
"""Labels that an error message lists."""

# Not in a file's name on Windows, besides what does not print; % begins an escape.
_FORBIDDEN = set('<>:"/\\|?*%')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class SampleOptions:
    """What to draw.

    Attributes:
        count: Pictures of each label.
        labels: Names of labels; none: all there are.
        seed: 0 or more.
        between: Frames between a picture and the next.
        truncation: Largest absolute value of a latent.
        grid: Write one picture of all.
        overwrite: Replace files that are there.
    """

    count: int = 64
    labels: tuple[str, ...] = ()
    seed: int = 0
    between: int = 0
    truncation: float | None = None
    grid: bool = False
    overwrite: bool = False

    @property
    def frames(self) -> int:
        """Pictures of each label with those between them."""
        return self.count + (self.count - 1) * self.between


@dataclass(frozen=True)
class SamplePlan:
    """Where the pictures of each label go; decided before anything is computed.

    Attributes:
        options: What to draw.
        groups: Number of a label, None where there are none, and its folder.
        grid: The one file to write instead, or None.
    """

    options: SampleOptions
    groups: tuple[tuple[int | None, Path], ...]
    grid: Path | None

    @property
    def total(self) -> int:
        """Pictures to draw."""
        return len(self.groups) * self.options.frames

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        options, groups = self.options, len(self.groups)
        if options.between:
            return groups * (options.count - 1), options.between + 2
        if groups > 1:
            return groups, options.count
        columns = math.ceil(math.sqrt(options.count))
        return math.ceil(options.count / columns), columns

    def files(self) -> Iterator[Path]:
        """Yield every file that will be written."""
        if self.grid:
            yield self.grid
            return
        for _, folder in self.groups:
            for index in range(self.options.frames):
                yield picture_file(folder, index)


def plan_samples(card: Card, output: Path, options: SampleOptions) -> SamplePlan:
    """Decide what to draw and where it goes.

    Args:
        card: Of the generator.
        output: A folder; with `options.grid` also a `.png` file.
        options: What to draw.

    Raises:
        UsageError: If the options contradict each other or the card.
        OutputError: If files are there already, or cannot be.
    """
    if options.between and options.count < 2:
        raise UsageError("--interpolate joins pictures; --count must be at least 2")
    if options.truncation is not None and not options.truncation > 0:
        raise UsageError(
            f"--truncation must be above 0. Received: {options.truncation:g}"
        )
    if card.output_channels not in (1, 3):
        raise CheckpointError(
            f"Model {card.name!r} draws pictures of {card.output_channels} channels; "
            "files need 1 or 3"
        )
    is_file = format_of(output) is not None and not output.is_dir()
    _check_output(output, is_file, options.grid)
    chosen = _choose_labels(card, options.labels)
    labels = [card.labels[n] for n in chosen if n is not None and card.labels]
    if not options.grid:
        _check_folders(labels, output)
    names = [folder_name(label) for label in card.labels or []]
    groups = [(n, output if n is None else output / names[n]) for n in chosen]
    grid = (output if is_file else output / GRID_NAME) if options.grid else None
    plan = SamplePlan(options, tuple(groups), grid)
    if grid:
        _check_grid(plan, card)
    _refuse_replacing(plan)
    return plan


def picture_file(folder: Path, index: int) -> Path:
    """Return the file of a picture by its number."""
    return folder / f"{index:05d}.png"


def folder_name(label: str) -> str:
    """Return a label as the name of one folder, on every system.

    What cannot be in a name, or would make it another place, becomes `%` and the
    hexadecimal bytes of the character; labels that differ stay different.
    """
    unsafe = {i for i, one in enumerate(label) if _is_unsafe(one)}
    if label.startswith(".") or _RESERVED.match(label):
        unsafe.add(0)
    if label.endswith((".", " ")):
        unsafe.add(len(label) - 1)
    return "".join(
        _escape(one) if index in unsafe else one for index, one in enumerate(label)
    )


def _is_unsafe(one: str) -> bool:
    return one in _FORBIDDEN or not one.isprintable()


def _escape(one: str) -> str:
    code = one.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in code)


def _check_folders(labels: Sequence[str], output: Path) -> None:
    names = [folder_name(label) for label in labels]
    spelling = Spelling()
    spelled = {spelling.of(output / name) for name in names}
    if "" in names or len(spelled) < len(names):
        raise CheckpointError(
            "The labels of the model do not give a folder of its own to each: "
            f"{_listed(labels)}"
        )


def _listed(labels: Sequence[str]) -> str:
    shown = [repr(label)[1:-1] or "''" for label in labels[:_NAMED]]
    more = len(labels) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _choose_labels(card: Card, wanted: Sequence[str]) -> list[int | None]:
    if card.labels is None:
        if wanted:
            raise UsageError(f"Model {card.name!r} has no labels; leave --label out")
        return [None]
    for name in wanted:
        if name not in card.labels:
            raise UsageError(
                f"Model {card.name!r} has no label {name!r}."
                f"{did_you_mean(name, card.labels)} Labels: {_listed(card.labels)}"
            )
    return [card.labels.index(name) for name in dict.fromkeys(wanted or card.labels)]


def _check_output(output: Path, is_file: bool, grid: bool) -> None:
    if is_file and not grid:
        raise UsageError(
            f"{output} is a picture's name, and every sample is a file of its own. "
            "Name a folder, or add --grid for one picture of all"
        )
    if is_file and format_of(output) != "png":
        raise UsageError(f"The grid is a PNG file; {output} has another suffix")
    if not is_file and output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; expected a folder, or grid.png")


def _check_grid(plan: SamplePlan, card: Card) -> None:
    side = card.image_size[0] if card.image_size else 0
    rows, columns = plan.shape
    if rows * columns * side**2 > _LARGEST_GRID:
        raise UsageError(
            f"A grid of {columns}x{rows} pictures of {side}x{side} pixels is too large "
            "for one file. Ask for fewer with --count, or leave --grid out"
        )


def _refuse_replacing(plan: SamplePlan) -> None:
    there = [path for path in plan.files() if os.path.lexists(path)]
    if there and not plan.options.overwrite:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise OutputError(
            f"{there[0]} is there already{more}. Add --overwrite to replace it, or "
            "name another folder"
        )
    folders = [plan.grid.parent] if plan.grid else [folder for _, folder in plan.groups]
    for folder in folders:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        if not nearest.is_dir():
            raise OutputError(f"Cannot write into {folder}: {nearest} is a file")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OutputError(f"Cannot write into {folder}: permission denied")
