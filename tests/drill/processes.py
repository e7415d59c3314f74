"""`imgan upscale` in processes of its own, and what disturbs them."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from imgan.io.images import Picture
from imgan.io.images import write_image

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals")

# Sets limits of its own before it runs the command: no thread is in the way then.
_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(getattr(resource, sys.argv[1]), (int(sys.argv[2]),) * 2)
from imgan.cli.main import main
sys.exit(main(["upscale", *sys.argv[3:]]))
"""


def noise(height, width, seed=0):
    random_ = np.random.default_rng(seed)
    return random_.integers(0, 256, (height, width, 3), np.uint8)


def save_noise(folder, count=8):
    for index in range(count):
        write_image(
            Picture(noise(60, 80 + index, index)), folder / "in" / f"{index}.png"
        )
    return folder / "in"


def start(*words, **options):
    return _open("-m", "imgan", "upscale", *words, **options)


def start_translating(*words):
    return _open("-m", "imgan", "translate", *words)


def start_limited(limit, value, *words):
    """Start a run under a limit of `resource`, such as RLIMIT_FSIZE."""
    return _open("-c", _LIMITED, limit, value, *words)


def _open(*words, **options):
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process, code=0):
    """Return what a process said on stdout and stderr."""
    out, told = process.communicate(timeout=600)
    assert process.returncode == code, told
    assert "Traceback" not in told
    assert "unexpected error" not in told
    return out, told


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def interrupt(process, ready, number=signal.SIGINT, code=130, limit=2.0):
    """Send a signal once `ready()` holds; return what stderr said.

    What the process may still take is measured in processor time, of all its threads:
    work that is not given up costs it, while a busy machine, on which the process
    merely waits for its turn, adds nothing.
    """
    until = time.monotonic() + 120
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    others = processor_seconds()
    spent = sum(psutil.Process(process.pid).cpu_times()[:2])
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code, told
    assert processor_seconds() - others - spent < limit
    return told


def processor_seconds():
    """Return what the processes that this one has started and seen end have used."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_memory(process):
    """Wait for a process to end; return the most bytes it had in memory (Linux).

    What the system reports of an ended child counts its parent in.
    """
    status, peak = f"/proc/{process.pid}/status", 0
    while process.poll() is None:
        with contextlib.suppress(OSError, StopIteration), open(status) as file:
            line = next(line for line in file if line.startswith("VmHWM"))
            peak = int(line.split()[1]) * 1024
        time.sleep(0.05)
    return peak
