import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PIL import ImageCms

from imgan.data.resize import resize_bicubic
from imgan.errors import CheckpointError
from imgan.errors import UnknownModelError
from imgan.errors import UsageError
from imgan.inference import stages
from imgan.inference.batch import Finished
from imgan.inference.batch import run_batch
from imgan.inference.pipes import ByteBudget
from imgan.inference.pipes import Channel
from imgan.inference.pipes import Stop
from imgan.inference.pipes import Stopped
from imgan.inference.predictor import Predictor
from imgan.inference.report import BusyClock
from imgan.inference.report import FileRow
from imgan.inference.report import write_report
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs

from .networks import NearestEngine
from .networks import picture

BICUBIC = BatchOptions(model="bicubic", scale=2)


@pytest.fixture
def folder(tmp_path):
    """A folder of five pictures, one of them with transparency and one in grey."""
    source = tmp_path / "in"
    for index in range(3):
        write_image(Picture(picture(20 + index, 30, 3)), source / f"{index}.png")
    write_image(Picture(picture(9, 11)), source / "grey.png")
    alpha = (picture(12, 10) > 120).astype(np.uint8) * 255
    write_image(Picture(picture(12, 10, 3), alpha), source / "alpha.png")
    return source


def run(source, output, options=BICUBIC, **more):
    plan = plan_jobs([source], output, recursive=True)
    return run_batch(plan, options, **more)


def test_every_picture_is_enlarged(folder, tmp_path):
    report = run(folder, tmp_path / "out")
    assert [row.status for row in report.files] == ["done"] * 5
    for path in folder.iterdir():
        made = read_image(tmp_path / "out" / path.name)
        source = read_image(path)
        assert made.size == (source.size.height * 2, source.size.width * 2)
        assert (made.alpha is None) == (source.alpha is None)
        if source.alpha is None:
            expected = resize_bicubic(source.pixels, 2)
            np.testing.assert_array_equal(made.pixels, expected)


def test_a_second_run_computes_nothing(folder, tmp_path):
    run(folder, tmp_path / "out")
    out = tmp_path / "out"
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}

    def load():
        pytest.fail("nothing is to be computed, so no model is needed")

    report = run(folder, tmp_path / "out", load=load)
    assert report.count("skipped") == 5
    assert before == {
        p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()
    }


def test_another_size_is_an_error_that_names_overwrite(folder, tmp_path):
    run(folder, tmp_path / "out")
    other = BatchOptions(model="bicubic", scale=3)
    report = run(folder, tmp_path / "out", other)
    assert report.count("failed") == 5
    assert "--overwrite" in report.files[0].error
    again = BatchOptions(model="bicubic", scale=3, overwrite=True)
    assert run(folder, tmp_path / "out", again).count("done") == 5
    assert read_image(tmp_path / "out" / "grey.png").size == (27, 33)


def test_failures_never_stop_the_others(folder, tmp_path):
    (folder / "1.png").write_bytes(b"no picture")
    (folder / "0.png").write_bytes(b"")
    whole = (folder / "2.png").read_bytes()
    (folder / "3.png").write_bytes(whole[: len(whole) // 2])
    report = run(folder, tmp_path / "out")
    status = {row.input.name: row.status for row in report.files}
    assert status == {
        "0.png": "failed",
        "1.png": "failed",
        "2.png": "done",
        "3.png": "failed",
        "alpha.png": "done",
        "grey.png": "done",
    }
    assert all(row.error for row in report.files if row.status == "failed")
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_failure_while_computing_is_a_row_too(folder, tmp_path):
    class Failing(NearestEngine):
        def run(self, pixels, crop, precision, *, quantise, compiled=False):
            if pixels.shape[0] == 21:
                raise RuntimeError("strange\nthing")
            return super().run(pixels, crop, precision, quantise=quantise)

    report = run(folder, tmp_path / "out", load=lambda: Predictor(Failing()))
    assert report.count("done") == 4
    (failed,) = [row for row in report.files if row.status == "failed"]
    assert failed.input.name == "1.png"
    assert "RuntimeError: strange thing" in failed.error


def test_limits_of_the_format_and_of_memory_come_before_computing(
    tmp_path, monkeypatch
):
    write_image(Picture(picture(4, 600, 3)), tmp_path / "in" / "wide.webp")
    options = BatchOptions(model="bicubic", scale=30)

    def load():
        return Predictor(Unused())

    class Unused(NearestEngine):
        def run(self, *arguments, **options):
            pytest.fail("must not be computed")

    report = run(tmp_path / "in", tmp_path / "out", options, load=load)
    assert "16,383" in report.files[0].error
    monkeypatch.setattr("imgan.inference.outcome.memory_limit", lambda: 1000)
    report = run(tmp_path / "in", tmp_path / "out", load=load)
    assert "memory" in report.files[0].error


def test_constant_transparency_stays_constant_and_hidden_colour_bleeds(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[2:6, 2:6] = 200
    alpha = np.zeros((8, 8), np.uint8)
    alpha[2:6, 2:6] = 255
    write_image(Picture(pixels, alpha), tmp_path / "in" / "cut.png")
    opaque = np.full((8, 8), 77, np.uint8)
    write_image(Picture(pixels, opaque), tmp_path / "in" / "flat.png")
    run(tmp_path / "in", tmp_path / "out")
    cut = read_image(tmp_path / "out" / "cut.png")
    # No dark fringe: black was only there where nobody saw it.
    assert cut.pixels.min() == 200
    assert (read_image(tmp_path / "out" / "flat.png").alpha == 77).all()


def test_colours_are_kept_and_transparency_is_left_alone(tmp_path):
    class Tinting(NearestEngine):
        def run(self, pixels, crop, precision, *, quantise, compiled=False):
            made = super().run(pixels, crop, precision, quantise=quantise)
            return made._replace(pixels=made.pixels - np.uint8(20))

    pixels = np.zeros((40, 40, 3), np.uint8)
    alpha = np.zeros((40, 40), np.uint8)
    pixels[:, 20:], alpha[:, 20:], alpha[:, 30:] = 200, 128, 255
    write_image(Picture(pixels, alpha), tmp_path / "in" / "half.png")
    made = {}
    for keep in (False, True):
        out = tmp_path / f"out{keep}"
        predictor = Predictor(Tinting(), keep_colors=keep)
        run(tmp_path / "in", out, load=lambda predictor=predictor: predictor)
        made[keep] = read_image(out / "half.png")
    assert (made[False].pixels == 180).all()
    # Black that nobody saw would have pulled the rim down.
    assert (made[True].pixels == 200).all()
    np.testing.assert_array_equal(made[True].alpha, made[False].alpha)


def test_what_of_a_file_is_not_kept_is_told(folder, tmp_path):
    """Nothing is lost in silence: neither metadata nor a damaged profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = Image.fromarray(picture(8, 9, 3))
    photo.save(tmp_path / "a.png", icc_profile=profile)
    photo.save(tmp_path / "b.jpg", icc_profile=profile[:-4])
    for name, output, told in (
        ("a.png", "a.bmp", "BMP holds no colour profile, EXIF or XMP"),
        ("b.jpg", "b.png", "Its colour profile is damaged or of another kind"),
    ):
        row = run(tmp_path / name, tmp_path / "out" / output).files[0]
        assert row.status == "done"
        assert [line.partition(":")[0] for line in row.warnings] == [told]


def test_the_report_has_the_documented_keys(folder, tmp_path):
    (folder / "1.png").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    report = run(folder, tmp_path / "out")
    write_report(report, tmp_path / "report.json")
    values = json.loads((tmp_path / "report.json").read_text())
    assert list(values) == [
        "imgan",
        "command",
        "model",
        "weights_sha256",
        "device",
        "precision",
        "fidelity",
        "seed",
        "files",
        "totals",
    ]
    assert list(values["files"][0]) == [
        "input",
        "output",
        "status",
        "error",
        "warnings",
        "precision",
        "seconds",
        "input_size",
        "output_size",
    ]
    assert values["fidelity"] is None
    assert values["files"][0]["input_size"] == [20, 30]
    assert values["files"][0]["output_size"] == [40, 60]
    totals = values["totals"]
    assert (totals["done"], totals["failed"], totals["ignored"]) == (4, 1, 1)
    assert totals["input_megapixels"] == pytest.approx(
        (20 * 30 + 22 * 30 + 9 * 11 + 12 * 10) / 1e6
    )
    assert 0 < totals["network_seconds"] <= totals["seconds"]


def test_events_come_in_the_callers_thread_and_one_ends_each_picture(folder, tmp_path):
    events = []
    threads = set()

    def note(event):
        events.append(event)
        threads.add(threading.current_thread())

    run(folder, tmp_path / "out", on_event=note)
    assert sum(isinstance(event, Finished) for event in events) == 5
    assert threads == {threading.current_thread()}


def test_a_model_that_cannot_be_loaded_ends_the_batch(folder, tmp_path):
    def load():
        raise CheckpointError("damaged")

    with pytest.raises(CheckpointError, match="damaged"):
        run(folder, tmp_path / "out", load=load)
    assert not (tmp_path / "out").exists()


def test_impossible_wishes_are_refused_at_once(folder, tmp_path):
    for options, error in (
        (BatchOptions(model="nothing-such"), UnknownModelError),
        (BatchOptions(model="bicubic", scale=0.0001 - 1), UsageError),
        (BatchOptions(model="bicubic", device="tpu"), UsageError),
        (BatchOptions(model="bicubic", precision="float16"), UsageError),
    ):
        with pytest.raises(error):
            run(folder, tmp_path / "out", options)


def test_an_interrupt_removes_what_is_unfinished(folder, tmp_path, monkeypatch):
    computing = threading.Event()

    class Slow(NearestEngine):
        def run(self, pixels, crop, precision, *, quantise, compiled=False):
            computing.set()
            time.sleep(0.05)
            return super().run(pixels, crop, precision, quantise=quantise)

    def interrupt(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            folder,
            tmp_path / "out",
            on_event=interrupt,
            load=lambda: Predictor(Slow(tile=4)),
        )
    time.sleep(0.3)
    left = list((tmp_path / "out").glob(".*")) if (tmp_path / "out").exists() else []
    assert left == []


def test_results_in_flight_are_bounded(tmp_path, monkeypatch):
    for index in range(6):
        write_image(Picture(picture(40, 40, 3)), tmp_path / "in" / f"{index}.png")
    one = 80 * 80 * 3
    monkeypatch.setattr(stages, "OUTPUT_BYTES", one + 1)
    held = []
    real = ByteBudget.acquire

    def acquire(self, count):
        real(self, count)
        if self.limit == one + 1:
            held.append(self.held)

    monkeypatch.setattr(ByteBudget, "acquire", acquire)
    assert run(tmp_path / "in", tmp_path / "out").count("done") == 6
    assert held == [one] * 6


def test_what_sheets_keep_counts_until_they_are_written(tmp_path):
    """A 16-bit input, its result of twice the size in 16 bits, the sheet in 8 bits."""
    path = tmp_path / "in" / "a.png"
    write_image(Picture(picture(8, 9, 3, dtype="uint16")), path)
    item = Item(FileRow(path, tmp_path / "out.png"))
    worker = Worker(replace(BICUBIC, side_by_side=True), None, 2.0)
    worker.is_finished(item)
    worker.read(item)
    assert item.source is not None
    assert item.output_bytes == 8 * 9 * 3 * (2 + 4 * 2 + 2)


def test_a_budget_lets_a_giant_pass_alone():
    budget = ByteBudget(10, Stop())
    budget.acquire(100)
    passed = threading.Event()
    thread = threading.Thread(target=lambda: (budget.acquire(1), passed.set()))
    thread.start()
    assert not passed.wait(0.05)
    budget.release(100)
    assert passed.wait(5)
    thread.join()


def test_channels_end_when_all_writers_closed_and_when_stopped():
    stop = Stop()
    channel = Channel(2, 2, stop)
    channel.put(1)
    channel.close()
    assert channel.get() == 1
    channel.close()
    with pytest.raises(Stopped):
        channel.get()
    full = Channel(1, 1, stop)
    full.put(1)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        full.put(2)
    with pytest.raises(Stopped):
        full.get()


def test_the_clock_counts_overlapping_time_once():
    clock = BusyClock()
    started = time.perf_counter()
    with clock.running(), clock.running():
        time.sleep(0.05)
    assert 0.05 <= clock.seconds <= time.perf_counter() - started
