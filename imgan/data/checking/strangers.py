"""Findings about pairs whose pictures do not belong together."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from imgan.data.checking.correspondence import LEAST_PAIRS
from imgan.data.checking.correspondence import Correspondence
from imgan.data.checking.correspondence import find_correspondence
from imgan.data.checking.findings import Finding
from imgan.data.checking.names import near_names
from imgan.data.checking.translation_survey import SeenItem
from imgan.data.pairs import file_name
from imgan.types import Array


def find_strangers(
    items: Sequence[SeenItem], names: tuple[str, str]
) -> tuple[dict[int, Finding], list[str]]:
    """Compare every picture of A with every one of B, though they look different.

    Args:
        items: Of all sets, as far as they are pairs.
        names: Of the two sides.

    Returns:
        Findings by the `id` of the item whose A they are about; and remarks.
    """
    firsts, seconds = (_usable(items, side) for side in (0, 1))
    column = {id(item): place for place, item in enumerate(seconds)}
    own = [column.get(id(item)) for item in firsts]
    result = find_correspondence(_cells(firsts, 0), _cells(seconds, 1), own)
    found: dict[int, Finding] = {}
    for a, b in result.links.items():
        found[id(firsts[a])] = _linked(firsts[a], seconds[b], names)
    for a in result.strangers:
        found[id(firsts[a])] = _stranger(firsts[a], names)
    found |= _by_names(items, found)
    pairs = sum(partner is not None for partner in own)
    return found, _remarks(result, pairs, len(items))


def _usable(items: Sequence[SeenItem], side: int) -> list[SeenItem]:
    """Return items with pictures that show something, in as many bands as most."""
    shown = [
        (item, seen.cells.shape[2])
        for item in items
        if (seen := item.sides[side]) is not None and not seen.look.near_empty
    ]
    usual = Counter(bands for _, bands in shown).most_common(1)
    return [item for item, bands in shown if bands == usual[0][0]]


def _cells(items: Sequence[SeenItem], side: int) -> list[Array]:
    return [seen.cells for item in items if (seen := item.sides[side]) is not None]


def _linked(item: SeenItem, other: SeenItem, names: tuple[str, str]) -> Finding:
    """Report a picture of A whose partner has another name."""
    a, wrong, right = item.item[0], item.item[1], other.item[1]
    if a is None or right is None:
        raise ValueError("items must have what is linked")
    if wrong is None:
        return _renamed(a.path, right.path, names)
    if right.half != "whole":
        message = (
            f"its {right.half} half belongs to another picture; the {right.half} half "
            f"of {file_name(right.path)} belongs here"
        )
        return Finding("swapped", (a.path, right.path), message)
    message = (
        f"{file_name(wrong.path)} belongs to another picture; the {names[1]} of this "
        f"one is {file_name(right.path)}"
    )
    return Finding("swapped", (a.path, wrong.path, right.path), message)


def _renamed(path: Path, partner: Path, names: tuple[str, str]) -> Finding:
    message = (
        f"its {names[1]} is named {file_name(partner)}; rename that to "
        f"{path.stem}{partner.suffix}"
    )
    return Finding("unpaired", (path, partner), message)


def _stranger(item: SeenItem, names: tuple[str, str]) -> Finding:
    a, b = item.item
    if a is None or b is None:
        raise ValueError("only pairs have strangers")
    if b.half != "whole":
        message = "its halves do not belong together, and no other half fits better"
        return Finding("mismatched", (a.path,), message)
    message = (
        f"{file_name(b.path)} does not belong to it, and no other {names[1]} certainly "
        "does"
    )
    return Finding("mismatched", (a.path, b.path), message)


def _by_names(
    items: Sequence[SeenItem], found: dict[int, Finding]
) -> dict[int, Finding]:
    """Pair what is left alone by nearly equal names."""
    taken = {path for finding in found.values() for path in finding.files}
    lefts, rights = (
        {
            picture.path: item
            for item in items
            if (picture := item.item[side]) is not None
            and item.item[1 - side] is None
            and picture.path not in taken
        }
        for side in (0, 1)
    )
    return {
        id(lefts[a]): Finding(
            "unpaired",
            (a, b),
            f"its partner may be {file_name(b)}; if so, rename that to "
            f"{a.stem}{b.suffix}",
        )
        for a, b in _near(list(lefts), list(rights))
    }


def _near(lefts: Sequence[Path], rights: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Pair files of which one's name is the beginning of the other's, or nearly so."""
    numbers: dict[str, list[Path]] = {}
    for path in rights:
        numbers.setdefault(_digits(path), []).append(path)
    begun = []
    for left in lefts:
        rest = [
            right
            for right in numbers.get(_digits(left), ())
            if left.stem.startswith(right.stem) or right.stem.startswith(left.stem)
        ]
        if len(rest) == 1:
            begun.append((left, rest[0]))
    once = Counter(right for _, right in begun)
    begun = [pair for pair in begun if once[pair[1]] == 1]
    taken = {path for pair in begun for path in pair}
    near = near_names(
        [path for path in lefts if path not in taken],
        [path for path in rights if path not in taken],
    )
    return begun + [(a, b) for a, b in near if _digits(a) == _digits(b)]


def _digits(path: Path) -> str:
    """Return the numbers of a name: `p07` and `p08` are two pictures."""
    return "".join(letter for letter in path.stem if letter.isdigit()).lstrip("0")


def _remarks(result: Correspondence, pairs: int, items: int) -> list[str]:
    if not items:
        return []
    if result.separation is None:
        return [
            f"whether pictures of one name belong together was not looked at: that "
            f"takes {LEAST_PAIRS} pairs, and there are {pairs}"
        ]
    if result.telling:
        return []
    return [
        f"the two sides of {pairs} pairs say too little about each other to tell "
        "whether pictures of one name belong together. If they should, look at the "
        "contact sheet: all of them may be mispaired"
    ]
