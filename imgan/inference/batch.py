"""The batch engine: many pictures, with reading, computing and writing overlapped.

Every stage runs in threads of its own, joined by bounded channels; TensorFlow is
imported by the thread that computes. The caller's thread only waits for events, so that
an interrupt is answered at once, whatever the others are in the middle of.
"""

import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from imgan.bundles.card import Card
from imgan.errors import ImganError
from imgan.errors import UsageError
from imgan.inference import work
from imgan.inference.devices import parse_device
from imgan.inference.engines import BicubicEngine
from imgan.inference.engines import check_model
from imgan.inference.pipes import ByteBudget
from imgan.inference.pipes import Channel
from imgan.inference.pipes import Stop
from imgan.inference.pipes import Stopped
from imgan.inference.precision import choose_precision
from imgan.inference.predictor import Predictor
from imgan.inference.report import BusyClock
from imgan.inference.report import FileRow
from imgan.inference.report import Report
from imgan.inference.streams import Cancelled
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.io.images import WriteCancelledError
from imgan.io.images import remove_temporaries
from imgan.io.paths import JobPlan
from imgan.runtime import import_tensorflow

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
    """A picture is done, skipped or failed."""

    row: FileRow


Event = Progressed | Finished
OnEvent = Callable[[Event], None]
Loader = Callable[[], Predictor]


def run_batch(
    plan: JobPlan,
    options: BatchOptions,
    on_event: OnEvent = lambda event: None,
    *,
    command: str = "upscale",
    load: Loader | None = None,
) -> Report:
    """Process every picture of a plan; one that fails never stops the others.

    Args:
        plan: Inputs and outputs.
        options: What to do with every picture.
        on_event: Called in this thread.
        command: For the report.
        load: Returns the predictor; called in another thread, and only when there is
            something to compute.

    Returns:
        One row per picture, in the order of the plan.

    Raises:
        ImganError: If the model cannot be used at all.
        KeyboardInterrupt: After unfinished outputs were removed. Threads may still be
            inside libraries then; a command should end with `os._exit`.
    """
    card = check_model(options.model, options.fidelity, keep_colors=options.keep_colors)
    scale = options.scale
    if scale is None:
        scale = card.scale if card else BicubicEngine.default_scale
    _check(options, scale)
    batch = _Batch(plan, options, card, float(scale), load or partial(_load, options))
    started = time.perf_counter()
    device = batch.run(on_event)
    return Report(
        command=command,
        model=options.model,
        weights_sha256=card.weights_sha256 if card else None,
        device=device or options.device,
        precision=_precision(options, device),
        fidelity=options.fidelity,
        files=batch.rows + [_unlisted(folder) for folder in plan.unreadable],
        ignored=plan.ignored,
        seconds=time.perf_counter() - started,
        network_seconds=batch.network.seconds,
    )


def _check(options: BatchOptions, scale: float) -> None:
    parse_device(options.device)
    if not 0 < scale <= 64:
        raise UsageError(f"--scale must be above 0 and at most 64. Received: {scale:g}")
    if options.device == "cpu" or options.model == BicubicEngine.name:
        choose_precision(options.precision, "uint8", "cpu")


def _load(options: BatchOptions) -> Predictor:
    if options.model != BicubicEngine.name:
        import_tensorflow()
    return Predictor.load(
        options.model,
        tile=options.tile,
        precision=options.precision,
        scale=options.scale,
        device=options.device,
        fidelity=options.fidelity,
        keep_colors=options.keep_colors,
    )


def _precision(options: BatchOptions, device: str | None) -> str:
    if options.model == BicubicEngine.name:
        return "float32"
    if device is None and options.precision != "auto":
        return options.precision
    return choose_precision(options.precision, "uint8", device or "cpu")


def _unlisted(folder: Path) -> FileRow:
    return FileRow(folder, None, error=f"Cannot list the folder {folder}")


class _Batch:
    """The threads of one batch and what joins them."""

    def __init__(
        self,
        plan: JobPlan,
        options: BatchOptions,
        card: Card | None,
        scale: float,
        load: Loader,
    ) -> None:
        self.rows = [FileRow(job.input, job.output) for job in plan.jobs]
        self.network = BusyClock()
        self._options = options
        self._card = card
        self._scale = scale
        self._load = load
        self._writing = max(1, min(4, (os.cpu_count() or 1) // 2))
        self._stop = Stop()
        self._inputs = ByteBudget(INPUT_BYTES, self._stop)
        self._outputs = ByteBudget(OUTPUT_BYTES, self._stop)
        self._read: Channel[Item] = Channel(_WAITING, 1, self._stop)
        self._computed: Channel[Item] = Channel(_WAITING, _COMPUTING, self._stop)
        self._predictor: Future[Predictor] = Future()
        self._loading = False
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()

    def run(self, on_event: OnEvent) -> str | None:
        """Process everything; return the device, or None if nothing was computed."""
        stages = [self._read_all]
        stages += [self._compute_all] * _COMPUTING + [self._write_all] * self._writing
        try:
            for stage in stages:
                self._start(stage)
            left = len(self.rows)
            while left:
                event = self._events.get()
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
        for row in self.rows:
            item = Item(row)
            with _Guard(self, item) as guard, work.timed(row):
                if work.is_finished(item, self._scale, self._options.overwrite):
                    row.status = "skipped"
                    self._events.put(Finished(row))
                    continue
            if guard.failed:
                continue
            self._load_once()
            self._inputs.acquire(item.input_bytes)
            with _Guard(self, item) as guard, work.timed(row):
                work.read(item, self._scale, self._options.max_megapixels, self._card)
            if guard.failed:
                self._inputs.release(item.input_bytes)
                continue
            self._read.put(item)
        self._read.close()

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
                predictor = self._predictor.result()
                self._outputs.acquire(item.output_bytes)
                with _Guard(self, item) as guard, work.timed(item.row):
                    report = partial(self._progress, item.row)
                    with self.network.running():
                        work.compute(item, predictor, report, self._stop.event)
                self._inputs.release(item.input_bytes)
                if guard.failed:
                    item.picture = None
                    self._outputs.release(item.output_bytes)
                    continue
                self._computed.put(item)
        finally:
            self._computed.close()

    def _progress(self, row: FileRow, done: int, total: int) -> None:
        self._events.put(Progressed(row, done / total))

    def _write_all(self) -> None:
        while True:
            item = self._computed.get()
            with _Guard(self, item) as guard, work.timed(item.row):
                work.write(item, self._options, self._stop.event)
            item.picture = None
            self._outputs.release(item.output_bytes)
            if not guard.failed:
                item.row.status = "done"
                self._events.put(Finished(item.row))

    def fail(self, row: FileRow, error: Exception) -> None:
        """Close the row of a picture that failed."""
        reason = str(error)
        if isinstance(error, MemoryError):
            reason = f"{row.input}: out of memory"
        elif not isinstance(error, ImganError):
            reason = f"{row.input}: {type(error).__name__}: {error}"
        row.status = "failed"
        row.error = " ".join(reason.split())
        self._events.put(Finished(row))


class _Guard:
    """Turns a failure in its block into a failed row; a stop passes through."""

    def __init__(self, batch: _Batch, item: Item) -> None:
        self._batch = batch
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
        self._batch.fail(self._item.row, error)
        return True
