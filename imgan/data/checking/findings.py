"""What a check finds: kinds, files, and what to do about each kind."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

ADVICE = {
    "unreadable": "Replace or remove these files.",
    "values": "Set data.value_range to the values that mean 0 and 1; null is all that "
    "integers can be, and 0 to 1 of floats.",
    "missing": "Correct these lines, or remove them. Paths are relative to the "
    "manifest.",
    "unpaired": "Give both files of a pair the same name, or remove what has no "
    "partner.",
    "swapped": "Rename the low-resolution files as stated; they show each other's "
    "pictures.",
    "mismatched": "Find the true low-resolution pictures, or remove these pairs.",
    "wrong_size": "Make these files again at the expected size.",
    "misregistered": "Align these pairs, or remove them: a network learns the shift as "
    "blur.",
    "colors": "Give both sides the same colours and brightness: a network learns the "
    "difference as a tint.",
    "leak": "Remove these pictures from training or from validation: scores on them "
    "prove nothing.",
    "duplicate": "Remove the copies: they count twice in training.",
    "ambiguous": "Keep one target for each source: a network learns the mean of them.",
    "both_domains": "Remove these pictures from one domain: whatever is in both is not "
    "translated.",
    "near_empty": "Remove these pictures: there is nothing to learn from them.",
    "channels": "Convert these files, or set data.channels to what they are.",
    "depth": "Convert these files to the depth of the others.",
    "small": "Remove these pictures, or train with smaller patches.",
}
"""Every kind of finding, in the order of a report, with what to do."""

TRANSLATION_ADVICE = {
    "values": "Set value_range of data.source, data.target, data.a or data.b to the "
    "values that mean 0 and 1; null is all that integers can be, and 0 to 1 of floats.",
    "swapped": "Rename the files as stated; they belong to each other's pairs.",
    "mismatched": "Look at these pairs. Find the true partners, or remove them.",
    "wrong_size": "Make these files again. Pictures of a pair must be of one size, "
    "all frames too, and combined pictures must have two halves.",
    "channels": "Convert these files, or say in the recipe how many channels each side "
    "has.",
    "small": "Remove these pictures, train with a smaller data.image_size, or set "
    "data.load_size, which enlarges them.",
}
"""What to do where pictures are translated, if that differs."""

_PLACE = {kind: place for place, kind in enumerate(ADVICE)}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one picture.

    Attributes:
        kind: A key of `ADVICE`.
        files: The picture, then others that the finding is about.
        message: What is wrong, without the name of the picture itself.
    """

    kind: str
    files: tuple[Path, ...]
    message: str

    @property
    def sort_key(self) -> tuple[int, str]:
        """By kind, then by name."""
        return _PLACE[self.kind], str(self.files[0])


@dataclass(frozen=True)
class CheckResult:
    """All findings, sorted, and how many pictures each set has.

    Attributes:
        findings: By kind, then by name.
        checked: High-resolution pictures of each set, by its name.
        remarks: What is worth knowing and nothing wrong, a sentence each.
        special_advice: By kind, where there is better advice than usual.
    """

    findings: tuple[Finding, ...]
    checked: dict[str, int]
    remarks: tuple[str, ...] = ()
    special_advice: Mapping[str, str] = field(default_factory=dict)

    @property
    def advice(self) -> dict[str, str]:
        """What to do about each kind that was found."""
        return {
            kind: self.special_advice.get(kind, ADVICE[kind]) for kind in self.counts
        }

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each kind there are, without kinds of none."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in ADVICE if found[kind]}

    def to_json(self) -> dict[str, Any]:
        """Return what `imgan check --json` writes."""
        return {
            "findings": [
                {
                    "kind": finding.kind,
                    "files": [str(path) for path in finding.files],
                    "message": finding.message,
                }
                for finding in self.findings
            ],
            "counts": self.counts,
            "checked": self.checked,
            "advice": self.advice,
            "remarks": list(self.remarks),
        }


def make_result(
    findings: Iterable[Finding],
    checked: dict[str, int],
    remarks: Sequence[str] = (),
    advice: Mapping[str, str] | None = None,
) -> CheckResult:
    """Return findings sorted; a file of two sets is not reported twice."""
    once = dict.fromkeys(findings)
    ordered = tuple(sorted(once, key=lambda finding: finding.sort_key))
    return CheckResult(ordered, checked, tuple(remarks), advice or {})
