"""Which format a result has, by the kind of its input: what `--format` takes."""

from pathlib import Path

from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.io.formats import WRITABLE_FORMATS
from imgan.io.formats import format_of
from imgan.io.formats import suffix_of

SAME = "same"
_OTHERS = "*"
_KINDS = sorted({str(format_of(f"a{suffix}")) for suffix in PICTURE_SUFFIXES})


class FormatRules:
    """Formats of results by those of inputs, as their suffixes name them.

    Args:
        text: One format for all, such as "png", or "same" for that of the input; or
            pairs such as "heic=jpg,tiff=png,*=same", where `*` is whatever is not
            named. Formats that are only read become PNG under "same".

    Raises:
        UsageError: Says which word is no format.
    """

    def __init__(self, text: str) -> None:
        self.single = None if "=" in text else _writable(text, text)
        """The one format of all results, if it is one."""
        self._of: dict[str, str] = {}
        if self.single is not None:
            self._of[_OTHERS] = self.single
            return
        for pair in text.split(","):
            kind, equals, wanted = (word.strip() for word in pair.partition("="))
            if not equals:
                raise UsageError(
                    f"--format takes one format, or pairs such as heic=jpg,*=same. "
                    f"Received: {pair.strip()!r} in {text!r}"
                )
            kind = kind if kind == _OTHERS else _kind(kind, text)
            if kind in self._of:
                raise UsageError(f"--format names {kind} twice. Received: {text!r}")
            self._of[kind] = _writable(wanted, text)

    def wanted(self, path: Path) -> str:
        """Return the format of the result of an input."""
        own = str(format_of(path))
        wanted = self._of.get(own) or self._of.get(_OTHERS, SAME)
        wanted = own if wanted == SAME else wanted
        return wanted if wanted in WRITABLE_FORMATS else "png"

    def asked(self, path: Path) -> str:
        """Return the format that is asked for an input; "same" where none is."""
        own = format_of(path) or ""
        return self._of.get(own) or self._of.get(_OTHERS, SAME)

    def renamed(self, relative: Path) -> Path:
        """Return the path of a result: with another suffix where the format differs."""
        wanted = self.wanted(relative)
        own = str(format_of(relative))
        return relative if wanted == own else relative.with_suffix(suffix_of(wanted))


def _kind(word: str, text: str) -> str:
    """Return the format that a word names: by its name, or by a suffix of its files."""
    found = format_of(f"a.{word}") if word else None
    if found is None:
        raise UsageError(
            f"--format must name kinds of inputs among {', '.join(_KINDS)} and *. "
            f"Received: {word!r} in {text!r}.{did_you_mean(word, _KINDS)}"
        )
    return found


def _writable(word: str, text: str) -> str:
    named = SAME if word == SAME else format_of(f"a.{word}") if word else None
    if named not in (SAME, *WRITABLE_FORMATS):
        where = "" if word == text else f" in {text!r}"
        raise UsageError(
            f"The output format must be one of same, {', '.join(WRITABLE_FORMATS)}. "
            f"Received: {word!r}{where}.{did_you_mean(word, WRITABLE_FORMATS)}"
        )
    return str(named)
