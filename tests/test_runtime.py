import os
import subprocess
import sys
import threading

import pytest

from imgan.runtime import _check_backend
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow


def run(code: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )


HOLD = """
import os, sys
from imgan.runtime import hold_stderr
try:
    with hold_stderr():
        os.write(2, b"from below\\n")
        {body}
except ValueError:
    print("raised")
os.write(2, b"afterwards\\n")
"""


def test_another_backend_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    import_tensorflow()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    with pytest.raises(ImportError, match="been imported with jax"):
        _check_backend("jax")


def test_what_is_written_below_python_is_held() -> None:
    result = run(HOLD.format(body="print('above', file=sys.stderr)"))
    assert (result.stdout, result.stderr) == ("", "afterwards\n")


def test_it_is_replayed_when_the_block_raises() -> None:
    result = run(HOLD.format(body="raise ValueError"))
    assert result.stdout == "raised\n"
    assert result.stderr == "from below\nafterwards\n"


def test_a_process_without_stderr() -> None:
    code = "import os; os.close(2)\nimport sys; sys.stderr = None\n" + HOLD.format(
        body="print('ran')"
    ).replace('os.write(2, b"from below\\n")', "").replace(
        'os.write(2, b"afterwards\\n")', ""
    )
    result = run(code)
    assert (result.returncode, result.stdout) == (0, "ran\n")


def test_descriptors_are_given_back() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(3):
        with hold_stderr():
            pass
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_blocks_of_two_threads_may_overlap() -> None:
    """The one that came first leaves first, and descriptor 2 is what it was."""
    inside, left = threading.Event(), threading.Event()

    def second() -> None:
        with hold_stderr():
            inside.set()
            left.wait(20)

    before = os.fstat(2)
    thread = threading.Thread(target=second)
    with hold_stderr():
        thread.start()
        assert inside.wait(20)
    left.set()
    thread.join(20)
    assert os.path.samestat(before, os.fstat(2))


def test_the_imported_module_is_returned() -> None:
    assert import_tensorflow() is sys.modules["tensorflow"]
    assert sys.modules["keras"].backend.backend() == "tensorflow"


@pytest.mark.slow
def test_tensorflow_comes_up_in_silence() -> None:
    result = run(
        "from imgan.runtime import import_tensorflow\n"
        "tf = import_tensorflow()\n"
        "print(int(tf.reduce_sum(tf.ones((3,)))))",
        env={
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("TF_CPP", "KERAS"))
        },
    )
    assert (result.stdout, result.stderr, result.returncode) == ("3\n", "", 0)
