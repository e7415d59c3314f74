"""Ctrl-C during training: the step is finished and saved first."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether the user wants the run to stop."""

    def __init__(self) -> None:
        self.requested = False

    def request(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal; raise on the second.

        Raises:
            KeyboardInterrupt: On the second.
        """
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        logging.getLogger(__name__).warning(
            "stopping after this step; Ctrl-C again stops at once"
        )


@contextmanager
def held_interrupts() -> Iterator[Interrupt]:
    """Turn the first Ctrl-C into a request, which whoever holds it must look at.

    Only where Python's own handler is in place: another one has its reasons.
    """
    interrupt = Interrupt()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt.request)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
