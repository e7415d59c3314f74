"""`imgan upscale --cluster` as a user runs it, on a Ray of this machine's own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from imgan.io.images import Picture
from imgan.io.images import write_image
from tests.inference.networks import picture
from tests.marks import thorough

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals"),
]

OPTIONS = ("--model", "bicubic", "--png-compression", "9", "--cluster", "local")


@pytest.fixture
def started(tmp_path: Path) -> "subprocess.Popen[str]":
    """A batch of some seconds, in whose first pictures workers are now."""
    for index in range(6):
        made = Picture(picture(500 + index, 700, 3))
        write_image(made, tmp_path / "in" / f"{index}.png")
    words = [str(tmp_path / "in"), str(tmp_path / "out"), *OPTIONS]
    process = subprocess.Popen(
        [sys.executable, "-m", "imgan", "upscale", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while not begun(tmp_path):
        assert process.poll() is None, process.communicate()
        if time.monotonic() > until:
            process.kill()
            pytest.fail(f"no worker began in time: {process.communicate()}")
        time.sleep(0.05)
    return process


def begun(folder: Path) -> list[int]:
    """Return the numbers of the processes that write pictures."""
    names = " ".join(path.name for path in (folder / "out").glob(".[0-9]*.imgan-tmp"))
    return [int(number) for number in re.findall(r"\.(\d+)@", names)]


def wait(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Return what was said, once the process and all it started have ended."""
    children = psutil.Process(process.pid).children(recursive=True)
    out, err = process.communicate(timeout=180)
    assert children
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    return out, err


@pytest.mark.thorough
def test_a_killed_worker_is_one_line_for_the_user(
    started: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    os.kill(begun(tmp_path)[0], signal.SIGKILL)
    out, err = wait(started)
    assert started.returncode == 0, err
    assert re.fullmatch(r"6 done, 0 skipped, 0 failed: .* on 1 x cpu, float32\n", out)
    for line in err.splitlines():
        assert re.fullmatch(
            r"\[\d/6\] \S+ -> \S+ \([\d.]+ s\)"
            r"|\S+\.png is made once more: its worker died"
            # On a busy machine a cluster is slow to start.
            r"|waiting for the cluster: its devices may be busy",
            line,
        )
    assert len(err.splitlines()) > 6
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"{index}.png" for index in range(6)]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        thorough(signal.SIGTERM, 143),
    ],
)
def test_a_stop_leaves_nothing_running_and_nothing_half_done(
    number: signal.Signals,
    code: int,
    started: "subprocess.Popen[str]",
    tmp_path: Path,
) -> None:
    started.send_signal(number)
    out, err = wait(started)
    assert started.returncode == code, err
    assert out == ""
    assert err.endswith("the same command goes on where this one stopped\n")
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert all(re.fullmatch(r"\d\.png", name) for name in left)
    assert len(left) < 6
