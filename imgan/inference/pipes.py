"""What joins the threads of a batch: bounded, and all of it stops at once."""

import collections
import contextlib
import queue
import threading
from typing import Generic
from typing import TypeVar

T = TypeVar("T")

_LISTEN = 0.2
"""Seconds after which the caller's thread looks whether it was interrupted."""


class Stopped(Exception):  # noqa: N818
    """The batch was stopped, or nothing more will come."""


class Stop:
    """One switch that every waiting thread of a batch listens to."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.condition = threading.Condition()

    def set(self) -> None:
        """Wake everybody; every wait from now on raises `Stopped`."""
        self.event.set()
        with self.condition:
            self.condition.notify_all()

    def check(self) -> None:
        """Raise `Stopped` if the switch was thrown."""
        if self.event.is_set():
            raise Stopped


class Channel(Generic[T]):
    """A bounded queue between stages.

    Args:
        capacity: Items that may wait.
        writers: Threads that put items; when all have closed it, readers are told.
        stop: The batch's switch.
    """

    def __init__(self, capacity: int, writers: int, stop: Stop) -> None:
        self._items: collections.deque[T] = collections.deque()
        self._capacity = capacity
        self._writers = writers
        self._stop = stop

    def put(self, item: T) -> None:
        """Add an item as soon as there is room."""
        with self._stop.condition:
            while len(self._items) >= self._capacity:
                self._stop.check()
                self._stop.condition.wait()
            self._stop.check()
            self._items.append(item)
            self._stop.condition.notify_all()

    def get(self) -> T:
        """Return the next item; raise `Stopped` when no more will come."""
        with self._stop.condition:
            while not self._items:
                self._stop.check()
                if not self._writers:
                    raise Stopped
                self._stop.condition.wait()
            self._stop.check()
            item = self._items.popleft()
            self._stop.condition.notify_all()
            return item

    def close(self) -> None:
        """Say that one writer has put its last item."""
        with self._stop.condition:
            self._writers -= 1
            self._stop.condition.notify_all()


class ByteBudget:
    """Bounds the memory of pictures in flight; one larger than all of it goes alone.

    Args:
        limit: Bytes that may be held at once.
        stop: The batch's switch.
    """

    def __init__(self, limit: int, stop: Stop) -> None:
        self.limit = limit
        self.held = 0
        self._stop = stop

    def acquire(self, count: int) -> None:
        """Wait until `count` more bytes may be held."""
        with self._stop.condition:
            while self.held and self.held + count > self.limit:
                self._stop.check()
                self._stop.condition.wait()
            self._stop.check()
            self.held += count

    def release(self, count: int) -> None:
        """Give bytes back."""
        with self._stop.condition:
            self.held -= count
            self._stop.condition.notify_all()


def next_event(events: "queue.SimpleQueue[T]") -> T:
    """Wait for the next event in the thread that answers interrupts."""
    # Python answers a signal in that thread alone. One that comes as the thread is
    # about to wait, or to another thread, does not end the wait: only the next event
    # would, which may be the end of a long encoding.
    while True:
        with contextlib.suppress(queue.Empty):
            return events.get(timeout=_LISTEN)
