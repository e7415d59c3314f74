"""What comes from a cluster as rows, events and figures."""

import os
from pathlib import Path
from typing import Any

import pytest

from imgan.errors import CheckpointError
from imgan.errors import ClusterError
from imgan.inference.cluster import follower as module
from imgan.inference.cluster.books import Advanced
from imgan.inference.cluster.books import Begun
from imgan.inference.cluster.books import Ended
from imgan.inference.cluster.follower import Follower
from imgan.inference.report import FileRow
from imgan.inference.stages import Event
from imgan.inference.stages import Finished
from imgan.inference.stages import Progressed
from imgan.inference.stages import Told
from imgan.io.temporaries import temporary_of
from imgan.types import Size

Made = tuple[Follower, list[FileRow], list[Event]]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Four pictures of which the first is not for the cluster."""
    monkeypatch.chdir(tmp_path)
    rows = [FileRow(Path(f"in/{n}.png"), Path(f"out/{n}.png")) for n in range(4)]
    events: list[Event] = []
    return Follower(rows, [1, 2, 3], events.append), rows, events


def outcome(number: int, status: str = "done", **more: Any) -> dict[str, Any]:
    row = FileRow(Path(os.path.abspath(f"in/{number}.png")), None)
    row.error = None if status == "done" else f"{row.input}: bad"
    row.warnings = [f"{row.input} was strange"]
    values = {**row.to_json(), "status": status, "precision": "float32", "seconds": 2.0}
    values |= {"input_size": [3, 4], "output_size": [6, 8]}
    made = {"worker": "w", "device": "cpu", "precision": "float32", "row": values}
    return {**made, **more}


def test_rows_and_events(made: Made) -> None:
    follower, rows, events = made
    follower.take(Begun(2, "there", 5, 0))
    follower.take(Advanced(2, 0.5))
    follower.take(Ended(2, outcome(2)))
    follower.take(Ended(3, outcome(3, "failed", worker="v")))
    assert events == [Progressed(rows[2], 0.5), Finished(rows[2]), Finished(rows[3])]
    assert (rows[2].status, rows[2].seconds) == ("done", 2.0)
    assert (rows[2].input_size, rows[2].output_size) == (Size(3, 4), Size(6, 8))
    assert rows[3].error == "in/3.png: bad", "with the path that was given"
    assert rows[3].warnings == ["in/3.png was strange"]
    assert (follower.device, follower.precision) == ("2 x cpu", "float32")


def test_what_is_said_twice_counts_once(made: Made) -> None:
    """Ray computes a lost answer again; the picture is done by then."""
    follower, rows, events = made
    follower.take(Ended(1, outcome(1)))
    follower.take(Begun(1, "there", 6, 1))
    follower.take(Advanced(1, 0.5))
    follower.take(Ended(1, outcome(1, "failed")))
    assert events == [Finished(rows[1])]
    assert rows[1].status == "done"


def test_mixed_machines_and_overlapping_work(made: Made) -> None:
    follower, _, events = made
    follower.take(Ended(1, outcome(1, computing=[10.0, 14.0], tiles="in tiles")))
    follower.take(Ended(2, outcome(2, computing=[12.0, 13.0], tiles="in tiles")))
    other = {"worker": "v", "device": "gpu", "precision": "bfloat16"}
    follower.take(Ended(3, outcome(3, computing=[20.0, 21.5], **other)))
    assert follower.device == "1 x cpu, 1 x gpu"
    assert follower.precision == "bfloat16, float32"
    assert follower.network_seconds == 5.5
    assert [event for event in events if isinstance(event, Told)] == [Told("in tiles")]


def test_a_death_is_told_and_cleaned_up_after(made: Made, tmp_path: Path) -> None:
    follower, _, events = made
    output = tmp_path / "out" / "1.png"
    output.parent.mkdir()
    dead, alive = temporary_of(output, 5, "there"), temporary_of(output, 5, "elsewhere")
    for path in (dead, alive, output):
        path.touch()
    follower.take(Begun(1, "there", 5, 0))
    follower.take(Begun(1, "here", 6, 1))
    assert events == [Told("in/1.png is made once more: its worker died")]
    assert follower.clean()
    assert set(output.parent.iterdir()) == {alive, output}
    assert not follower.clean()


def test_what_was_never_heard_of_has_failed(made: Made) -> None:
    follower, rows, events = made
    follower.take(Ended(2, outcome(2)))
    follower.close()
    assert [row.status for row in rows[1:]] == ["failed", "done", "failed"]
    assert "given up by the cluster" in str(rows[3].error)
    assert len(events) == 3


def test_what_stops_all_is_raised(made: Made) -> None:
    follower, _, _ = made
    with pytest.raises(CheckpointError, match="there: damaged"):
        follower.take(Ended(1, {"fatal": ["CheckpointError", "there: damaged"]}))
    with pytest.raises(ClusterError, match="there: no room"):
        follower.take(Ended(1, {"fatal": ["OSError", "there: no room"]}))


def test_pictures_that_no_machine_sees(made: Made) -> None:
    follower, rows, _ = made
    for number in (1, 2):
        follower.take(Ended(number, outcome(number, "failed", blind=True)))
        assert rows[number].status == "failed"
    with pytest.raises(ClusterError, match=r"No machine .* sees the pictures. in/3"):
        follower.take(Ended(3, outcome(3, "failed", blind=True)))


def test_pictures_that_one_machine_sees(made: Made) -> None:
    follower, rows, _ = made
    follower.take(Ended(1, outcome(1, "failed", blind=True)))
    follower.take(Ended(2, outcome(2)))
    follower.take(Ended(3, outcome(3, "failed", blind=True)))
    assert [row.status for row in rows[1:]] == ["failed", "done", "failed"]


def test_many_unseen_pictures_end_a_batch_early() -> None:
    rows = [FileRow(Path(f"{n}.png"), Path(f"{n}.tif")) for n in range(100)]
    follower = Follower(rows, range(100), lambda event: None)
    for number in range(module._BLIND - 1):
        follower.take(Ended(number, outcome(number, "failed", blind=True)))
    last = Ended(99, outcome(99, "failed", blind=True))
    with pytest.raises(ClusterError, match="No machine"):
        follower.take(last)


def test_a_long_wait_is_told_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    follower, _, events = made
    follower.wait()
    assert events == []
    monkeypatch.setattr(module, "_LONG", -1.0)
    follower.wait()
    follower.wait()
    (told,) = events
    assert isinstance(told, Told)
    assert "busy" in told.text
    follower.take(Begun(1, "there", 5, 0))
    follower.wait()
    assert len(events) == 1
