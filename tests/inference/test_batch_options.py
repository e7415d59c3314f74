"""What options do to a whole batch: sizes, grey, models, stopping, refusals."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from imgan.data.pixels import to_channels
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.inference.batch import check_request
from imgan.inference.batch import run_batch
from imgan.inference.combinations import check_for_cluster
from imgan.inference.combinations import check_options
from imgan.inference.planning import AUTO_MODEL
from imgan.inference.planning import FileOptions
from imgan.inference.planning import plan_batch
from imgan.inference.predictor import Predictor
from imgan.inference.report import FileRow
from imgan.inference.sizing import TargetSize
from imgan.inference.treatment import Treatment
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.io.images import Picture
from imgan.io.images import active_temporaries
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.metadata import Metadata
from imgan.io.paths import plan_jobs

from .networks import NearestEngine
from .networks import card
from .networks import picture
from .networks import translation_card

BICUBIC = BatchOptions(model="bicubic")
SIZES = {"a": (20, 30), "b": (40, 30), "c": (7, 90)}


@pytest.fixture
def folder(tmp_path):
    for name, size in SIZES.items():
        write_image(Picture(picture(*size, 3)), tmp_path / "in" / f"{name}.png")
    return tmp_path / "in"


def run(folder, options, **more):
    plan = plan_jobs([folder], folder.parent / "out", recursive=False)
    return run_batch(plan, options, **more)


def sizes(folder):
    return [read_image(path).size for path in sorted((folder.parent / "out").iterdir())]


def test_each_picture_has_a_scale_of_its_own(folder):
    options = replace(BICUBIC, target=TargetSize(60, 50))
    report = run(folder, options)
    assert report.count("done") == 3
    assert sizes(folder) == [(40, 60), (50, 38), (5, 60)]
    assert [row.output_size for row in report.files] == sizes(folder)


def test_what_has_the_target_size_is_there_already(folder):
    options = replace(BICUBIC, target=TargetSize(width=60))
    run(folder, options)
    assert run(folder, options).count("skipped") == 3
    other = run(folder, replace(BICUBIC, target=TargetSize(width=61)))
    assert other.count("failed") == 3
    assert "--overwrite" in other.files[0].error


def test_a_picture_that_is_too_small_fails_alone(folder):
    report = run(folder, replace(BICUBIC, target=TargetSize(height=500)))
    assert [row.status for row in report.files] == ["done", "done", "failed"]
    assert "71 times" in report.files[2].error


def test_transparency_has_the_target_size_too(folder):
    alpha = (picture(20, 30) > 100).astype(np.uint8) * 255
    write_image(Picture(picture(20, 30, 3), alpha), folder / "a.png")
    run(folder, replace(BICUBIC, target=TargetSize(33, 44, "crop")))
    made = read_image(folder.parent / "out" / "a.png")
    assert made.alpha.shape == made.pixels.shape[:2] == (44, 33)


@pytest.mark.parametrize(
    ("target", "fidelity", "expected"),
    [
        (TargetSize(width=60), None, "x2"),
        (TargetSize(width=61), None, "x4"),
        (TargetSize(width=80, height=14), None, "x2"),
        (TargetSize(width=90), 0.5, "x4-photo"),
    ],
)
def test_the_largest_enlargement_chooses_the_model(folder, target, fidelity, expected):
    (folder / "damaged.png").write_bytes(b"")
    options = BatchOptions(model=AUTO_MODEL, target=target, fidelity=fidelity)
    out = folder.parent / "out"
    _, chosen = plan_batch([folder], out, FileOptions(), options, "upscale")
    assert chosen.model == expected


def test_names_know_the_scale_and_size_of_each_picture(folder):
    (folder / "damaged.png").write_bytes(b"")
    files = FileOptions(name="{stem}_{model}_x{scale}_{width}x{height}")
    options = replace(BICUBIC, target=TargetSize(width=60))
    plan, _ = plan_batch([folder], folder.parent / "o", files, options, "upscale")
    assert [job.output.name for job in plan.jobs] == [
        "a_bicubic_x2_60x40.png",
        "b_bicubic_x2_60x80.png",
        "c_bicubic_x0.7143_60x5.png",
        "damaged.png",
    ]


def test_names_read_no_headers_where_they_need_none(folder, monkeypatch):
    monkeypatch.setattr("imgan.inference.planning.read_size", pytest.fail)
    files = FileOptions(name="{stem}_x{scale}")
    out = folder.parent / "o"
    plan, _ = plan_batch([folder], out, files, replace(BICUBIC, scale=2.5), "upscale")
    assert plan.jobs[0].output.name == "a_x2.5.png"


def test_grey_results_of_any_input(folder):
    profile = bytes(16) + b"RGB " + bytes(108)
    profile = len(profile).to_bytes(4, "big") + profile[4:]
    alpha = np.full((20, 30), 90, np.uint8)
    coloured = Picture(picture(20, 30, 3), alpha, Metadata(icc=profile))
    write_image(coloured, folder / "a.png")
    write_image(Picture(picture(9, 9, dtype="uint16")), folder / "b.png")
    grey = replace(BICUBIC, treatment=Treatment(grey=True), scale=2)
    assert run(folder, grey).count("done") == 3
    made = [read_image(path) for path in sorted((folder.parent / "out").iterdir())]
    assert all(one.is_grey for one in made)
    assert (made[0].alpha == 90).all()
    assert made[0].metadata.icc is None
    assert made[1].pixels.dtype == np.uint16
    luma = to_channels(read_image(folder / "c.png").pixels, 1)[..., 0]
    expected = Predictor.load("bicubic", scale=2)(luma)
    np.testing.assert_array_equal(made[2].pixels, expected)


def test_a_translation_into_colour_comes_out_grey(folder):
    class Negative(NearestEngine):
        translates = True

        def run(self, pixels, crop, precision, **how):
            made = super().run(pixels, crop, precision, **how)
            return made._replace(pixels=255 - made.pixels)

    worker = Worker(
        BatchOptions(treatment=Treatment(grey=True)), translation_card(), 1.0
    )
    item = Item(FileRow(folder / "a.png", folder.parent / "out.png"))
    assert not worker.is_finished(item)
    worker.read(item)
    assert item.picture.pixels.shape == (20, 30, 3)
    assert item.output_bytes == 600
    predictor = Predictor(Negative(1))
    worker.compute(item, predictor, lambda *counts: None, threading.Event())
    worker.write(item, threading.Event())
    made = read_image(folder.parent / "out.png").pixels
    negative = 255 - read_image(folder / "a.png").pixels
    np.testing.assert_array_equal(made, to_channels(negative, 1)[..., 0])


def test_an_ensemble_and_a_texture_reach_the_predictor(folder):
    loaded = {}

    class Spy(Predictor):
        @classmethod
        def load(cls, model, **options):
            loaded.update(options)
            return Predictor(NearestEngine(4))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imgan.inference.batch.Predictor", Spy)
        options = BatchOptions(model="x4", treatment=Treatment(tta=True, wrap="x"))
        run(folder, options)
    assert (loaded["tta"], loaded["wrap"]) == (True, "x")


def load_slow(begun):
    """A predictor whose tiles wait until the failure is noticed."""

    class Slow(NearestEngine):
        def run(self, *args, **options):
            begun.wait(5)
            return super().run(*args, **options)

    return lambda: Predictor(Slow(4))


def test_the_first_failure_stops_the_batch(folder):
    for index in range(40):
        write_image(Picture(picture(8, 8, 3)), folder / f"z{index:02d}.png")
    (folder / "d.png").write_bytes(b"no picture")
    options = BatchOptions(model="x4", on_error="stop")
    begun, ended = threading.Event(), []

    def on_event(event):
        ended.append(event)
        if getattr(event, "row", None) and event.row.status == "failed":
            begun.set()

    report = run(folder, options, load=load_slow(begun), on_event=on_event)
    counts = {one: report.count(one) for one in ("done", "failed", "not_done")}
    assert counts["failed"] == 1
    assert counts["done"] <= 3
    assert sum(counts.values()) == 44
    out = folder.parent / "out"
    done = {row.output.name for row in report.files if row.status == "done"}
    assert {path.name for path in out.glob("*")} == done
    assert not active_temporaries()
    assert report.to_json()["totals"]["not_done"] == counts["not_done"]
    assert f"{counts['not_done']} not done" in report.summary()
    again = run(folder, replace(options, on_error="continue"), load=load_slow(begun))
    assert again.count("skipped") == counts["done"]
    assert again.count("done") == 43 - counts["done"]


def test_a_folder_that_cannot_be_listed_stops_too(folder):
    plan = plan_jobs([folder], folder.parent / "out", recursive=False)
    plan.unreadable.append(folder / "secret")
    with pytest.raises(DataError, match="secret"):
        run_batch(plan, replace(BICUBIC, on_error="stop"))
    assert not (folder.parent / "out").exists()


TARGET = TargetSize(10, 10, "crop")


@pytest.mark.parametrize(
    ("options", "model", "expected"),
    [
        ({"target": TARGET, "scale": 2}, None, "exclude each other"),
        ({"target": TARGET}, translation_card(), "keeps their size"),
        ({"target": TARGET, "keep_colors": True}, card(), "--keep-colors needs whole"),
        (
            {"target": TARGET, "treatment": Treatment(wrap="x")},
            card(),
            "--wrap needs whole",
        ),
        ({"on_error": "stpo"}, None, "Did you mean 'stop'"),
        ({"jobs": 0}, None, "--jobs must be at least 1"),
        ({"treatment": Treatment(tta=True)}, None, "--tta"),
    ],
)
def test_options_that_do_not_go_together(options, model, expected):
    with pytest.raises(UsageError, match=expected):
        check_options(BatchOptions(**options), model)


def test_the_request_is_checked_for_its_options():
    with pytest.raises(UsageError, match="--tta"):
        check_request(replace(BICUBIC, treatment=Treatment(tta=True)), "upscale")


@pytest.mark.parametrize(
    ("options", "option"),
    [({"on_error": "stop"}, "--on-error stop"), ({"jobs": 2}, "--jobs")],
)
def test_a_cluster_refuses_what_it_does_not_do(options, option):
    with pytest.raises(UsageError, match=option):
        check_for_cluster(BatchOptions(**options))


def test_targets_of_sheets_keep_their_names(folder):
    options = BatchOptions(targets=folder, side_by_side=True)
    files, out = FileOptions(name="{stem}"), folder.parent / "out"
    with pytest.raises(UsageError, match="drop --name"):
        plan_batch([folder], out, files, options, "translate")
