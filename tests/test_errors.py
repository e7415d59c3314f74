import inspect

import pytest

from imgan import errors
from imgan.errors import did_you_mean
from imgan.errors import first_line
from imgan.errors import shortened

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ImganError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_drawn_tree_is_the_real_one(kind: type[Exception]) -> None:
    """A class is drawn one step deeper than its base, below it."""
    lines = (errors.__doc__ or "").splitlines()
    drawn = {line.strip(" │├└─").split(" ")[0]: line for line in lines if line.strip()}
    line = drawn[kind.__name__]
    if kind is errors.ImganError:
        return
    (base,) = kind.__bases__
    depth = line.index(kind.__name__)
    above = lines[: lines.index(line)]
    parents = [other for other in above if _depth(other) == depth - 4]
    assert parents[-1].strip(" │├└─").split(" ")[0] == base.__name__


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" │├└─"))


def test_exit_codes() -> None:
    for kind in CLASSES:
        usage = issubclass(kind, errors.UsageError)
        assert kind.exit_code == (2 if usage else 1), kind


def test_missing_extra_says_how_to_install_it() -> None:
    error = errors.MissingExtraError("Reading HEIC", "heic")
    assert str(error) == 'Reading HEIC needs an extra: pip install "imgan[heic]"'


@pytest.mark.parametrize(
    ("word", "expected"),
    [("famly", " Did you mean 'family'?"), ("zzz", ""), ("", "")],
)
def test_did_you_mean(word: str, expected: str) -> None:
    assert did_you_mean(word, {"family": 1, "scale": 2}) == expected


def test_one_line_of_an_error() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == "x" * 197 + "..."
