from pathlib import Path

import pytest

from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.io.format_rules import FormatRules
from imgan.io.paths import plan_jobs
from imgan.io.selection import Selection


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "a_thumb.PNG", "b.jpg", "deep/c.png", "deep/d_thumb.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "in"


def names(folder, patterns=(), excludes=(), inputs=None):
    plan = plan_jobs(
        inputs or [folder],
        folder.parent / "out",
        recursive=True,
        selection=Selection(patterns, excludes),
    )
    return [job.input.name for job in plan.jobs], plan.excluded


@pytest.mark.parametrize(
    ("patterns", "excludes", "expected"),
    [
        ((), (), ["a.png", "a_thumb.PNG", "b.jpg", "c.png", "d_thumb.jpg"]),
        (("*.png",), (), ["a.png", "a_thumb.PNG", "c.png"]),
        (("*.jpg", "a.*"), (), ["a.png", "b.jpg", "d_thumb.jpg"]),
        ((), ("*_thumb.*",), ["a.png", "b.jpg", "c.png"]),
        (("*.png",), ("a*", "nothing"), ["c.png"]),
        (("deep/*",), (), ["c.png", "d_thumb.jpg"]),
        ((), ("DEEP/*",), ["a.png", "a_thumb.PNG", "b.jpg"]),
        (("[ab].???",), (), ["a.png", "b.jpg"]),
    ],
)
def test_patterns_take_and_leave_out(folder, patterns, excludes, expected):
    taken, excluded = names(folder, patterns, excludes)
    assert sorted(taken) == expected
    assert excluded == 5 - len(expected)


def test_a_file_that_is_named_is_taken_in_any_case(folder):
    inputs = [folder / "b.jpg", folder / "deep"]
    assert names(folder, ["*.png"], ["b*"], inputs) == (["b.jpg", "c.png"], 1)


def test_a_pattern_without_any_file_is_told(folder):
    with pytest.raises(DataError, match=r"--pattern \*.tiff matches no picture"):
        names(folder, ["*.png", "*.tiff"])


def test_nothing_left_is_told_with_its_reason(folder):
    with pytest.raises(DataError, match="5 pictures excluded"):
        names(folder, excludes=["*"])


def test_an_empty_pattern_is_a_slip():
    with pytest.raises(UsageError, match="--exclude is empty"):
        Selection((), [""])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("same", "a.png b.jpg c.png d.tiff e.bmp"),
        ("jpg", "a.jpg b.jpg c.jpg d.jpg e.jpg"),
        ("jpeg", "a.jpg b.jpg c.jpg d.jpg e.jpg"),
        ("heic=jpg", "a.png b.jpg c.jpg d.tiff e.bmp"),
        ("heic=jpg,tif=png,*=same", "a.png b.jpg c.jpg d.png e.bmp"),
        ("png = same, *=webp", "a.png b.webp c.webp d.webp e.webp"),
        ("*=avif", "a.avif b.avif c.avif d.avif e.avif"),
    ],
)
def test_formats_by_kind(text, expected):
    rules = FormatRules(text)
    inputs = ["a.png", "b.jpg", "c.heic", "d.tiff", "e.bmp"]
    assert " ".join(str(rules.renamed(Path(one))) for one in inputs) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gif", "Received: 'gif'"),
        ("heic=gif", "Received: 'gif' in 'heic=gif'"),
        ("heci=png", "Did you mean 'heic'"),
        ("tiff=pgn", "Did you mean 'png'"),
        ("heic=jpg,png", "pairs such as"),
        ("tif=png,tiff=jpg", "names tiff twice"),
        ("=png", "kinds of inputs"),
        ("", "Received: ''"),
    ],
)
def test_formats_that_are_none(text, expected):
    with pytest.raises(UsageError, match=expected):
        FormatRules(text)


def test_a_file_by_name_may_not_contradict(folder):
    out = folder.parent / "b.webp"
    options = {"recursive": False}
    assert plan_jobs([folder / "b.jpg"], out, image_format="jpg=webp", **options)
    with pytest.raises(UsageError, match="contradicts --format png"):
        plan_jobs([folder / "b.jpg"], out, image_format="*=png", **options)
