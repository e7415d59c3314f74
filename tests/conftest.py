"""A clean room for each test: seeded, on the CPU, offline, with a home of its own."""

import os
import random
import signal
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

# Before anything imports TensorFlow: results must not depend on the machine's GPU.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import pytest

from imgan.runtime import import_tensorflow


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C be heard; bring TensorFlow up before warnings count as errors.

    What third parties warn about while they are imported is not for imgan to repair.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So shells start what they run in the background, and children inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("numprocesses", None):
        return  # Only hands tests to its workers, and runs none.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_tensorflow()


_HIDDEN = ("IMGAN_", "XDG_", "RAY_", "TF_NUM_", "OMP_NUM_")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def clean_room(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed every generator and hide the user's environment, here and in children."""
    for name in [name for name in os.environ if name.startswith(_HIDDEN)]:
        monkeypatch.delenv(name)
    # Servers of tests are on this machine.
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    # Rich and Typer lay their output out for the terminal they believe to have.
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "TERM_PROGRAM", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    random.seed(0)
    np.random.seed(0)
    sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        local = self.family == getattr(socket, "AF_UNIX", None)
        if not local and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            pytest.fail(f"a test connects to {address}; tests work offline")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of development data beside the checkout; skips where there is none."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data on this machine")
    return folder
