"""Dry runs: what they say, and that they leave no trace."""

from collections import namedtuple
from dataclasses import replace

import pytest

from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.errors import OutputError
from imgan.inference.batch import run_batch
from imgan.inference.dry_run import dry_run
from imgan.inference.sizing import TargetSize
from imgan.inference.treatment import Treatment
from imgan.inference.work import BatchOptions
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs

from .networks import picture

BICUBIC = BatchOptions(model="bicubic", scale=2)


@pytest.fixture
def folder(tmp_path):
    for index in range(4):
        write_image(Picture(picture(100, 50, 3)), tmp_path / "in" / f"{index}.png")
    return tmp_path / "in"


def try_out(folder, options=BICUBIC, image_format="same", **more):
    out = folder.parent / "out" / "deep"
    plan = plan_jobs([folder], out, recursive=False, image_format=image_format)
    return dry_run(plan, options, "upscale", **more)


def test_nothing_is_written(folder):
    found = try_out(folder)
    assert found.succeeds
    assert not (folder.parent / "out").exists()
    assert [row.status for row in found.report.files] == ["planned"] * 4
    assert found.estimate.pictures == 4
    assert found.estimate.input_megapixels == pytest.approx(0.02)
    assert found.estimate.output_megapixels == pytest.approx(0.08)
    assert found.estimate.formats == {"png": 4}
    lines = found.text().splitlines()
    output = folder.parent / "out" / "deep"
    names = [f"{index}.png" for index in range(4)]
    assert lines[:4] == [f"{folder / name} -> {output / name}" for name in names]
    assert lines[4].startswith(
        "dry run: 4 to make, 0 there already, 0 would fail; 0.02 megapixels in, 0.08"
    )


def test_what_is_there_is_skipped_and_costs_nothing(folder):
    plan = plan_jobs([folder], folder.parent / "out" / "deep", recursive=False)
    run_batch(plan, BICUBIC)
    (folder.parent / "out" / "deep" / "2.png").unlink()
    found = try_out(folder)
    assert found.report.count("skipped") == 3
    assert found.estimate.pictures == 1
    assert try_out(folder, replace(BICUBIC, overwrite=True)).estimate.pictures == 4


def test_it_fails_where_the_batch_would(folder):
    (folder / "0.png").write_bytes(b"")
    write_image(Picture(picture(1, 9000, 3)), folder / "1.png")
    write_image(Picture(picture(150, 100, 3)), folder / "2.png")
    options = replace(BICUBIC, max_megapixels=0.01)
    found = try_out(folder, options, image_format="webp")
    assert not found.succeeds
    errors = [row.error or "" for row in found.report.files]
    assert "empty" in errors[0]
    assert "WebP holds at most 16,383" in errors[1]
    assert "--max-megapixels" in errors[2]
    assert found.report.files[3].status == "planned"
    json = found.report.to_json()
    assert json["totals"]["failed"] == 3
    assert json["dry_run"]["pictures"] == 1
    # The batch itself says the same.
    plan = plan_jobs(
        [folder], folder.parent / "real", recursive=False, image_format="webp"
    )
    real = [row.error or "" for row in run_batch(plan, options).files]
    assert [bool(one) for one in real] == [bool(one) for one in errors]


def test_memory_is_looked_at(folder, monkeypatch):
    monkeypatch.setattr("imgan.inference.outcome.memory_limit", lambda: 10_000)
    assert "of memory" in try_out(folder).report.files[0].error


def test_what_is_written_by_rows_needs_no_memory_for_all_of_it(folder, monkeypatch):
    write_image(Picture(picture(2000, 2500, 3)), folder / "0.png")
    options = replace(BICUBIC, scale=8)
    monkeypatch.setattr("imgan.inference.outcome.memory_limit", lambda: 900_000_000)
    assert try_out(folder, options).report.files[0].status == "planned"
    found = try_out(folder, options, image_format="bmp")
    assert "of memory" in found.report.files[0].error


@pytest.fixture
def cards_machine(monkeypatch):
    """The machine that the card of `x4` was measured on."""
    speed = read_card(resolve("x4")).speed
    where = "imgan.inference.expected_speed.this_machine"
    monkeypatch.setattr(where, lambda: speed.machine)
    return speed


def test_a_card_tells_the_time_and_where_it_was_taken(folder, cards_machine):
    options = BatchOptions(model="x4", precision=cards_machine.precision)
    found = try_out(folder, options)
    plain = found.estimate
    assert plain.seconds == pytest.approx(
        0.02 / float(plain.seconds_by.split()[0]), rel=0.01
    )
    assert "by the card of x4, on " in found.text()
    eight = try_out(folder, replace(options, treatment=Treatment(tta=True)))
    assert eight.estimate.seconds == pytest.approx(8 * plain.seconds)


def test_a_card_tells_no_time_of_another_machine(folder, monkeypatch):
    where = "imgan.inference.expected_speed.this_machine"
    monkeypatch.setattr(where, lambda: "64 cores of Some CPU")
    speed = read_card(resolve("x4")).speed
    found = try_out(folder, BatchOptions(model="x4", precision=speed.precision))
    assert found.succeeds
    assert found.report.to_json()["dry_run"]["seconds"] is None
    (line,) = [one for one in found.text().splitlines() if one.startswith("time: ")]
    assert line == (
        f"time: not known (the card's {speed.megapixels_per_second} megapixels/s in "
        f"{speed.precision} are from another machine, {speed.machine}; here it is "
        f"{speed.precision} on 64 cores of Some CPU; --measure or `imgan models x4 "
        "--measure` times it here)"
    )


@pytest.mark.parametrize(
    ("changes", "here"),
    [
        ({"precision": "float32"}, "{}; here it is float32 on {};"),
        ({"device": "gpu:0"}, "another machine, {}; here it is bfloat16 on gpu:0;"),
    ],
)
def test_a_card_tells_no_time_of_another_precision_or_device(
    folder, cards_machine, changes, here
):
    options = BatchOptions(model="x4", precision="bfloat16")
    estimate = try_out(folder, replace(options, **changes)).estimate
    assert estimate.seconds is None
    machine = cards_machine.machine
    assert f"in bfloat16 are from {here.format(machine, machine)}" in (
        estimate.seconds_by
    )


@pytest.mark.parametrize(("flag", "known"), [("amx_bf16", True), ("avx2", False)])
def test_the_precision_is_what_this_processor_would_take(
    folder, cards_machine, monkeypatch, flag, known
):
    flags = "imgan.inference.precision.cpu_flags"
    monkeypatch.setattr(flags, lambda: frozenset({flag}))
    estimate = try_out(folder, BatchOptions(model="x4")).estimate
    assert (estimate.seconds is not None) == known


def test_a_measured_speed_wins_over_the_cards(folder):
    found = try_out(folder, BatchOptions(model="x4"), megapixels_per_second=0.001)
    assert found.estimate.seconds == pytest.approx(20)
    assert "about 20 s (0.001 megapixels/s, measured on this machine)" in found.text()


def test_a_crop_takes_the_time_of_what_it_shows(folder):
    """Squares out of pictures twice as high as wide."""
    options = BatchOptions(model="x4", target=TargetSize(40, 40, "crop"))
    found = try_out(folder, options, megapixels_per_second=0.001)
    assert found.estimate.seconds == pytest.approx(10)
    assert found.estimate.input_megapixels == pytest.approx(0.02)


def test_bicubic_has_no_time(folder):
    assert try_out(folder).estimate.seconds is None


def test_the_disk_is_compared(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        "imgan.inference.dry_run.shutil.disk_usage", lambda path: usage(9, 9, 1000)
    )
    found = try_out(folder, image_format="bmp")
    assert found.estimate.bytes == 80_000 * 3
    assert not found.succeeds
    assert "about 240.0 kB (4 bmp); 1.0 kB are free: too little" in found.text()
    grey = try_out(folder, replace(BICUBIC, treatment=Treatment(grey=True)), "bmp")
    assert grey.estimate.bytes == 80_000


def test_targets_count_as_they_come_out(folder):
    options = BatchOptions(model="bicubic", target=TargetSize(40, 40, "crop"))
    assert try_out(folder, options).estimate.output_megapixels == pytest.approx(0.0064)


def test_a_folder_without_permission_is_told(folder, monkeypatch):
    monkeypatch.setattr("imgan.inference.dry_run.os.access", lambda *words: False)
    with pytest.raises(OutputError, match="cannot be written to"):
        try_out(folder)
