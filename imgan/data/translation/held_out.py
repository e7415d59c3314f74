"""Held-out pairs of translation: whole pictures, always the same."""

import logging
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from imgan.config.pix2pix import Pix2PixRecipe
from imgan.data.translation.files import find_pairs
from imgan.data.translation.files import list_translation_pairs
from imgan.data.translation.pairs import PairReader
from imgan.data.translation.pairs import paired_reader
from imgan.data.translation.records import TranslationFiles
from imgan.types import Array

_log = logging.getLogger(__name__)

_HELD_OUT = 3  # beside those of training


class HeldOutPair(NamedTuple):
    """A whole pair, `(height, width, channels)`: uint8, uint16 or float32 in `[0, 1]`.

    Both are in the dtype of their files, and float32 where these have a value range.
    """

    name: str
    source: Array
    target: Array


class HeldOut:
    """Held-out pairs by index, read when they are asked for.

    Args:
        reader: Of the pairs.
        seed: Of sources that are made at random; each pair has its own.
    """

    def __init__(self, reader: PairReader, seed: int = 0) -> None:
        self.reader = reader
        self._seed = seed

    def __len__(self) -> int:
        return len(self.reader)

    def __getitem__(self, index: int) -> HeldOutPair:
        if not 0 <= index < len(self):
            raise IndexError(f"index must be below {len(self)}. Received: {index}")
        pictures, target = self.reader.read(index)
        source = self.reader.join(pictures, target, (self._seed, _HELD_OUT, index))
        return HeldOutPair(self.reader.files[index].name, source, target)

    def __iter__(self) -> Iterator[HeldOutPair]:
        return (self[index] for index in range(len(self)))


def open_held_out(recipe: Pix2PixRecipe) -> HeldOut | None:
    """Return the held-out pairs of a recipe; None if it names none.

    With `data.load_size` they are squeezed to squares of `data.image_size`, what the
    network was trained on. Files that are also trained on are warned of.

    Raises:
        DataError: If pictures are missing, mispaired or of two sizes, or those of the
            first pair are not as `data` says.
    """
    data = recipe.data
    if data.validation is None:
        return None
    files = list_translation_pairs(data.validation, data, held_out=True)
    warn_of_leaks(
        (_paths(pair) for pair in files),
        (path for pair in find_pairs(data.train, data) for path in _paths(pair)),
    )
    square = None if data.load_size is None else data.image_size
    return HeldOut(paired_reader(files, data, square, keep=False), recipe.seed)


def warn_of_leaks(
    held_out: Iterable[Iterable[Path]], trained: Iterable[Path], key: str = ""
) -> None:
    """Warn if what is held out is also trained on.

    Args:
        held_out: Files of each sample that is looked at.
        trained: All files that are trained on.
        key: Below `data.train` and `data.validation`, `.a`; empty for all of it.
    """
    known = {path.resolve() for path in trained}
    samples = [list(paths) for paths in held_out]
    leaked = sum(any(path.resolve() in known for path in paths) for paths in samples)
    if leaked:
        _log.warning(
            "%d of %d samples of data.validation%s hold pictures that are also trained "
            "on, in data.train%s: scores on them prove nothing, and the best by them "
            "is what was learnt by heart. Name other pictures, or data.validation=null",
            leaked,
            len(samples),
            key,
            key,
        )


def _paths(pair: TranslationFiles) -> list[Path]:
    return [picture.path for picture in (*pair.source, pair.target)]
