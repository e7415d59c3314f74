"""Which files of folders are taken: what `--pattern` and `--exclude` say."""

from collections.abc import Iterable
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from imgan.errors import DataError
from imgan.errors import UsageError


class Selection:
    """Patterns of the shell for the files of folders; case does not matter.

    A pattern with a slash is for the path below the input folder, and one without for
    the name alone. Files that are inputs themselves are taken in any case.

    Args:
        patterns: A file must match one of them; none: every file does.
        excludes: What matches one of them is left out.

    Raises:
        UsageError: If a pattern is empty.
    """

    def __init__(
        self, patterns: Sequence[str] = (), excludes: Sequence[str] = ()
    ) -> None:
        for option, given in (("--pattern", patterns), ("--exclude", excludes)):
            if not all(given):
                raise UsageError(f"{option} is empty; expected one such as '*_raw.png'")
        self._patterns = {pattern: False for pattern in patterns}
        self._excludes = tuple(excludes)

    def takes(self, relative: Path) -> bool:
        """Return whether a file is taken.

        Args:
            relative: Its path below the input folder.
        """
        matched = [one for one in self._patterns if _matches(relative, one)]
        self._patterns.update(dict.fromkeys(matched, True))
        if self._patterns and not matched:
            return False
        return not any(_matches(relative, one) for one in self._excludes)

    def check(self, inputs: Iterable[Path]) -> None:
        """Check, when all files were seen, that there were some for every pattern.

        Raises:
            DataError: Names a pattern that no file matched: it may be misspelt.
        """
        for pattern, matched in self._patterns.items():
            if not matched:
                where = ", ".join(map(str, inputs))
                raise DataError(
                    f"--pattern {pattern} matches no picture in {where}. Quote it, so "
                    "that the shell leaves it alone; --recursive looks into folders "
                    "inside"
                )


def _matches(relative: Path, pattern: str) -> bool:
    text = relative.as_posix() if "/" in pattern else relative.name
    return fnmatchcase(text.casefold(), pattern.casefold())
