"""Options of `imgan upscale` and `imgan translate` as a user gives them."""

import json
import re

import numpy as np
import pytest

from imgan.cli.main import load_command
from imgan.cli.main import main
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image

PANELS = ("Results", "Which files", "Speed and memory", "How it runs")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    for name in ("a.png", "b_thumb.png", "c.jpg", "d.tif"):
        pixels = random.integers(0, 256, (20, 30, 3), np.uint8)
        write_image(Picture(pixels), tmp_path / "in" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "in"


def upscale(*words):
    return main(["upscale", "in", "out", "--model", "bicubic", *words])


def made(folder):
    return sorted(path.name for path in (folder.parent / "out").iterdir())


def test_a_target_names_formats_and_patterns_at_once(folder, capsys):
    words = ["--width", "50", "--height", "50", "--fit", "crop", "--grey"]
    words += ["--format", "tif=png,*=same", "--exclude", "*_thumb.*"]
    words += ["--name", "{index}-{stem}-{width}x{height}", "--wrap", "none"]
    assert upscale(*words, "--report", "r.json") == 0
    assert made(folder) == ["1-a-50x50.png", "2-c-50x50.jpg", "3-d-50x50.png"]
    pictures = [read_image(path) for path in (folder.parent / "out").iterdir()]
    assert all(one.size == (50, 50) and one.is_grey for one in pictures)
    assert "1 left out by patterns" in capsys.readouterr().out
    assert json.loads((folder.parent / "r.json").read_text())["totals"]["excluded"] == 1
    assert upscale(*words) == 0
    assert "3 skipped" in capsys.readouterr().out


def test_a_dry_run_leaves_no_trace_and_reports(folder, capsys):
    assert upscale("--scale", "2", "--dry-run", "--report", "r.json") == 0
    told = capsys.readouterr()
    assert "\ndry run: 4 to make" in told.out
    assert not (folder.parent / "out").exists()
    report = json.loads((folder.parent / "r.json").read_text())
    assert {row["status"] for row in report["files"]} == {"planned"}
    assert report["dry_run"]["pictures"] == 4
    assert upscale("--scale", "2", "--dry-run", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_a_dry_run_names_what_would_fail(folder, capsys):
    (folder / "a.png").write_bytes(b"text")
    assert upscale("--dry-run") == 1
    told = capsys.readouterr()
    assert "1 would fail" in told.out
    assert re.search(r"^imgan: .*a\.png.*not a picture", told.err, re.MULTILINE)


def test_a_dry_run_may_measure(folder, capsys, monkeypatch):
    monkeypatch.setattr("imgan.inference.speed.measure_batch", lambda options: 0.5)
    assert upscale("--dry-run", "--measure") == 0
    assert "0.5 megapixels/s, measured on this machine" in capsys.readouterr().out


def test_the_first_failure_ends_the_batch(folder, capsys):
    for index in range(30):
        name = f"z{index:02d}.png"
        (folder / name).write_bytes((folder / "b_thumb.png").read_bytes())
    (folder / "a.png").write_bytes(b"")
    assert upscale("--on-error", "stop") == 1
    told = capsys.readouterr()
    assert "0 done, 0 skipped, 1 failed, 33 not done" in told.out
    assert told.err.count("a.png") == 1
    assert not (folder.parent / "out").exists()


def test_jobs_are_handed_on(folder, monkeypatch):
    given = []
    monkeypatch.setattr("imgan.inference.threads.limit_threads", given.append)
    assert upscale("--jobs", "1", "--quiet") == 0
    assert given == [1]


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--width", "9", "--scale", "2"], 2, "exclude each other"),
        (["--fit", "crop"], 2, "--width and --height"),
        (["--width", "9", "--fit", "crop"], 2, "needs both"),
        (["--width", "0"], 2, "--width"),
        (["--tta"], 2, "bicubic"),
        (["--wrap", "xy"], 2, "--wrap must be one of"),
        (["--pattern", "*.gif"], 1, "--pattern *.gif matches no picture"),
        (["--format", "tif=pgn"], 2, "Did you mean 'png'"),
        (["--name", "{stm}"], 2, "Did you mean 'stem'"),
        (["--name", "x"], 2, "both be written"),
        (["--on-error", "halt"], 2, "--on-error must be one of"),
        (["--jobs", "0"], 2, "--jobs"),
        (["--measure"], 2, "--measure is of --dry-run"),
        (["--report", "in/a.png"], 2, "is named like a picture or a clip"),
        (["--report", "-"], 2, "--report cannot be stdout"),
        (["--cluster", "local", "--jobs", "2"], 2, "--jobs is for one machine"),
        (["--cluster", "local", "--on-error", "stop"], 2, "--on-error stop is for one"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(
    folder, capsys, words, code, expected
):
    if "x" in words:
        (folder / "a2.png").write_bytes((folder / "a.png").read_bytes())
    assert upscale(*words) == code
    assert expected in " ".join(capsys.readouterr().err.split())
    assert not (folder.parent / "out").exists()


@pytest.mark.parametrize("command", ["upscale", "translate"])
def test_help_is_in_sections_and_every_option_has_a_line(command, capsys):
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    places = [told.index(f"\n{panel}:\n") for panel in PANELS]
    assert places == sorted(places)
    for one in load_command(command).params:
        bare = one.name in ("device", "paths")
        assert bare or one.help, one.name


def test_a_translation_has_no_sizes_and_no_ensemble(folder, capsys):
    for option in (["--width", "9"], ["--tta"], ["--fit", "crop"]):
        assert main(["translate", "in", "out", "--model", "x", *option]) == 2
        assert "No such option" in capsys.readouterr().err
