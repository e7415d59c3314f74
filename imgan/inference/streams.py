"""Run one function over many tiles on a few threads, and stop at the first failure."""

import threading
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait
from typing import TypeVar

T = TypeVar("T")

# What oneDNN keeps for each shape of a tile is freed when its thread ends. 300 pictures
# of different sizes held 220 MB more than 10 did, and hardly any with new threads.
_CALLS_PER_THREAD = 8


class Cancelled(Exception):  # noqa: N818
    """The work was stopped from outside; nothing failed."""


class Streams:
    """A few threads that several callers may share.

    Args:
        count: How many calls run at once; with 1 the caller's thread does the work.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._calls = 0
        self._pool = ThreadPoolExecutor(count, "tile") if count > 1 else None

    def map(
        self,
        function: Callable[[T], None],
        items: Sequence[T],
        cancelled: threading.Event | None = None,
    ) -> None:
        """Call `function` for every item and return when all calls have ended.

        Raises:
            Cancelled: If `cancelled` was set before the last call began.
        """
        failed = threading.Event()

        def call(item: T) -> None:
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
            if failed.is_set():
                return
            try:
                function(item)
            except BaseException:
                failed.set()
                raise

        futures = self._submit(call, items)
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            # No call may still write into a result that its caller gave up.
            failed.set()
            wait(futures)
        for future in futures:
            future.result()

    def _submit(
        self, call: Callable[[T], None], items: Sequence[T]
    ) -> list[Future[None]]:
        if self._pool is None:
            for item in items:
                call(item)
            return []
        with self._lock:
            self._calls += 1
            if self._calls % _CALLS_PER_THREAD == 0:
                # The old threads finish what they were given, and end.
                self._pool.shutdown(wait=False)
                self._pool = ThreadPoolExecutor(self._count, "tile")
            return [self._pool.submit(call, item) for item in items]
