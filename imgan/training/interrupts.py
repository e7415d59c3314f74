"""Ctrl-C or SIGTERM during training: the step is finished and saved first."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from imgan.errors import Terminated

_log = logging.getLogger(__name__)


class Interrupt:
    """Whether the user, or the system, wants the run to stop."""

    def __init__(self) -> None:
        self._number: int | None = None

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self._number is not None

    def request(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal; raise on the second.

        Raises:
            KeyboardInterrupt: On the second.
        """
        first, self._number = self._number is None, number
        if not first:
            raise self.error()
        again = "Ctrl-C again" if number == signal.SIGINT else "a second SIGTERM"
        _log.warning("stopping after this step; %s stops at once", again)

    def error(self) -> KeyboardInterrupt:
        """Return what to raise where the run stops."""
        terminated = self._number == signal.SIGTERM
        return Terminated() if terminated else KeyboardInterrupt()


@contextmanager
def held_interrupts() -> Iterator[Interrupt]:
    """Turn the first signal into a request, which whoever holds it must look at.

    Only where the handlers that a Python process begins with are in place: others have
    their reasons.
    """
    interrupt = Interrupt()
    held = []
    if threading.current_thread() is threading.main_thread():
        usual = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
        }
        held = [number for number in usual if signal.getsignal(number) is usual[number]]
    before = [(number, signal.signal(number, interrupt.request)) for number in held]
    try:
        yield interrupt
    finally:
        for number, handler in before:
            signal.signal(number, handler)
