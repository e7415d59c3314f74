"""Parts of a clip on disk: whole, or not there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgan.errors import OutputError
from imgan.io.video.segments import Record
from imgan.io.video.segments import WorkFolder
from imgan.io.video.segments import other_work_folders
from imgan.io.video.segments import read_part
from imgan.io.video.segments import work_folder

RECORDS = [
    Record(0, 2, True, b"first"),
    Record(7, 1, False, b""),
    Record(3, 4, False, b"x"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[WorkFolder]:
    opened = WorkFolder(tmp_path / ".work", tmp_path / "out.mp4")
    yield opened
    opened.close()


def write(folder: WorkFolder, index: int) -> None:
    with folder.writer(index) as part:
        for record in RECORDS:
            part.add(record)


def test_records_come_back(folder: WorkFolder) -> None:
    write(folder, 0)
    assert list(read_part(folder.part(0))) == RECORDS
    times = [(one.pts, one.duration, one.key) for one in RECORDS]
    heads = list(read_part(folder.part(0), data=False))
    assert [(one.pts, one.duration, one.key) for one in heads] == times
    assert {one.data for one in heads} == {b""}


def test_only_whole_parts_without_a_gap_count(folder: WorkFolder) -> None:
    for index in (0, 1, 3):
        write(folder, index)
    assert folder.whole() == 2
    whole = folder.part(1).read_bytes()
    folder.part(1).write_bytes(whole[:-1])
    assert folder.whole() == 1


def test_a_part_that_fails_leaves_nothing(folder: WorkFolder) -> None:
    def fail() -> None:
        with folder.writer(0) as part:
            part.add(RECORDS[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert folder.whole() == 0
    assert [path.name for path in folder.path.iterdir()] == ["lock"]


def test_what_a_killed_process_left_is_removed(folder: WorkFolder) -> None:
    write(folder, 0)
    (folder.path / "000001.unfinished").touch()
    folder.close()
    WorkFolder(folder.path, folder.output).close()
    names = sorted(path.name for path in folder.path.iterdir())
    assert names == ["000000.part", "lock"]


def test_a_folder_without_a_part_is_not_kept(folder: WorkFolder) -> None:
    folder.close()
    assert not folder.path.exists()


@pytest.mark.skipif(os.name == "nt", reason="locks")
def test_one_process_at_a_time(folder: WorkFolder) -> None:
    with pytest.raises(OutputError, match="Another process is making"):
        WorkFolder(folder.path, folder.output)
    folder.close()
    WorkFolder(folder.path, folder.output).discard()
    assert not folder.path.exists()


def test_other_settings_have_another_folder(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    one, two = (work_folder(output, {"crf": crf}) for crf in (18, 20))
    assert one == work_folder(output, {"crf": 18})
    assert one != two
    assert one.name.startswith(".out.mp4.")
    two.mkdir()
    work_folder(tmp_path / "other.mp4", {}).mkdir()
    assert other_work_folders(one, output) == [two]


def test_a_long_name_still_fits(tmp_path: Path) -> None:
    output = tmp_path / ("ä" * 120 + ".mp4")
    WorkFolder(work_folder(output, {}), output).discard()
