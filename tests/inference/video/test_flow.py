"""A flow by itself: order, bounds, failures, and networks of several frames."""

import threading
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from imgan.errors import DataError
from imgan.inference.predictor import Predictor
from imgan.inference.report import BusyClock
from imgan.inference.video import flow as flows
from imgan.inference.video.flow import Flow
from imgan.inference.video.options import MovingOptions
from imgan.inference.video.plan import plan_moving
from imgan.inference.video.run import run_moving
from imgan.inference.video.sources import Moment
from imgan.inference.work import BatchOptions
from imgan.io.images import Picture
from imgan.io.video.codecs import EncodingChoice
from tests.inference.translators import save_negative
from tests.io.video.clips import decoded
from tests.io.video.clips import make_clip

COUNT = 40


class Numbers:
    """Frames whose shade is their number."""

    clip = SimpleNamespace(frames=COUNT)

    def __init__(self, fail_at=None):
        self.given, self.fail_at = 0, fail_at

    def moments(self, wanted):
        for index in range(COUNT):
            if index == self.fail_at:
                raise DataError("The source is at its end")
            picture = Picture(np.full((4, 4, 3), index, np.uint8))
            self.given += 1
            yield Moment(index, index, 1, picture if wanted(index) else None)

    def warnings(self):
        return []


class Collected:
    """Keeps the numbers of the frames that it was given."""

    def __init__(self, first=0):
        self.warnings, self.shades, self.finished = [], [], False
        self.first, self.gate = first, threading.Event()
        self.gate.set()

    def wants(self, index):
        return index >= self.first

    def add(self, moment):
        assert self.gate.wait(20)
        self.shades.append((moment.index, int(moment.picture.pixels[0, 0, 0])))

    def finish(self, cancelled):
        self.finished = True

    def close(self):
        pass


def flow(source, sink, frame_bytes=1):
    predictor = Predictor.load("bicubic", scale=1)
    return Flow(source, sink, None, lambda: predictor, frame_bytes, BusyClock())


@pytest.mark.parametrize("first", [0, 17])
def test_frames_come_in_their_order(first):
    sink, steps = Collected(first), []
    flow(Numbers(), sink).run(steps.append)
    assert sink.shades == [(index, index) for index in range(first, COUNT)]
    assert sink.finished
    assert steps[-1].done == COUNT
    assert steps[-1].computed == COUNT - first


def test_what_is_in_flight_is_bounded(monkeypatch):
    monkeypatch.setattr(flows, "FLIGHT_BYTES", 5)
    source, sink = Numbers(), Collected()
    sink.gate.clear()
    running = threading.Thread(target=flow(source, sink).run, args=(lambda step: 0,))
    running.start()
    running.join(0.5)
    assert 5 <= source.given <= 6
    sink.gate.set()
    running.join(20)
    assert len(sink.shades) == COUNT


def test_a_failure_of_the_source_ends_it():
    sink = Collected()
    with pytest.raises(DataError, match="at its end"):
        flow(Numbers(fail_at=9), sink).run(lambda step: None)
    assert not sink.finished
    assert len(sink.shades) <= 9


def test_a_frame_that_fails_lets_no_output_appear_without_it(monkeypatch):
    predictor = Predictor.load("bicubic", scale=1)

    def predict(pixels, **options):
        if pixels[0, 0, 0] == COUNT - 1:
            raise DataError("The last frame is lost")
        return Predictor.predict(predictor, pixels, **options)

    monkeypatch.setattr(predictor, "predict", predict)
    for _ in range(30):
        sink = Collected()
        job = Flow(Numbers(), sink, None, lambda: predictor, 1, BusyClock())
        with pytest.raises(DataError, match="is lost"):
            job.run(lambda step: None)
        assert not sink.finished


def test_a_network_of_three_frames_is_given_those_before(tmp_path: Path, monkeypatch):
    """It makes the negative of the oldest; also where a run goes on in the middle."""
    monkeypatch.setattr("imgan.inference.video.clip_sink.PART_FRAMES", 8)
    model = save_negative(tmp_path / "model", 9, 3, num_frames=3)
    source = make_clip(
        tmp_path / "a.mkv",
        codec="ffv1",
        options={},
        pixel_format="yuv444p",
        times=range(20),
        time_base=Fraction(1, 24),
        draw=lambda index: np.full((48, 64, 3), 10 * index, np.uint8),
    )
    options = BatchOptions(model=model, precision="float32")
    moving = MovingOptions(EncodingChoice("ffv1"))

    def run(load):
        jobs = plan_moving([source], tmp_path / "o.mkv").jobs
        report = run_moving(jobs, options, moving, command="translate", load=load)
        return report.files[0]

    real, calls = Predictor.load(model, precision="float32"), []
    seen = threading.Event()

    def failing(*args, **kwargs):
        calls.append(1)
        if len(calls) == 16:
            raise DataError("Stop here")
        if len(calls) > 16:
            # Until the failure is seen, which takes a while on a busy machine.
            seen.wait(1)
        return Predictor.predict(real, *args, **kwargs)

    monkeypatch.setattr(real, "predict", failing)
    assert run(lambda: real).error == "Stop here"
    assert list(tmp_path.glob(".o.mkv.*/*.part"))
    seen.set()
    # The other computing thread may have begun one more frame than the failed one.
    before = len(calls)
    assert before in (16, 17)
    row = run(lambda: real)
    assert (row.status, row.warnings) == ("done", [])
    assert len(calls) - before <= 20 - 8
    shades = [pixels.mean() for _, pixels in decoded(tmp_path / "o.mkv")]
    expected = [255 - 10 * max(0, index - 2) for index in range(20)]
    assert shades == pytest.approx(expected, abs=1.5)
