"""One clip, animation or sequence: from its file to the file that is made of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_dtype
from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.inference.batch import scale_of
from imgan.inference.outcome import check_present
from imgan.inference.predictor import Predictor
from imgan.inference.report import BusyClock
from imgan.inference.report import FileRow
from imgan.inference.sizing import TargetSize
from imgan.inference.sizing import result_size
from imgan.inference.stages import Finished
from imgan.inference.stages import Told
from imgan.inference.video.clip_sink import ClipSink
from imgan.inference.video.flow import Flow
from imgan.inference.video.flow import Step
from imgan.inference.video.options import MovingOptions
from imgan.inference.video.plan import MovingJob
from imgan.inference.video.sinks import AnimationSink
from imgan.inference.video.sinks import FramesSink
from imgan.inference.video.sinks import Sink
from imgan.inference.video.sinks import picture_writer
from imgan.inference.video.sources import AnimationSource
from imgan.inference.video.sources import ClipSource
from imgan.inference.video.sources import PicturesSource
from imgan.inference.video.sources import Source
from imgan.inference.work import BatchOptions
from imgan.io.animation import read_animation
from imgan.io.formats import check_output
from imgan.io.images import remove_temporaries
from imgan.io.video.encoding import choose_encoding
from imgan.io.video.library import CLIP_FORMATS
from imgan.io.video.muxing import ROTATABLE
from imgan.io.video.probe import Clip
from imgan.io.video.probe import probe_clip
from imgan.types import Size

_DEFAULT_RATE = 24.0
_QUARTERS = (90, 270)
"""Rotations after which width and height have changed places."""


@dataclass(frozen=True)
class Advanced:
    """A clip has come to some frame."""

    row: FileRow
    fraction: float
    done: int
    total: int
    """Frames it should have; 0 where the file does not tell."""
    left: float | None
    """Seconds that the rest will take; None: not known yet."""


OnEvent = Callable[[Any], None]


class Once:
    """Loads the predictor when it is first asked for, whoever asks.

    Args:
        load: Called once.
    """

    def __init__(self, load: Callable[[], Predictor]) -> None:
        self._load, self._lock = load, threading.Lock()
        self._predictor: Predictor | None = None

    def __call__(self) -> Predictor:
        """Return the predictor."""
        with self._lock:
            if self._predictor is None:
                self._predictor = self._load()
            return self._predictor

    @property
    def device(self) -> str | None:
        """Where it computes; None: it was never needed."""
        return self._predictor.engine.device if self._predictor else None


@dataclass
class Maker:
    """Does one job after another.

    Args:
        options: What to do with every frame.
        moving: How clips are encoded.
        card: Of the model; None: bicubic enlargement.
        load: Returns the predictor.
        on_event: Told how it goes.
        clock: Counts the time in which frames are computed.
    """

    options: BatchOptions
    moving: MovingOptions
    card: Card | None
    load: Once
    on_event: OnEvent
    clock: BusyClock = field(default_factory=BusyClock)

    def process(self, job: MovingJob) -> FileRow:
        """Do one job, and say how it went."""
        row = FileRow(job.name, job.output)
        started = time.perf_counter()
        sink: Sink | None = None
        try:
            source = self._source(job)
            clip = source.clip
            size = self._result_size(clip)
            row.input_size = _as_shown(clip.size, clip)
            row.output_size = _as_shown(size, clip)
            row.warnings += clip.notes
            if self._is_there(job, size):
                row.status = "skipped"
            else:
                sink = self._sink(job, source, size)
                self._move(row, source, sink)
        except KeyboardInterrupt:
            # Its unfinished part is no part, and is removed by the next run.
            remove_temporaries()
            raise
        except Exception as error:
            row.fail(error)
        finally:
            row.seconds = time.perf_counter() - started
        if sink is not None:
            sink.close()
            row.warnings += sink.warnings
        self.on_event(Finished(row))
        return row

    def _move(self, row: FileRow, source: Source, sink: Sink) -> None:
        size = row.output_size or source.clip.size
        pixels = source.clip.size.megapixels + size.megapixels
        depth = 2 if source.clip.deep else 1
        bytes_ = round(pixels * 1e6) * 4 * depth
        target = self._target(source.clip)
        flow = Flow(source, sink, self.card, self.load, bytes_, self.clock, target)
        watch = _Watch(row, source.clip.frames, self.on_event)
        flow.run(watch)
        row.frames, row.precision = flow.total, flow.precision
        row.warnings += source.warnings() + sorted(flow.warnings)
        made = getattr(sink, "made", None)
        row.status = "skipped" if made == 0 else "done"

    def _source(self, job: MovingJob) -> Source:
        limit = self.options.max_megapixels
        if job.kind == "pictures":
            rate = Fraction(self.moving.fps or _DEFAULT_RATE).limit_denominator(1001)
            return PicturesSource(job.inputs, rate, limit)
        if job.kind == "animation":
            animation = read_animation(job.inputs[0], limit)
            return AnimationSource(animation, opaque=job.made == "clip")
        clip = probe_clip(job.inputs[0], limit)
        container = CLIP_FORMATS.get(job.output.suffix.lower())
        told = job.made == "clip" and container in ROTATABLE
        return ClipSource(clip, upright=not told)

    def _sink(self, job: MovingJob, source: Source, size: Size) -> Sink:
        options, clip = self.options, source.clip
        if job.made == "pictures":
            return self._frames_sink(job, size, clip.deep)
        if job.made == "animation":
            loop = source.loop if isinstance(source, AnimationSource) else 0
            return AnimationSink(
                job.output,
                job.image_format,
                size,
                clip.frames,
                clip.time_base,
                loop,
                options.quality,
            )
        bits = 8 if self._dtype(clip.deep) == "uint8" else 16
        encoding = choose_encoding(self.moving.encoding, clip, job.output, size, bits)
        settings = self._settings(job)
        kept = job.inputs[0] if job.kind == "clip" else None
        sink = ClipSink(job.output, encoding, settings, kept, clip.time_base)
        if sink.resumed:
            # The last part may be shorter than the others.
            done = min(sink.resumed, clip.frames or sink.resumed)
            told = f"{done} frames of {job.output} are there; going on"
            self.on_event(Told(told))
        return sink

    def _frames_sink(self, job: MovingJob, size: Size, deep: bool) -> FramesSink:
        options, kind = self.options, job.image_format
        lost = check_output(kind, size, self._dtype(deep), has_alpha=False)
        write = picture_writer(options.quality, options.compression)
        sink = FramesSink(job.output, kind, write, size, overwrite=options.overwrite)
        sink.warnings += lost
        return sink

    def _is_there(self, job: MovingJob, size: Size) -> bool:
        output = job.output
        if self.options.overwrite or job.made == "pictures" or not output.exists():
            return False
        if job.made == "animation":
            check_present(output, size)
            return True
        try:
            present = probe_clip(output).size
        except ImageReadError as error:
            raise OutputError(
                f"{output} exists and is not a clip. Remove it or use --overwrite"
            ) from error
        even = Size(size.height + size.height % 2, size.width + size.width % 2)
        if present not in (size, even):
            raise OutputError(
                f"{output} exists with {present} pixels, expected {size}. Use "
                "--overwrite to replace it"
            )
        return True

    def _result_size(self, clip: Clip) -> Size:
        """Return the size of frames as they are stored."""
        return result_size(clip.size, self._target(clip), self._scale())

    def _target(self, clip: Clip) -> TargetSize | None:
        """Return the target of frames as they are stored; they may be shown turned."""
        target = self.options.target
        return target.turned() if target and clip.rotation in _QUARTERS else target

    def _scale(self) -> float:
        return float(scale_of(self.options, self.card))

    def _dtype(self, deep: bool) -> str:
        given = "uint16" if deep else "uint8"
        return result_dtype(self.card, given) if self.card else given

    def _settings(self, job: MovingJob) -> dict[str, Any]:
        """Return all that the frames of a result depend on."""
        options, card = self.options, self.card
        return {
            "model": card.weights_sha256 if card else options.model,
            "name": options.model,
            "scale": self._scale(),
            "target": repr(options.target),
            "treatment": repr(options.treatment),
            "tile": options.tile,
            "precision": options.precision,
            "fidelity": options.fidelity,
            "keep_colors": options.keep_colors,
            "seed": options.seed if options.stochastic else None,
            "fps": self.moving.fps,
            "inputs": [_identity(path) for path in job.inputs],
        }


def _as_shown(size: Size, clip: Clip) -> Size:
    return Size(size.width, size.height) if clip.rotation in _QUARTERS else size


class _Watch:
    """Turns the steps of a flow into events, with the time that is left."""

    def __init__(self, row: FileRow, total: int, on_event: OnEvent) -> None:
        self._row, self._total, self._on_event = row, total, on_event
        self._first: tuple[float, int] | None = None

    def __call__(self, step: Step) -> None:
        total = max(self._total, step.done)
        left, now = None, time.perf_counter()
        if step.computed:
            # From the first result on: loading the model is no part of the pace.
            if self._first is None:
                self._first = now, step.computed
            made = step.computed - self._first[1]
            if made:
                left = (now - self._first[0]) / made * (total - step.done)
        fraction = step.done / total if total else 0.0
        self._on_event(Advanced(self._row, fraction, step.done, self._total, left))


def _identity(path: Path) -> list[Any]:
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]
