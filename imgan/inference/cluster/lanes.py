"""How pictures share a worker: side by side, or one all alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imgan.inference.pipes import ByteBudget


class Lanes:
    """Lets pictures in side by side, and one alone when it asks for that."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._alone = 0
        """Pictures that are alone or wait for it: nobody else goes in meanwhile."""

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[None]:
        """Wait until there is room; nobody else is inside with one that is alone."""
        with self._condition:
            if alone:
                self._alone += 1
                self._condition.wait_for(lambda: not self._inside)
            else:
                self._condition.wait_for(lambda: not self._alone)
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._alone -= alone
                self._condition.notify_all()


@contextmanager
def holding(budget: ByteBudget, count: int) -> Iterator[None]:
    """Hold bytes of a budget inside the block."""
    budget.acquire(count)
    try:
        yield
    finally:
        budget.release(count)
