"""Two processes never train in one folder, and a dead one is in nobody's way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imgan.errors import OutputError
from imgan.errors import TrainingError
from imgan.training.run_folder import RunFolder
from imgan.training.run_lock import locked

HOLD = """
import sys, time
from pathlib import Path
from imgan.training.run_folder import RunFolder
from imgan.training.run_lock import locked
with locked(RunFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_told_which_holds_it(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(TrainingError, match=f"Process {other.pid} is training in"),
            locked(RunFolder(tmp_path)),
        ):
            pass
        other.send_signal(signal.SIGKILL)
    # The file is still there; its process is not.
    assert RunFolder(tmp_path).lock.read_text() == f"{other.pid}\n"
    with locked(RunFolder(tmp_path)):
        assert RunFolder(tmp_path).lock.read_text() == f"{os.getpid()}\n"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(ZeroDivisionError), locked(run):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with locked(run), pytest.raises(TrainingError), locked(run):
        pass


def test_a_folder_that_refuses_is_one_line(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.lock.mkdir()
    with pytest.raises(OutputError, match="cannot be written to"), locked(run):
        pass
