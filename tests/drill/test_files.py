"""Disks that are full or closed, and files that vanish or change meanwhile."""

import os
import subprocess
import sys

import pytest

from imgan.cli.main import main
from imgan.inference.batch import run_batch
from imgan.inference.work import BatchOptions
from imgan.inference.work import Worker
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from imgan.types import Size

from .processes import POSIX
from .processes import contents
from .processes import finish
from .processes import noise
from .processes import save_noise
from .processes import start
from .processes import start_limited

BICUBIC = ["--model", "bicubic", "--scale", "4"]


@pytest.fixture
def folder(tmp_path):
    """Three small pictures, and one whose result is large."""
    save_noise(tmp_path, 3)
    write_image(Picture(noise(500, 600)), tmp_path / "in" / "large.png")
    return tmp_path / "in"


@pytest.fixture
def mounted(tmp_path):
    """Return a function that mounts an empty file system for the test."""
    places = []

    def mount(name, options):
        place = tmp_path / name
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError as error:
            pytest.skip(f"nothing can be mounted: {error}")
        if done.returncode:
            pytest.skip("nothing can be mounted here, which takes root")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


def assert_all_but_large(out, told, reason):
    lines = [line for line in told.splitlines() if not line.startswith("[")]
    assert len(lines) == 1
    assert "large.png" in lines[0]
    assert reason in lines[0]
    assert sorted(contents(out)) == ["0.png", "1.png", "2.png"]
    assert read_image(out / "2.png").size == (240, 328)


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("tile", [0, 16])
def test_a_full_disk_fails_what_does_not_fit(folder, mounted, tile):
    out = mounted("full", "size=3m")
    process = start(folder, out, *BICUBIC, "--tile", tile)
    _, told = finish(process, 1)
    assert_all_but_large(out, told, "No space left on device")


@POSIX
def test_files_of_limited_size(folder, tmp_path):
    out = tmp_path / "out"
    _, told = finish(start_limited("RLIMIT_FSIZE", 1 << 20, folder, out, *BICUBIC), 1)
    assert_all_but_large(out, told, "File too large")


@POSIX
def test_a_full_disk_while_rows_are_made(tmp_path, mounted):
    """The encoder fails between two rows of tiles: nobody waits for it any longer."""
    write_image(Picture(noise(900, 1200)), tmp_path / "in" / "large.png")
    out = mounted("full", "size=20m")
    words = ["--model", "bicubic", "--scale", "10", "--tile", "64"]
    _, told = finish(start(tmp_path / "in", out, *words), 1)
    assert "No space left on device" in told
    assert list(out.iterdir()) == []


@POSIX
def test_an_output_that_cannot_be_written(folder, tmp_path, mounted, capsys):
    if os.geteuid() == 0:
        out = mounted("closed", "ro")
    else:
        out = tmp_path / "closed"
        out.mkdir(mode=0o555)
    assert main(["upscale", str(folder), str(out), *BICUBIC, "--quiet"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert all(f"Cannot write {out}" in line for line in lines)
    assert list(out.iterdir()) == []


def batch(folder, out, monkeypatch, name, disturb):
    """Run a batch in which one input is disturbed after its header was looked at."""
    read = Worker.read

    def disturbed(worker, item):
        if item.row.input.name == name:
            disturb(item.row.input)
        read(worker, item)

    monkeypatch.setattr(Worker, "read", disturbed)
    plan = plan_jobs([folder], out, recursive=False)
    return {
        row.input.name: row
        for row in run_batch(plan, BatchOptions(model="bicubic", scale=2)).files
    }


def test_inputs_that_vanish_after_they_were_listed(folder, tmp_path):
    plan = plan_jobs([folder], tmp_path / "out", recursive=False)
    (folder / "1.png").unlink()
    rows = run_batch(plan, BatchOptions(model="bicubic", scale=2)).files
    assert [row.status for row in rows] == ["done", "failed", "done", "done"]
    assert "Cannot open" in rows[1].error


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.unlink(), "Cannot open"),
        (lambda path: os.truncate(path, 500), "truncated"),
    ],
    ids=["vanishes", "is cut off"],
)
def test_an_input_that_changes_before_it_is_read(
    change, reason, folder, tmp_path, monkeypatch
):
    rows = batch(folder, tmp_path / "out", monkeypatch, "1.png", change)
    assert reason in rows.pop("1.png").error
    assert {row.status for row in rows.values()} == {"done"}
    assert not (tmp_path / "out" / "1.png").exists()


def test_an_input_that_becomes_another_picture(folder, tmp_path, monkeypatch):
    rows = batch(
        folder,
        tmp_path / "out",
        monkeypatch,
        "1.png",
        lambda path: write_image(Picture(noise(31, 17)), path),
    )
    assert {row.status for row in rows.values()} == {"done"}
    assert rows["1.png"].output_size == (62, 34)
    assert read_image(tmp_path / "out" / "1.png").size == (62, 34)


_CUT_OFF = """
import os, sys
from imgan.errors import ImageReadError
from imgan.io import reading

check = reading.check_area

def cut(source, size, most):
    os.truncate(source.path, source.length // 3)
    check(source, size, most)

reading.check_area = cut
for path in sys.argv[1:]:
    try:
        print(reading.read_image(path).size)
    except ImageReadError as error:
        print(error)
"""


def test_files_that_are_cut_off_while_they_are_read(tmp_path):
    """Each is read whole or fails with a line; a mapped one would end the process."""
    paths = [
        tmp_path / f"a.{suffix}" for suffix in ("jpg", "webp", "tif", "png", "bmp")
    ]
    for path in paths:
        write_image(Picture(noise(600, 700)), path)
    done = subprocess.run(
        [sys.executable, "-c", _CUT_OFF, *map(str, paths)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths)
    for path, line in zip(paths, lines, strict=True):
        assert line == str(Size(600, 700)) or str(path) in line


def test_one_over_the_most_megapixels(folder, tmp_path, capsys):
    words = [*BICUBIC, "--max-megapixels", "0.1", "--quiet"]
    assert main(["upscale", str(folder), str(tmp_path / "out"), *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "large.png has 0.3 megapixels" in line
    assert "--max-megapixels" in line
    assert sorted(contents(tmp_path / "out")) == ["0.png", "1.png", "2.png"]
