"""Bring TensorFlow up without its start-up lines on the user's terminal."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from types import ModuleType

_lock = threading.Lock()
_threads: int | None = None


def limit_tensorflow(threads: int) -> None:
    """Let TensorFlow have pools of so many threads; before it is imported."""
    global _threads
    _threads = threads


def import_tensorflow() -> ModuleType:
    """Import TensorFlow and Keras quietly and return TensorFlow.

    TensorFlow's C++ side writes to file descriptor 2 while it loads, and
    `TF_CPP_MIN_LOG_LEVEL` does not stop all of it. The descriptor is held during the
    import and what was written is replayed only if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with _lock:
        if "tensorflow" in sys.modules:
            return sys.modules["tensorflow"]
        with hold_stderr():
            import keras  # noqa: F401
            import tensorflow

            _limit_threads(tensorflow)
            # Looks for GPUs, which complains where there is none, too.
            tensorflow.config.list_physical_devices()
    return tensorflow


def _limit_threads(tf: ModuleType) -> None:
    """Tell TensorFlow how many cores it may keep busy, before it computes."""
    if _threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(_threads)
        tf.config.threading.set_inter_op_parallelism_threads(_threads)


@contextlib.contextmanager
def hold_stderr() -> Iterator[None]:
    """Keep file descriptor 2 silent inside the block; replay it if the block raises."""
    if getattr(sys, "stderr", None) is None:
        # Started without one (2>&-): descriptor 2 may be any other file by now.
        yield
        return
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
