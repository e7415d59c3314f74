"""Requests that wait at the same time, merged into one batch as servers do."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from dataclasses import field

import grpc
import numpy as np

from imgan.types import Array
from tests.serving.servable import Run
from tests.serving.servable import ServiceError

_Key = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass
class _Batch:
    feeds: list[dict[str, Array]] = field(default_factory=list)
    answers: list[Future[list[Array]]] = field(default_factory=list)
    rows: int = 0
    full: threading.Event = field(default_factory=threading.Event)


class Merger:
    """Runs requests with the same tensors together; one that fails fails its batch.

    Args:
        size: Rows of a batch, beyond which none is added.
        seconds: How long the first request of a batch waits for others.
    """

    def __init__(self, size: int, seconds: float) -> None:
        self.sizes: list[int] = []
        """Rows of each batch that was run."""
        self._size = size
        self._seconds = seconds
        self._lock = threading.Lock()
        self._open: dict[_Key, _Batch] = {}

    def wrap(self, run: Run) -> Run:
        """Return `run` for one request, which is merged with others."""

        def merged(fetches: tuple[str, ...], feed: dict[str, Array]) -> list[Array]:
            batch, answer, first = self._join(fetches, feed)
            if first:
                batch.full.wait(self._seconds)
                self._run(run, fetches, batch)
            return answer.result()

        return merged

    def _join(
        self, fetches: tuple[str, ...], feed: dict[str, Array]
    ) -> tuple[_Batch, Future[list[Array]], bool]:
        rows = _rows(feed)
        key = (tuple(sorted(feed)), tuple(sorted(fetches)))
        answer: Future[list[Array]] = Future()
        with self._lock:
            batch = self._open.get(key)
            if batch is None or batch.rows + rows > self._size:
                if batch is not None:
                    batch.full.set()
                batch = self._open[key] = _Batch()
            batch.feeds.append(feed)
            batch.answers.append(answer)
            batch.rows += rows
            if batch.rows >= self._size:
                batch.full.set()
                del self._open[key]
            return batch, answer, len(batch.feeds) == 1

    def _run(self, run: Run, fetches: tuple[str, ...], batch: _Batch) -> None:
        with self._lock:
            for key, waiting in list(self._open.items()):
                if waiting is batch:
                    del self._open[key]
        self.sizes.append(batch.rows)
        try:
            made = run(fetches, _merge(batch.feeds))
            ends = np.cumsum([_rows(feed) for feed in batch.feeds])[:-1]
            parts = [np.split(values, ends) for values in made]
        except BaseException as error:
            for answer in batch.answers:
                answer.set_exception(error)
            return
        for answer, *own in zip(batch.answers, *parts, strict=True):
            answer.set_result(list(own))


def _rows(feed: dict[str, Array]) -> int:
    if any(not values.ndim for values in feed.values()):
        raise ServiceError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "Batching Run() input tensors must have at least one dimension",
        )
    counts = {values.shape[0] for values in feed.values()}
    if len(counts) != 1:
        raise ServiceError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "Batching Run() input tensors must have equal 0th-dimension size",
        )
    return counts.pop()


def _merge(feeds: list[dict[str, Array]]) -> dict[str, Array]:
    merged = {}
    for name, first in feeds[0].items():
        values = [feed[name] for feed in feeds]
        if any(one.shape[1:] != first.shape[1:] for one in values):
            raise ServiceError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Tensors with name '{name}' from different tasks have different "
                "shapes and padding is turned off. Set pad_variable_length_inputs to "
                "true, or ensure that all tensors with the same name have equal "
                "dimensions starting with the first dim.",
            )
        merged[name] = np.concatenate(values)
    return merged
