"""Findings about pictures that are there twice: in a set, in two sets, or domains."""

from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from imgan.data.checking.duplicates import find_duplicates
from imgan.data.checking.duplicates import find_leaks
from imgan.data.checking.duplicates import first_twins
from imgan.data.checking.duplicates import same_picture
from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import Look
from imgan.data.checking.translation_sets import TranslationSet
from imgan.data.checking.translation_survey import Seen
from imgan.data.checking.translation_survey import SeenItem
from imgan.data.pairs import file_name

_SAME_COLOURS = 4.0  # levels of 255, mean over cells


def find_repeats(
    sets: Sequence[TranslationSet], seen: Sequence[Sequence[SeenItem]], apart: set[int]
) -> Iterator[Finding]:
    """Report copies within sets, and pictures of training in others.

    Args:
        sets: Training first.
        seen: What was seen of each.
        apart: The `id` of items whose pictures do not belong together.
    """
    for place, (pictures, items) in enumerate(zip(sets, seen, strict=True)):
        leaks: list[Finding] = []
        if place:
            leaks = list(_leaks(sets[0], seen[0], items))
            yield from leaks
        leaked = {finding.files[0] for finding in leaks}
        rest = [item for item in items if item.path not in leaked]
        if pictures.film:
            continue
        if pictures.paired:
            yield from _repeated_pairs(pictures, rest, apart)
        else:
            for side in (0, 1):
                yield from find_duplicates(_looks(rest, side))
            yield from _both_domains(_looks(rest, 0), _looks(rest, 1))


def _leaks(
    train: TranslationSet, trained: Sequence[SeenItem], items: Sequence[SeenItem]
) -> Iterator[Finding]:
    """Report what is also trained on, each item once."""
    reported = set()
    for side in (0, 1):
        known = [item for item in trained if item.sides[side] is not None]
        mine = [item for item in items if item.sides[side] is not None]
        looks, others = _looks(mine, side), _looks(known, side)
        twins = first_twins(looks, others)
        for place, twin in twins.items():
            item, other = mine[place], known[twin]
            if id(item) in reported or not _tells(item, other, side, train.film):
                continue
            reported.add(id(item))
            yield next(find_leaks([others[twin]], [looks[place]]))


def _tells(item: SeenItem, other: SeenItem, side: int, film: bool) -> bool:
    """Return whether a picture of this side that is there twice is a leak.

    Simple maps and neighbouring frames are alike without being the same.
    """
    one, two = item.sides[side], other.sides[side]
    if one is None or two is None:
        return False
    exact = one.look.digest == two.look.digest
    if film:
        return exact
    partners = item.sides[1 - side], other.sides[1 - side]
    if partners[0] is None or partners[1] is None:
        return True
    if _alike(*partners):
        return True
    return not one.labels and (exact or one.look.channels >= 3) and _detailed(one)


def _detailed(seen: Seen) -> bool:
    """Return whether a picture has more colours than drawn maps have."""
    return len(np.unique(seen.look.colors)) > 100


def _repeated_pairs(
    pictures: TranslationSet, items: Sequence[SeenItem], apart: set[int]
) -> Iterator[Finding]:
    """Report pairs that are there twice, and sources that have two targets."""
    source = 1 if pictures.sides[0].is_target and not pictures.sides[1].is_target else 0
    whole = [item for item in items if item.both is not None]
    whole.sort(key=lambda item: str(item.path))
    looks = _looks(whole, source)
    for place, twin in first_twins(looks, looks, earlier_only=True).items():
        item, other = whole[place], whole[twin]
        targets = item.sides[1 - source], other.sides[1 - source]
        if targets[0] is None or targets[1] is None:
            continue
        exact = looks[place].digest == looks[twin].digest
        if _alike(targets[0], targets[1]):
            how = "equals" if exact else "shows the same as"
            message = f"{how} {looks[twin].path}, and so do their partners"
            yield Finding("duplicate", (item.path, other.path), message)
        elif exact and not {id(item), id(other)} & apart:
            message = (
                f"its source equals that of {file_name(looks[twin].path)}, but the "
                "targets differ"
            )
            yield Finding("ambiguous", (item.path, other.path), message)


def _both_domains(a: Sequence[Look], b: Sequence[Look]) -> Iterator[Finding]:
    """Report pictures of B that are in A too, in the same colours."""
    for place, twin in first_twins(b, a).items():
        one, other = b[place], a[twin]
        if one.colors.shape != other.colors.shape:
            continue
        difference = np.abs(one.colors.astype(np.float32) - other.colors)
        if difference.mean() < _SAME_COLOURS:
            message = f"is also in the other domain, as {file_name(other.path)}"
            yield Finding("both_domains", (one.path, other.path), message)


def _alike(one: Seen | None, other: Seen | None) -> bool:
    if one is None or other is None:
        return False
    return one.look.digest == other.look.digest or same_picture(one.look, other.look)


def _looks(items: Sequence[SeenItem], side: int) -> list[Look]:
    return [seen.look for item in items if (seen := item.sides[side]) is not None]
