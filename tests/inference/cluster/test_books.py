"""What the books of a job know when a worker has died."""

import threading
import time
from pathlib import Path

import pytest

from imgan.inference.cluster.books import Advanced
from imgan.inference.cluster.books import Attempt
from imgan.inference.cluster.books import Begun
from imgan.inference.cluster.books import Books
from imgan.inference.cluster.books import Earlier
from imgan.inference.cluster.books import Ended
from imgan.inference.cluster.books import FileState
from imgan.inference.cluster.books import state_of

SECOND = 1_000_000_000
OLD = FileState(inode=1, size=10, changed=100 * SECOND)
ROW = {"status": "failed"}


def attempt(alone: bool = False, output: FileState | None = None) -> Attempt:
    return Attempt("here", 7, output, alone)


def test_a_picture_that_was_begun_before_is_begun_alone() -> None:
    books = Books()
    assert books.begin(3, attempt(output=OLD)) == Earlier()
    earlier = books.begin(3, attempt())
    assert earlier == Earlier(1, "here", OLD)
    assert books.begin(3, attempt()) == earlier, "nothing was begun yet"
    assert books.begin(3, attempt(alone=True)) == earlier
    books.computed(3, ROW)
    assert books.begin(3, attempt(alone=True)) == Earlier(2, "here", OLD, ROW)
    assert books.begin(4, attempt()) == Earlier()
    assert books.read_on(0) == [
        Begun(3, "here", 7, 0),
        Begun(3, "here", 7, 1),
        Begun(3, "here", 7, 2),
        Begun(4, "here", 7, 0),
    ]


def test_notes_are_read_once_and_waited_for() -> None:
    books = Books()
    books.advance(0, 0.5)
    books.end(0, {"row": {}})
    assert books.read_on(9.0) == [Advanced(0, 0.5), Ended(0, {"row": {}})]
    started = time.monotonic()
    assert books.read_on(0.05) == []
    assert time.monotonic() - started >= 0.05
    timer = threading.Timer(0.05, books.advance, (1, 1.0))
    timer.start()
    assert books.read_on(9.0) == [Advanced(1, 1.0)]
    timer.join()


def test_only_loads_without_an_end_are_counted() -> None:
    books = Books()
    assert [books.load("a"), books.load("a"), books.load("b")] == [0, 1, 0]
    books.loaded("a")
    assert [books.load("a"), books.load("b")] == [0, 1]


LATER = OLD._replace(changed=OLD.changed + 5 * SECOND)


@pytest.mark.parametrize(
    ("before", "now", "machine", "written"),
    [
        (None, OLD, "here", True),
        (None, OLD, "there", True),
        (None, None, "here", False),
        (OLD, OLD, "here", False),
        (OLD, OLD._replace(inode=2), "here", True),
        (OLD, OLD._replace(changed=OLD.changed + 1), "here", True),
        # Other machines may number files and round times in other ways.
        (OLD, OLD._replace(inode=2), "there", False),
        (OLD, OLD._replace(changed=OLD.changed + SECOND), "there", False),
        (OLD, LATER, "there", True),
    ],
)
def test_whether_the_dead_worker_has_written(
    before: FileState | None, now: FileState | None, machine: str, written: bool
) -> None:
    earlier = Earlier(1, "here", before, ROW)
    assert earlier.was_written(machine, now) is written
    # Who has not computed cannot have written.
    assert not earlier._replace(row=None).was_written(machine, now)


def test_a_replaced_file_has_another_state(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert state_of(path) is None
    path.write_bytes(b"same")
    before = state_of(path)
    assert state_of(path) == before
    other = tmp_path / "b.png"
    other.write_bytes(b"same")
    other.replace(path)
    assert state_of(path) != before
