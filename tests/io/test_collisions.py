"""Results that are one file on disks that do not tell `A` from `a`."""

import os
import sys
from pathlib import Path

import pytest

from imgan.errors import UsageError
from imgan.io import collisions
from imgan.io.collisions import Spelling
from imgan.io.collisions import check_outputs
from imgan.io.collisions import ignores_case
from imgan.io.paths import Job

MADE_OF_ONE = "caf\u00e9.png"
MADE_OF_TWO = "cafe\u0301.png"


@pytest.fixture(params=[True, False], ids=["ignores case", "tells case"])
def ignoring(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(collisions, "ignores_case", lambda folder: request.param)
    return bool(request.param)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `lstat` take names without regard to the case of ASCII letters."""
    tell = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        alike = {one.name.lower(): one for one in path.parent.iterdir()}
        return tell(alike.get(path.name.lower(), path))

    monkeypatch.setattr(Path, "lstat", lstat)


def refused(jobs: list[Job]) -> str:
    try:
        check_outputs(jobs)
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("one", "two"), [("IMG_1.png", "img_1.PNG"), (MADE_OF_ONE, MADE_OF_TWO)]
)
def test_two_spellings_of_one_output_are_refused(
    ignoring: bool, one: str, two: str, tmp_path: Path
) -> None:
    jobs = [Job(Path("a.jpg"), tmp_path / one), Job(Path("b.jpg"), tmp_path / two)]
    told = refused(jobs)
    assert ("a.jpg and b.jpg would both be written to" in told) == ignoring


def test_an_output_in_other_case_would_replace_its_input(
    ignoring: bool, tmp_path: Path
) -> None:
    told = refused([Job(tmp_path / "P.PNG", tmp_path / "p.png")])
    assert ("would replace the input" in told) == ignoring


def test_outputs_apart_are_not_refused(ignoring: bool, tmp_path: Path) -> None:
    jobs = [Job(Path(name), tmp_path / "out" / name) for name in ("a.png", "b.png")]
    assert not refused(jobs)


@pytest.mark.skipif(sys.platform != "linux", reason="of the usual disks of Linux")
def test_what_is_there_tells_whether_case_matters(tmp_path: Path) -> None:
    (tmp_path / "Stra\u00dfe.png").touch()
    assert not ignores_case(tmp_path)
    assert not ignores_case(tmp_path / "to" / "come")


@pytest.mark.parametrize("name", ["b.png", "Stra\u00dfe.png", "\u00c4 1.tif"])
def test_what_answers_to_its_name_in_other_case_tells_too(
    blind: None, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).touch()
    assert ignores_case(tmp_path)
    assert ignores_case(tmp_path / "to" / "come")
    assert Spelling().of(tmp_path / "X.PNG") == Spelling().of(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("system", "usual"), [("linux", False), ("darwin", True), ("win32", True)]
)
def test_where_nothing_tells_the_habit_of_the_system_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, usual: bool
) -> None:
    """A disk of names without letters, whose own name is another disk's."""
    (tmp_path / "2026").touch()
    monkeypatch.setattr(collisions, "_in_other_case", lambda name: name)
    monkeypatch.setattr(sys, "platform", system)
    assert ignores_case(tmp_path) == usual
