"""Looks at all pictures of a set for translation once, and keeps summaries."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import numpy as np

from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import Look
from imgan.data.checking.looks import look_at
from imgan.data.checking.looks import stretch
from imgan.data.checking.sketches import sketch
from imgan.data.checking.survey import in_threads
from imgan.data.checking.translation_sets import Item
from imgan.data.checking.translation_sets import SideRules
from imgan.data.checking.translation_sets import TranslationSet
from imgan.data.translation.records import PictureFile
from imgan.errors import DataError
from imgan.types import Array

_FEW_LEVELS = 32  # of grey: a picture with no brighter value is a map of labels


@dataclass(frozen=True)
class Seen:
    """What is remembered of one picture.

    Attributes:
        look: Its summary; `near_empty` is strict for maps of labels.
        cells: Its sketch.
        labels: Whether it seems to be a map of labels.
    """

    look: Look
    cells: Array
    labels: bool


@dataclass
class SeenItem:
    """Pictures that belong together by name; None where one is missing or unreadable.

    Attributes:
        item: Their files.
        sides: What is remembered of them.
        findings: Files that cannot be read, values that do not suit, and halves that
            are none.
    """

    item: Item
    sides: list[Seen | None] = field(default_factory=lambda: [None, None])
    findings: list[Finding] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The first file, by which findings name the item."""
        return next(picture.path for picture in self.item if picture is not None)

    @property
    def both(self) -> tuple[Seen, Seen] | None:
        """Both pictures, or None if one is missing."""
        a, b = self.sides
        return None if a is None or b is None else (a, b)


def survey_items(
    pictures: TranslationSet, advance: Callable[[int], None]
) -> list[SeenItem]:
    """Look at all pictures of a set.

    Args:
        pictures: The set.
        advance: Called with the number of pictures that a step looked at.
    """
    seen = []
    for item in in_threads(lambda item: _look(pictures, item), pictures.items):
        seen.append(item)
        advance(sum(picture is not None for picture in item.item))
    return seen


def _look(pictures: TranslationSet, item: Item) -> SeenItem:
    seen = SeenItem(item)
    pixels: Array | None = None
    for place, (picture, rules) in enumerate(zip(item, pictures.sides, strict=True)):
        halved = picture is not None and picture.half != "whole"
        # A combined picture that cannot be used is one finding, not two.
        if picture is None or (place and halved and seen.findings):
            continue
        try:
            if not halved or pixels is None or not pictures.reads_alike:
                pixels = rules.read(picture)
        except DataError as error:
            reason = str(error).removeprefix(f"{picture.path} ")
            seen.findings.append(Finding("unreadable", (picture.path,), reason))
            continue
        if halved and pixels.shape[1] % 2:
            height, width = pixels.shape[:2]
            message = f"is {width}x{height}: an odd width has no halves"
            seen.findings.append(Finding("wrong_size", (picture.path,), message))
            continue
        seen.sides[place] = _summarise(picture, _half(pixels, picture), rules, seen)
    return seen


def _half(pixels: Array, picture: PictureFile) -> Array:
    middle = pixels.shape[1] // 2
    if picture.half == "left":
        return np.ascontiguousarray(pixels[:, :middle])
    if picture.half == "right":
        return np.ascontiguousarray(pixels[:, middle:])
    return pixels


def _summarise(
    picture: PictureFile, pixels: Array, rules: SideRules, item: SeenItem
) -> Seen:
    fault = rules.judge(pixels)
    if fault is not None:
        item.findings.append(Finding("values", (picture.path,), fault))
        pixels = stretch(pixels)
    else:
        pixels = rules.convert(pixels)
    if pixels.dtype == np.uint16 and pixels.max() < 256:
        # Labels that are kept in more bits than they need.
        cells = sketch(pixels.astype(np.uint8))
    else:
        cells = sketch(pixels)
    few = pixels.dtype != np.float32 and int(pixels.max()) < _FEW_LEVELS
    labels = rules.labels or few
    empty = bool(pixels.max() == pixels.min()) if labels else None
    return Seen(look_at(picture.path, pixels, near_empty=empty), cells, labels)
