"""Bring TensorFlow up without its start-up lines on the user's terminal."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import IO

_lock = threading.Lock()
_threads: int | None = None


class _Descriptor:
    """Descriptor 2, of which a process has one for all of its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._saved = -1
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        """Let what is written go to a file, from the first block on."""
        with self._lock:
            if self._file is None:
                sys.stderr.flush()
                file = tempfile.TemporaryFile()  # noqa: SIM115
                self._saved = os.dup(2)
                os.dup2(file.fileno(), 2)
                self._file = file
            self._blocks += 1

    def replay(self) -> None:
        """Write what was held where it belongs."""
        with self._lock:
            if self._file is not None:
                self._file.seek(0)
                os.write(self._saved, self._file.read())
                # Said once, also where a second block fails.
                self._file.seek(0)
                self._file.truncate()

    def give_back(self) -> None:
        """Let what is written go where it belongs, after the last block."""
        with self._lock:
            self._blocks -= 1
            if not self._blocks and self._file is not None:
                os.dup2(self._saved, 2)
                os.close(self._saved)
                self._file.close()
                self._file = None


_stderr = _Descriptor()


def limit_tensorflow(threads: int) -> None:
    """Let TensorFlow have pools of so many threads; before it is imported."""
    global _threads
    _threads = threads


def import_tensorflow() -> ModuleType:
    """Import TensorFlow and Keras quietly and return TensorFlow.

    TensorFlow's C++ side writes to file descriptor 2 while it loads, and
    `TF_CPP_MIN_LOG_LEVEL` does not stop all of it. The descriptor is held during the
    import and what was written is replayed only if the import fails.

    Raises:
        ImportError: If Keras has been imported with another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Whatever other projects of the user want.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with _lock:
        if "tensorflow" in sys.modules:
            return sys.modules["tensorflow"]
        with hold_stderr():
            import keras
            import tensorflow

            _check_backend(keras.config.backend())
            _limit_threads(tensorflow)
            # Looks for GPUs, which complains where there is none, too.
            tensorflow.config.list_physical_devices()
    return tensorflow


def _check_backend(name: str) -> None:
    if name != "tensorflow":
        raise ImportError(
            "imgan needs Keras with the backend tensorflow. Received: Keras that has "
            f"been imported with {name}. Set KERAS_BACKEND=tensorflow, or import imgan "
            "before keras"
        )


def _limit_threads(tf: ModuleType) -> None:
    """Tell TensorFlow how many cores it may keep busy, before it computes."""
    if _threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(_threads)
        tf.config.threading.set_inter_op_parallelism_threads(_threads)


@contextlib.contextmanager
def hold_stderr() -> Iterator[None]:
    """Keep file descriptor 2 silent inside the block; replay it if the block raises.

    Blocks of several threads may overlap: the first one in takes the descriptor, the
    last one out gives it back.
    """
    if getattr(sys, "stderr", None) is None:
        # Started without one (2>&-): descriptor 2 may be any other file by now.
        yield
        return
    _stderr.take()
    try:
        yield
    except BaseException:
        _stderr.replay()
        raise
    finally:
        _stderr.give_back()
