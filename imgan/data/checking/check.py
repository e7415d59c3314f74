"""The whole check: every set, then what sets have in common."""

from collections.abc import Sequence
from pathlib import Path

from imgan.data.checking.colors_check import check_colors
from imgan.data.checking.duplicates import find_duplicates
from imgan.data.checking.duplicates import find_leaks
from imgan.data.checking.findings import CheckResult
from imgan.data.checking.findings import Finding
from imgan.data.checking.findings import make_result
from imgan.data.checking.looks import Look
from imgan.data.checking.pairs_check import check_pairs
from imgan.data.checking.pairs_check import explain_pairs
from imgan.data.checking.picture_sets import Advance
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.pictures_check import check_pictures
from imgan.data.checking.pictures_check import find_remarks
from imgan.data.checking.survey import survey


def check_sets(
    sets: Sequence[PictureSet], progress: Advance | None = None
) -> CheckResult:
    """Look at every file of some sets once, and report what is wrong.

    A picture has one finding for one cause: what follows from another finding is left
    out.

    Args:
        sets: One, or those to train on and to validate with, in this order.
        progress: Called after each step.
    """
    total = sum(len(one.hr) + len(one.lr or ()) for one in sets)
    done = 0

    def advance(files: int) -> None:
        nonlocal done
        done += files
        if progress is not None:
            progress(done, total)

    findings: list[Finding] = []
    looks: list[list[Look]] = []
    remarks: list[str] = []
    advice: dict[str, str] = {}
    for pictures in sets:
        pairs = survey(pictures, advance)
        faulty = {}
        if pictures.lr is not None:
            faulty = check_pairs(pairs, pictures.scale)
            findings += faulty.values()
            findings += check_colors(pictures, pairs, faulty)
            if common := explain_pairs(pairs, pictures.scale):
                advice["wrong_size"] = common
        else:
            findings += (fault for pair in pairs for fault in pair.unreadable)
        findings += (fault for pair in pairs for fault in pair.values)
        findings += check_pictures(pictures, pairs, faulty)
        remarks += find_remarks(pictures, pairs)
        looks.append(
            sorted(
                (pair.hr for pair in pairs if pair.hr), key=lambda look: str(look.path)
            )
        )
    if not looks:
        return make_result(findings, {})
    train, *others = looks
    findings += find_duplicates(train)
    for part, pictures in zip(others, sets[1:], strict=True):
        if _files(pictures) == _files(sets[0]):
            findings.append(_same_files(pictures, sets[0]))
            continue
        leaks = list(find_leaks(train, part))
        leaked = {leak.files[0] for leak in leaks}
        findings += leaks
        findings += find_duplicates([look for look in part if look.path not in leaked])
    checked = {one.name: len(one.hr) for one in sets}
    return make_result(findings, checked, remarks, advice)


def _files(pictures: PictureSet) -> set[Path]:
    return {path.resolve() for path in pictures.hr}


def _same_files(validation: PictureSet, train: PictureSet) -> Finding:
    folders = (validation.hr[0].parent, train.hr[0].parent)
    message = (
        f"{validation.name} is the same folder as {train.name}: all of its "
        f"{len(validation.hr)} pictures are trained on"
    )
    return Finding("leak", folders, message)
