"""Findings about the pictures of one side: channels, depth, and empty ones."""

from collections.abc import Iterator
from collections.abc import Sequence

from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import COLOURS
from imgan.data.checking.looks import Look
from imgan.data.checking.looks import colour_name
from imgan.data.checking.looks import usual
from imgan.data.checking.translation_sets import TranslationSet
from imgan.data.checking.translation_survey import SeenItem


def check_side(
    pictures: TranslationSet, items: Sequence[SeenItem], side: int
) -> Iterator[Finding]:
    """Judge the pictures of a side by themselves and against the others of it.

    Args:
        pictures: The set.
        items: What was seen of it.
        side: 0: A. 1: B.
    """
    rules = pictures.sides[side]
    looks = _looks(items, side)
    expected = rules.channels or usual(look.channels for look in looks)
    why = f"as {rules.section}.channels says" if rules.channels else "as most others"
    bits = usual(look.bits for look in looks)
    for item in items:
        seen = item.sides[side]
        if seen is None:
            continue
        look = seen.look
        half = _half(item, side)
        if look.near_empty and (rules.is_target or not pictures.paired):
            message = f"{half or 'is'} practically of one colour"
            yield Finding("near_empty", (look.path,), message)
        if look.channels != expected and not (
            rules.converts and {look.channels, expected} <= set(COLOURS)
        ):
            kind, wanted = colour_name(look.channels), colour_name(expected)
            message = f"is {kind}; expected {wanted}, {why}"
            yield Finding("channels", (look.path,), message)
        if look.bits != bits:
            message = f"has {look.bits} bits per value, most others of {rules.name} "
            yield Finding("depth", (look.path,), f"{message}{bits}")


def side_remarks(
    pictures: TranslationSet, items: Sequence[SeenItem], side: int
) -> Iterator[str]:
    """Say what training converts by itself."""
    rules = pictures.sides[side]
    looks = _looks(items, side)
    expected = rules.channels or usual(look.channels for look in looks)
    others = sum(look.channels != expected for look in looks)
    both_ways = {look.channels for look in looks} | {expected} <= set(COLOURS)
    # Halves of one file always have the channels of the file.
    halves = any(
        p is not None and p.half != "whole" for item in items for p in item.item
    )
    if not others or not both_ways or not rules.converts or halves:
        return
    how = "grey becomes three equal channels" if expected == 3 else "RGB becomes luma"
    yield (
        f"{others} of {len(looks)} pictures of {rules.name} "
        f"({pictures.name}) {'is' if others == 1 else 'are'} "
        f"{'grey' if expected == 3 else 'RGB'}, which training converts: {how}"
    )


def _looks(items: Sequence[SeenItem], side: int) -> list[Look]:
    return [seen.look for item in items if (seen := item.sides[side]) is not None]


def _half(item: SeenItem, side: int) -> str:
    picture = item.item[side]
    if picture is None or picture.half == "whole":
        return ""
    return f"its {picture.half} half is"
