"""Looks at every file of a set once, several at a time, and keeps only summaries."""

import os
from collections import deque
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from imgan.data.checking.comparison import Comparison
from imgan.data.checking.comparison import compare
from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import Look
from imgan.data.checking.looks import look_at
from imgan.data.checking.looks import stretch
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.pairs import match_names
from imgan.errors import DataError
from imgan.types import Array

_T = TypeVar("_T")
_R = TypeVar("_R")
_MOST_THREADS = 4  # each holds a decoded pair


@dataclass
class Pair:
    """Files that belong together by name, or one without a partner, and their looks.

    A look is None where there is no file or it cannot be read.
    """

    hr_path: Path | None
    lr_path: Path | None
    hr: Look | None = None
    lr: Look | None = None
    comparison: Comparison | None = None
    unreadable: list[Finding] = field(default_factory=list)
    values: list[Finding] = field(default_factory=list)


def survey(
    pictures: PictureSet, advance: Callable[[int], None] | None = None
) -> list[Pair]:
    """Look at all files of a set.

    Args:
        pictures: The set.
        advance: Called with the number of files that a step looked at.
    """
    if pictures.lr is None:
        pairs = [Pair(path, None) for path in pictures.hr]
    else:
        names = match_names(pictures.hr, pictures.lr, [pictures.scale])
        pairs = [Pair(hr, lr) for hr, lr in names.pairs]
        pairs += [Pair(hr, None) for hr in names.hr_alone]
        pairs += [Pair(None, lr) for lr in names.lr_alone]
    looked = []
    for pair in in_threads(lambda pair: _look(pictures, pair), pairs):
        looked.append(pair)
        if advance is not None:
            advance((pair.hr_path is not None) + (pair.lr_path is not None))
    return looked


def _look(pictures: PictureSet, pair: Pair) -> Pair:
    hr_pixels, lr_pixels = (
        None if path is None else _read(pictures, path, pair)
        for path in (pair.hr_path, pair.lr_path)
    )
    if pair.hr_path is not None and hr_pixels is not None:
        pair.hr = look_at(pair.hr_path, hr_pixels)
    if pair.lr_path is not None and lr_pixels is not None:
        pair.lr = look_at(pair.lr_path, lr_pixels)
    if hr_pixels is None or lr_pixels is None or pair.hr is None or pair.lr is None:
        return pair
    if not pair.hr.near_empty:
        pair.comparison = compare(
            pair.hr, hr_pixels, pair.lr, lr_pixels, pictures.scale
        )
    return pair


def _read(pictures: PictureSet, path: Path, pair: Pair) -> Array | None:
    try:
        pixels = pictures.read(path)
    except DataError as error:
        reason = str(error).removeprefix(f"{path} ")
        pair.unreadable.append(Finding("unreadable", (path,), reason))
        return None
    fault = pictures.judge(pixels)
    if fault is None:
        return pictures.convert(pixels)
    pair.values.append(Finding("values", (path,), fault))
    # What it shows can still be told.
    return stretch(pixels)


def in_threads(function: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
    """Map in order; only as many items are under way as there are threads, doubled."""
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    waiting = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[_R]] = deque(
            pool.submit(function, item) for item in islice(waiting, 2 * threads)
        )
        try:
            while running:
                yield running.popleft().result()
                for item in islice(waiting, 1):
                    running.append(pool.submit(function, item))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
