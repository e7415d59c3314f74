"""One source through a predictor into one sink, with all three at work at once.

The frames in flight are bounded by their bytes. They are computed two at a time and
handed on in their order. The caller's thread only waits, so that an interrupt is
answered at once.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace

from imgan.bundles.card import Card
from imgan.bundles.kinds import frame_channels
from imgan.data.pixels import to_channels
from imgan.data.translation.stacking import stack
from imgan.inference.pictures import predict_picture
from imgan.inference.pipes import ByteBudget
from imgan.inference.pipes import Channel
from imgan.inference.pipes import Stop
from imgan.inference.pipes import Stopped
from imgan.inference.pipes import next_event
from imgan.inference.predictor import Predictor
from imgan.inference.report import BusyClock
from imgan.inference.sizing import TargetSize
from imgan.inference.streams import Cancelled
from imgan.inference.video.sinks import Sink
from imgan.inference.video.sources import Moment
from imgan.inference.video.sources import Source
from imgan.io.images import Picture
from imgan.io.images import bleed_colour

FLIGHT_BYTES = 512 << 20
_WAITING = 4
_COMPUTING = 2
_GRACE = 5.0  # seconds that the threads of a flow that failed get to end


@dataclass
class _Passing:
    """A frame in flight."""

    number: int
    """Its place among those that are computed."""
    moment: Moment
    bytes: int


@dataclass(frozen=True)
class Step:
    """How far a flow has come."""

    done: int
    """Frames that are behind it, those of earlier runs among them."""
    computed: int
    """Of those, the ones that this run computed."""


class Flow:
    """The threads of one job.

    Args:
        source: Gives the frames.
        sink: Takes the results.
        card: Of the model; None: bicubic enlargement.
        load: Returns the predictor; called when there is a frame to compute.
        frame_bytes: What a frame and its result take.
        clock: Counts the time in which frames are computed.
        target: Size of results; None: the predictor's scale.
    """

    def __init__(
        self,
        source: Source,
        sink: Sink,
        card: Card | None,
        load: Callable[[], Predictor],
        frame_bytes: int,
        clock: BusyClock,
        target: TargetSize | None = None,
    ) -> None:
        self.warnings: set[str] = set()
        self.precision: str | None = None
        self.total = 0
        self._source, self._sink, self._card = source, sink, card
        self._load, self._frame_bytes, self._clock = load, frame_bytes, clock
        self._target = target
        self._stop = Stop()
        self._budget = ByteBudget(FLIGHT_BYTES, self._stop)
        self._read: Channel[_Passing] = Channel(_WAITING, 1, self._stop)
        self._made: Channel[_Passing] = Channel(_WAITING, _COMPUTING, self._stop)
        self._events: queue.SimpleQueue[Step | BaseException | None]
        self._events = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def run(self, on_step: Callable[[Step], None]) -> None:
        """Move every frame; return when the output is there.

        Raises:
            ImganError: If a frame cannot be read, computed or written.
        """
        stages = [self._read_all, *[self._compute_all] * _COMPUTING, self._write_all]
        try:
            for stage in stages:
                self._start(stage)
            while True:
                event = next_event(self._events)
                if event is None:
                    return
                if isinstance(event, BaseException):
                    raise event
                on_step(event)
        except BaseException as error:
            self._stop.set()
            if isinstance(error, Exception):
                for thread in self._threads:
                    thread.join(_GRACE)
            raise

    def _start(self, stage: Callable[[], None]) -> None:
        def body() -> None:
            try:
                stage()
            except (Stopped, Cancelled):
                pass
            except BaseException as error:
                self._events.put(error)

        thread = threading.Thread(target=body, name=stage.__name__, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _read_all(self) -> None:
        count = self._card.num_frames if self._card else 1
        sink = self._sink

        def wanted(index: int) -> bool:
            # A frame is also read where one after it is made of both.
            return any(sink.wants(index + ahead) for ahead in range(count))

        number = 0
        for moment, given in self._stacked(self._source.moments(wanted), count):
            self._stop.check()
            self.total = moment.index + 1
            if given is None or not sink.wants(moment.index):
                self._events.put(Step(moment.index + 1, 0))
                continue
            self._budget.acquire(self._frame_bytes)
            passing = replace(moment, picture=given)
            self._read.put(_Passing(number, passing, self._frame_bytes))
            number += 1
        self._read.close()

    def _stacked(
        self, moments: Iterator[Moment], count: int
    ) -> Iterator[tuple[Moment, Picture | None]]:
        """Yield each frame with what the network is given in its place."""
        if self._card is None or count == 1:
            for moment in moments:
                yield moment, moment.picture
            return
        channels = frame_channels(self._card)
        before: deque[Picture] = deque(maxlen=count)
        for moment in moments:
            picture = moment.picture
            if picture is None:
                before.clear()
                yield moment, None
                continue
            alpha, pixels = picture.alpha, picture.pixels
            if alpha is not None:
                pixels = bleed_colour(pixels, alpha)
            before.append(Picture(to_channels(pixels, channels)))
            frames = [one.pixels for one in before]
            frames = [frames[0]] * (count - len(frames)) + frames
            yield moment, replace(picture, pixels=stack(frames))

    def _compute_all(self) -> None:
        while True:
            try:
                passing = self._read.get()
            except Stopped:
                break
            predictor = self._load()
            self._compute(passing, predictor)
            self._made.put(passing)
        # Not where a frame has failed: the rest would be taken for all there is.
        self._made.close()

    def _compute(self, passing: _Passing, predictor: Predictor) -> None:
        picture = passing.moment.picture
        if picture is None:
            raise ValueError("The frame was not read")
        with self._clock.running():
            made, prediction = predict_picture(
                predictor,
                picture,
                bleed=self._card is None or self._card.num_frames == 1,
                cancelled=self._stop.event,
                target=self._target,
            )
        passing.moment.picture = made
        self.precision = prediction.precision
        self.warnings.update(prediction.warnings)

    def _write_all(self) -> None:
        waiting: dict[int, _Passing] = {}
        number = 0
        try:
            while True:
                passing = self._made.get()
                waiting[passing.number] = passing
                while number in waiting:
                    ready = waiting.pop(number)
                    number += 1
                    self._sink.add(ready.moment)
                    self._budget.release(ready.bytes)
                    self._events.put(Step(ready.moment.index + 1, number))
        except Stopped:
            # Either all have come, or the flow was stopped.
            self._stop.check()
        self._sink.finish(self._stop.event)
        self._events.put(None)
