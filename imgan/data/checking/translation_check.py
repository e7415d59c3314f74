"""The whole check of data for translation: pairs, pictures, and what sets share."""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence

from imgan.data.checking.findings import TRANSLATION_ADVICE
from imgan.data.checking.findings import CheckResult
from imgan.data.checking.findings import Finding
from imgan.data.checking.findings import make_result
from imgan.data.checking.picture_sets import Advance
from imgan.data.checking.repeats import find_repeats
from imgan.data.checking.side_check import check_side
from imgan.data.checking.side_check import side_remarks
from imgan.data.checking.strangers import find_strangers
from imgan.data.checking.translation_sets import TranslationSet
from imgan.data.checking.translation_survey import SeenItem
from imgan.data.checking.translation_survey import survey_items
from imgan.data.pairs import file_name


def check_translation(
    sets: Sequence[TranslationSet], progress: Advance | None = None
) -> CheckResult:
    """Look at every picture of some sets once, and report what is wrong.

    Args:
        sets: One, or those to train on and to validate with, in this order.
        progress: Called after each step.
    """
    total = sum(pictures.files for pictures in sets)
    done = 0

    def advance(files: int) -> None:
        nonlocal done
        done += files
        if progress is not None:
            progress(done, total)

    seen = [survey_items(pictures, advance) for pictures in sets]
    findings = [finding for pictures in sets for finding in pictures.findings]
    findings += [fault for items in seen for item in items for fault in item.findings]
    paired = [
        item
        for pictures, items in zip(sets, seen, strict=True)
        if pictures.paired
        for item in items
    ]
    apart, remarks = find_strangers(paired, _names(sets))
    findings += apart.values()
    named = {path for finding in apart.values() for path in finding.files}
    for pictures, items in zip(sets, seen, strict=True):
        if pictures.paired:
            findings += _alone(pictures, items, {str(path) for path in named})
        findings += _sizes(pictures, items, apart)
        for side in (0, 1):
            findings += check_side(pictures, items, side)
            remarks += side_remarks(pictures, items, side)
    findings += find_repeats(sets, seen, set(apart))
    checked = {
        pictures.name: len(pictures.items) for pictures in sets if pictures.items
    }
    return make_result(findings, checked, remarks, TRANSLATION_ADVICE)


def _names(sets: Sequence[TranslationSet]) -> tuple[str, str]:
    a, b = sets[0].sides
    return a.name, b.name


def _alone(
    pictures: TranslationSet, items: Sequence[SeenItem], named: set[str]
) -> Iterator[Finding]:
    """Report pictures that no other one has the name of, and nobody claimed."""
    for item in items:
        missing = [place for place in (0, 1) if item.item[place] is None]
        if missing and str(item.path) not in named:
            message = f"no picture of {pictures.sides[missing[0]].name} has this name"
            yield Finding("unpaired", (item.path,), message)


def _sizes(
    pictures: TranslationSet, items: Sequence[SeenItem], apart: dict[int, Finding]
) -> Iterator[Finding]:
    """Report pairs of two sizes, frames of others, and what is too small."""
    sizes = Counter(side.look.size for item in items for side in item.sides if side)
    usual = max(sizes, key=sizes.__getitem__, default=None)
    for item in items:
        present = [side.look for side in item.sides if side is not None]
        if not present:
            continue
        both = item.both
        first = present[0]
        if pictures.film and first.size != usual:
            message = f"is {first.size}, most other frames {usual}"
            yield Finding("wrong_size", (first.path,), message)
        elif both and both[0].look.size != both[1].look.size and id(item) not in apart:
            other = both[1].look
            message = f"is {first.size}, but {file_name(other.path)} is {other.size}"
            yield Finding("wrong_size", (first.path, other.path), message)
        elif any(min(look.size) < pictures.smallest for look in present):
            small = min(present, key=lambda look: min(look.size))
            message = (
                f"is {small.size}; expected at least {pictures.smallest} pixels on "
                "each side, by data.image_size, as data.load_size is null"
            )
            yield Finding("small", (small.path,), message)
