"""Findings about pairs: what belongs to what, and how well it fits."""

from pathlib import Path

from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import Look
from imgan.data.checking.matching import find_partners
from imgan.data.checking.survey import Pair
from imgan.data.pairs import explain_sizes
from imgan.data.pairs import file_name
from imgan.data.pairs import reduced_size


def check_pairs(pairs: list[Pair], scale: int) -> dict[int, Finding]:
    """Judge the pairs of a set that has low-resolution files.

    Args:
        pairs: As `survey` returns them.
        scale: Ratio of high to low resolution.

    Returns:
        At most one finding for each place in `pairs`; a low-resolution file that
        another finding names has none.
    """
    partners = find_partners(pairs)
    named = {id(pair) for pair in partners.values() if pair.hr_path is None}
    found = {}
    for place, pair in enumerate(pairs):
        if id(pair) in named:
            continue
        finding = _judge(pair, partners.get(place), scale)
        if finding is not None:
            found[place] = finding
    return found


def explain_pairs(pairs: list[Pair], scale: int) -> str | None:
    """Return what to do where all pairs have one other ratio than `scale`, or None."""
    sizes = [(pair.hr.size, pair.lr.size) for pair in pairs if pair.hr and pair.lr]
    common = explain_sizes(sizes, scale)
    return None if common is None else f"{common[0].upper()}{common[1:]}."


def _judge(pair: Pair, partner: Pair | None, scale: int) -> Finding | None:
    if pair.unreadable:
        return pair.unreadable[0]
    better = partner.lr_path if partner is not None else None
    if pair.hr_path is None or pair.lr_path is None:
        return _unpaired(pair, better)
    if better is not None:
        return Finding(
            "swapped",
            (pair.hr_path, pair.lr_path, better),
            f"{file_name(pair.lr_path)} shows something else; the low resolution of "
            f"this picture is {file_name(better)}",
        )
    if pair.hr is None or pair.lr is None:
        return None
    return _judge_twins(pair, pair.hr, pair.lr, scale)


def _judge_twins(pair: Pair, hr: Look, lr: Look, scale: int) -> Finding | None:
    files, name, comparison = (hr.path, lr.path), file_name(lr.path), pair.comparison
    different = comparison is not None and comparison.different
    expected = reduced_size(hr.size, scale)
    if lr.size != expected:
        message = f"{name} must be 1/{scale} of {hr.size}, {expected}. " + (
            f"Received: {lr.size}" + ("; it also shows something else" * different)
        )
        return Finding("wrong_size", files, message)
    if different:
        message = f"{name} shows something else, and no other file shows this picture"
        return Finding("mismatched", files, message)
    if comparison is not None and comparison.shift is not None:
        shift = comparison.shift
        message = (
            f"{name} is shifted by {shift.length:.1f} high-resolution pixels against "
            f"{file_name(hr.path)}: {_direction(shift.x, 'right', 'left')}, "
            f"{_direction(shift.y, 'down', 'up')}"
        )
        return Finding("misregistered", files, message)
    return None


def _unpaired(pair: Pair, better: Path | None) -> Finding | None:
    if pair.hr_path is None:
        files = () if pair.lr_path is None else (pair.lr_path,)
        return Finding("unpaired", files, "no high-resolution picture has this name")
    if better is None:
        message = "no low-resolution picture has this name, and none shows the same"
        return Finding("unpaired", (pair.hr_path,), message)
    return Finding(
        "unpaired",
        (pair.hr_path, better),
        f"its low resolution is named {file_name(better)}; rename that to "
        f"{pair.hr_path.stem}{better.suffix}",
    )


def _direction(value: float, ahead: str, back: str) -> str:
    return f"{abs(value):.1f} {ahead if value >= 0 else back}"
