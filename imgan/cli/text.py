"""Plain text for stdout: aligned rows, and numbers as people write them."""

import sys
from collections.abc import Sequence


def write(text: str) -> None:
    """Write one result on stdout, with a line end.

    What its encoding lacks, as in names of files that are no text, becomes escapes.
    """
    try:
        sys.stdout.write(text + "\n")
    except UnicodeEncodeError:
        # An error names all tables of 256 characters alike, so the stream is asked.
        encoding = sys.stdout.encoding
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        sys.stdout.write(shown + "\n")


def aligned(rows: Sequence[tuple[str, str]]) -> str:
    """Return `name  value` lines with the values under one another.

    Rows without a value are left out; further lines of a value are indented.
    """
    full = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in full), default=0)
    indent = "\n" + " " * (width + 2)
    return "\n".join(
        f"{name:{width}}  {indent.join(value.splitlines())}" for name, value in full
    )


def significant(value: float) -> str:
    """Return a positive number with three digits that matter, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 10 else f"{value:.3g}"
