"""Runs that are killed, interrupted, ended from outside, or meet another one."""

import random
import signal
import threading
import time

import pytest

from imgan.inference.batch import run_batch
from imgan.inference.work import BatchOptions
from imgan.inference.work import Worker
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs

from .processes import POSIX
from .processes import contents
from .processes import finish
from .processes import interrupt
from .processes import noise
from .processes import save_noise
from .processes import start

pytestmark = POSIX


@pytest.fixture
def folder(tmp_path):
    return save_noise(tmp_path)


def until(process, happened):
    """Wait for something that a running process does."""
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kill_and_rerun(folder, tmp_path, delays, least=0):
    """Kill runs after some seconds, and when so many results are there; go on then."""
    words = [folder, tmp_path / "out", "--model", "bicubic", "--scale", "8"]
    undisturbed = tmp_path / "undisturbed"
    process = start(folder, undisturbed, *words[2:])
    process.communicate()
    assert process.returncode == 0
    for delay in delays:
        process = start(*words)
        time.sleep(delay)
        results = (tmp_path / "out").glob
        until(process, lambda glob=results: len(list(glob("*.png"))) >= least)
        process.kill()
        process.communicate()
        out = tmp_path / "out"
        for path in out.iterdir() if out.exists() else ():
            if not path.name.startswith("."):
                assert path.read_bytes() == (undisturbed / path.name).read_bytes()
    finished = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*.png")}
    assert least <= len(finished)
    process = start(*words)
    told, _ = process.communicate()
    assert process.returncode == 0
    assert f"{len(finished)} skipped" in told
    assert contents(tmp_path / "out") == contents(undisturbed)
    assert all(p.stat().st_mtime_ns == when for p, when in finished.items())


@pytest.mark.slow
def test_killed_and_run_again_equals_undisturbed(folder, tmp_path):
    kill_and_rerun(folder, tmp_path, [0.0], least=2)


@pytest.mark.slow
@pytest.mark.thorough
def test_killed_at_any_moment(folder, tmp_path):
    moments = random.Random(5)
    kill_and_rerun(folder, tmp_path, [moments.uniform(0.2, 1.5) for _ in range(15)])


@pytest.fixture
def large(tmp_path):
    """Start on one picture whose result takes long to encode; return process, output.

    The result is made whole.
    """
    write_image(Picture(noise(700, 900)), tmp_path / "in" / "large.png")
    out = tmp_path / "out"
    words = ["--model", "bicubic", "--scale", "8", "--png-compression", "9"]
    return start(tmp_path / "in", out, *words), out


@pytest.fixture
def larger(tmp_path):
    """The same of a result that is made row by row."""
    write_image(Picture(noise(1000, 1500)), tmp_path / "in" / "larger.png")
    out = tmp_path / "out"
    words = ["--model", "bicubic", "--scale", "8", "--tile", "64"]
    return start(tmp_path / "in", out, *words, "--png-compression", "9"), out


def is_writing(out, least=0):
    """Return whether an output is being written and has some bytes already."""
    found = list(out.glob(".*tmp")) if out.exists() else []
    return any(path.stat().st_size >= least for path in found)


def test_ctrl_c_while_a_large_png_is_encoded(large):
    process, out = large
    told = interrupt(process, lambda: is_writing(out))
    assert "interrupted" in told
    assert list(out.iterdir()) == []


def test_ctrl_c_while_rows_are_written(larger):
    process, out = larger
    told = interrupt(process, lambda: is_writing(out, 2**20))
    assert "interrupted" in told
    assert list(out.iterdir()) == []


def test_sigterm_ends_like_ctrl_c(larger):
    process, out = larger
    ready = lambda: is_writing(out, 2**20)  # noqa: E731
    told = interrupt(process, ready, signal.SIGTERM, code=143)
    assert "interrupted; the same command goes on" in told
    assert list(out.iterdir()) == []


def test_a_signal_that_another_thread_is_given(tmp_path, monkeypatch):
    """The caller's thread is asleep then, and nothing happens that would wake it."""

    def write(worker, item, cancelled):
        time.sleep(0.3)  # Until the caller's thread has seen all events.
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        cancelled.wait(40)

    monkeypatch.setattr(Worker, "write", write)
    plan = plan_jobs([save_noise(tmp_path, 1)], tmp_path / "out", recursive=False)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_batch(plan, BatchOptions(model="bicubic", scale=2))
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_two_runs_on_one_folder(folder, tmp_path):
    """Both end well; what either wrote is whole, and is what one alone would write."""
    words = ["--model", "bicubic", "--scale", "8"]
    finish(start(folder, tmp_path / "alone", *words))
    both = [start(folder, tmp_path / "out", *words) for _ in range(2)]
    for process in both:
        out, _ = finish(process)
        done, skipped = (int(out.split()[at]) for at in (0, 2))
        assert done + skipped == 8
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")
