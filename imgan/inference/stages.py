"""The stages of a batch: reading, computing and writing, each in threads of its own.

They are joined by bounded channels; TensorFlow is imported by the thread that computes.
The caller's thread only waits for events, so that an interrupt is answered at once,
whatever the others are in the middle of.
"""

import queue
import threading
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from imgan.inference.pipes import ByteBudget
from imgan.inference.pipes import Channel
from imgan.inference.pipes import Stop
from imgan.inference.pipes import Stopped
from imgan.inference.pipes import next_event
from imgan.inference.predictor import Predictor
from imgan.inference.report import BusyClock
from imgan.inference.report import FileRow
from imgan.inference.streams import Cancelled
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.inference.work import timed
from imgan.io.images import WriteCancelledError
from imgan.io.images import remove_temporaries
from imgan.machine import usable_cores

# Bytes of decoded inputs and of results held at once. Two results of 12 megapixels at
# x4 fit, so that one is written while the next is computed; a larger one goes alone.
INPUT_BYTES = 128 << 20
OUTPUT_BYTES = 1200 << 20
_WAITING = 4
"""Pictures that may wait between two stages."""
_COMPUTING = 2
"""Pictures computed at once: one fills the gaps that the other leaves."""


@dataclass(frozen=True)
class Progressed:
    """A picture is computed to some fraction."""

    row: FileRow
    fraction: float


@dataclass(frozen=True)
class Finished:
    """A picture is done, skipped or failed, or will not be begun."""

    row: FileRow


@dataclass(frozen=True)
class Told:
    """Something to know about the whole batch."""

    text: str


Event = Progressed | Finished | Told
OnEvent = Callable[[Event], None]
Loader = Callable[[], Predictor]


class Stages:
    """The threads of one batch and what joins them.

    Args:
        items: The pictures, in the order in which they begin.
        worker: What is done with each.
        load: Returns the predictor; called in a thread of its own, if at all.
    """

    def __init__(self, items: Sequence[Item], worker: Worker, load: Loader) -> None:
        self.network = BusyClock()
        self._items = items
        self._worker = worker
        self._load = load
        cores = usable_cores()
        self._writing = max(1, min(4, cores // 2))
        self._computing = min(_COMPUTING, cores)
        self._stops_early = worker.options.on_error == "stop"
        self._halted = threading.Event()
        self._stop = Stop()
        self._inputs = ByteBudget(INPUT_BYTES, self._stop)
        self._outputs = ByteBudget(OUTPUT_BYTES, self._stop)
        self._read: Channel[Item] = Channel(_WAITING, 1, self._stop)
        self._computed: Channel[Item] = Channel(_WAITING, self._computing, self._stop)
        self._predictor: Future[Predictor] = Future()
        self._loading = False
        self._told = False
        self._lock = threading.Lock()
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()

    def run(self, on_event: OnEvent) -> str | None:
        """Process everything; return the device, or None if nothing was computed."""
        stages = [self._read_all]
        stages += [self._compute_all] * self._computing
        stages += [self._write_all] * self._writing
        try:
            for stage in stages:
                self._start(stage)
            left = len(self._items)
            while left:
                event = next_event(self._events)
                if isinstance(event, BaseException):
                    raise event
                left -= isinstance(event, Finished)
                on_event(event)
        except BaseException:
            self._stop.set()
            remove_temporaries()
            raise
        return self._predictor.result().engine.device if self._loading else None

    def _start(self, stage: Callable[[], None]) -> None:
        def body() -> None:
            try:
                stage()
            except Stopped:
                pass
            except BaseException as error:
                self._events.put(error)

        # Daemons: nobody waits for a thread that is inside a library.
        threading.Thread(target=body, name=stage.__name__, daemon=True).start()

    def _read_all(self) -> None:
        for item in self._items:
            row = item.row
            if self._left_out(row):
                continue
            with _Guard(self, item) as guard, timed(row):
                if self._worker.is_finished(item):
                    row.status = "skipped"
                    self._events.put(Finished(row))
                    continue
            if guard.failed:
                continue
            self._load_once()
            self._inputs.acquire(item.input_bytes)
            with _Guard(self, item) as guard, timed(row):
                self._worker.read(item)
            if guard.failed:
                self._inputs.release(item.input_bytes)
                continue
            self._read.put(item)
        self._read.close()

    def _left_out(self, row: FileRow) -> bool:
        """Close the row of a picture that is not begun, as another has failed."""
        if self._halted.is_set():
            row.status = "not_done"
            self._events.put(Finished(row))
        return self._halted.is_set()

    def _load_once(self) -> None:
        """Begin to load the model, while the first picture is being decoded."""
        if self._loading:
            return
        self._loading = True

        def load() -> None:
            try:
                self._predictor.set_result(self._load())
            except BaseException as error:
                # Without the model no picture can be made: the batch ends with this.
                self._predictor.set_exception(Stopped())
                raise error

        self._start(load)

    def _compute_all(self) -> None:
        try:
            while True:
                item = self._read.get()
                if self._left_out(item.row):
                    item.picture = item.source = None
                    self._inputs.release(item.input_bytes)
                    continue
                predictor = self._predictor.result()
                self._outputs.acquire(item.output_bytes)
                self._tell_of_tiles(predictor, item)
                with _Guard(self, item) as guard, timed(item.row):
                    report = partial(self._progress, item.row)
                    with self.network.running():
                        self._worker.compute(item, predictor, report, self._stop.event)
                self._inputs.release(item.input_bytes)
                if guard.failed:
                    item.picture = item.source = None
                    self._outputs.release(item.output_bytes)
                    continue
                self._computed.put(item)
        finally:
            self._computed.close()

    def _tell_of_tiles(self, predictor: Predictor, item: Item) -> None:
        """Say once how pictures that are larger than a tile are computed."""
        card, size = self._worker.card, item.row.input_size
        if card is None or card.task != "translation" or size is None:
            return
        with self._lock:
            if self._told or not predictor.tiles_matter(size):
                return
            self._told = True
        self._events.put(Told(predictor.describe_tiles()))

    def _progress(self, row: FileRow, done: int, total: int) -> None:
        self._events.put(Progressed(row, done / total))

    def _write_all(self) -> None:
        while True:
            item = self._computed.get()
            with _Guard(self, item) as guard, timed(item.row):
                self._worker.write(item, self._stop.event)
            item.picture = item.source = None
            self._outputs.release(item.output_bytes)
            if not guard.failed:
                item.row.status = "done"
                self._events.put(Finished(item.row))

    def fail(self, row: FileRow, error: Exception) -> None:
        """Close the row of a picture that failed."""
        row.fail(error)
        if self._stops_early:
            # What is being computed or written now is finished, nothing else begun.
            self._halted.set()
        self._events.put(Finished(row))


class _Guard:
    """Turns a failure in its block into a failed row; a stop passes through."""

    def __init__(self, stages: Stages, item: Item) -> None:
        self._stages = stages
        self._item = item
        self.failed = False

    def __enter__(self) -> "_Guard":
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> bool:
        if error is None:
            return False
        if isinstance(error, Cancelled | WriteCancelledError):
            raise Stopped from error
        if not isinstance(error, Exception) or isinstance(error, Stopped):
            return False
        self.failed = True
        self._stages.fail(self._item.row, error)
        return True
