"""SIGTERM, what `kill` and job schedulers send, as an end like Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from imgan.errors import Terminated


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the block like Ctrl-C, where nobody else handles it."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        # A second one must not disturb how the first is answered.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise
    except BaseException:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
