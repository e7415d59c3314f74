"""A clock that is set while a batch runs, or between two."""

import itertools
import os
import subprocess
import sys
import time

import pytest

from imgan.inference.batch import run_batch
from imgan.inference.work import BatchOptions
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from imgan.io.temporaries import remove_stale_temporaries
from imgan.io.temporaries import temporary_of

from .processes import POSIX
from .processes import noise
from .processes import save_noise

DAY = 86_400.0


def test_a_clock_that_jumps_by_days_changes_nothing(tmp_path, monkeypatch):
    folder = save_noise(tmp_path, 4)
    real, jumps = time.time, itertools.cycle([0, 5 * DAY, -9 * DAY, 400 * DAY])
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    plan = plan_jobs([folder], tmp_path / "out", recursive=False)
    options = BatchOptions(model="bicubic", scale=2)
    report = run_batch(plan, options)
    assert report.count("done") == 4
    assert 0 < report.seconds < 600
    assert 0 < report.network_seconds <= report.seconds
    assert all(0 < row.seconds < 600 for row in report.files)
    # Skipped by what they are, not by when they were made.
    for days, path in enumerate(sorted((tmp_path / "out").iterdir()), -2):
        os.utime(path, (real() + days * 300 * DAY,) * 2)
    assert run_batch(plan, options).count("skipped") == 4


@POSIX
@pytest.mark.parametrize("days", [-400, -2, 0, 2, 400])
def test_what_is_left_behind_is_told_by_its_process_not_by_its_age(tmp_path, days):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as alive:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        kept, left = (
            temporary_of(tmp_path / "a.png", process.pid) for process in (alive, ended)
        )
        for path in (kept, left):
            path.write_bytes(b"half")
            os.utime(path, (time.time() + days * DAY,) * 2)
        assert remove_stale_temporaries(tmp_path) == 1
        assert list(tmp_path.iterdir()) == [kept]
        alive.communicate(b"\n")


def test_a_picture_from_the_future_is_a_picture(tmp_path):
    write_image(Picture(noise(9, 9)), tmp_path / "in" / "a.png")
    os.utime(tmp_path / "in" / "a.png", (time.time() + 900 * DAY,) * 2)
    plan = plan_jobs([tmp_path / "in"], tmp_path / "out", recursive=False)
    options = BatchOptions(model="bicubic", scale=2)
    assert run_batch(plan, options).count("done") == 1
