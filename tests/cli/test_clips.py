"""Clips on the command line: real processes, killed and interrupted ones too."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imgan.cli.main import main
from imgan.io.animation import is_animation
from imgan.io.animation import read_animation
from imgan.io.animation_writing import write_animation
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.video.probe import probe_clip
from tests.io.video.clips import decoded
from tests.io.video.clips import length_of
from tests.io.video.clips import make_clip
from tests.io.video.clips import packets_of
from tests.io.video.clips import photograph
from tests.marks import thorough

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals")
BICUBIC = ["--model", "bicubic", "--scale", "2"]


def start(*words, **options):
    words = [*map(str, words), *BICUBIC, "--preset", "ultrafast"]
    return subprocess.Popen(
        [sys.executable, "-m", "imgan", "upscale", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def upscale(*words):
    return main(["upscale", *map(str, words), *BICUBIC])


def wait_for_parts(process, folder, count):
    """Return when so many parts of a clip are there; fail if the process ends first."""
    deadline = time.monotonic() + 60
    while len(list(folder.glob(".*.imgan-work/*.part"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_clip_with_its_report(tmp_path, capsys):
    source = make_clip(tmp_path / "a.mkv", sound=True)
    report = tmp_path / "r.json"
    assert upscale(source, tmp_path / "o.mp4", "--report", report, "--crf", "30") == 0
    told = capsys.readouterr()
    assert told.out.startswith("1 done, 0 skipped, 0 failed")
    assert "[1/1]" in told.err
    (row,) = json.loads(report.read_text())["files"]
    assert (row["frames"], row["output_size"]) == (30, [96, 128])
    size = (tmp_path / "o.mp4").stat().st_size
    assert upscale(source, tmp_path / "o.mp4", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "o.mp4").stat().st_size == size
    words = ("--quiet", "--overwrite", "--crf", "10", "--preset", "fast")
    assert upscale(source, tmp_path / "o.mp4", *words) == 0
    assert (tmp_path / "o.mp4").stat().st_size > size


def test_a_codec_by_name(tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(4))
    words = ("--quiet", "--video-codec", "ffv1")
    assert upscale(source, tmp_path / "o.mkv", *words) == 0
    import av

    with av.open(str(tmp_path / "o.mkv")) as container:
        assert container.streams.video[0].codec_context.name == "ffv1"


def test_pictures_with_a_rate(tmp_path, capsys):
    for index in range(4):
        picture = Picture(photograph(24, 32, 9 * index))
        write_image(picture, tmp_path / f"in/{index}.png")
    words = [tmp_path / "in", tmp_path / "o.mp4", "--fps", "10"]
    assert upscale(*words, "--dry-run") == 2
    assert "o.mp4 would be a clip of pictures" in capsys.readouterr().err
    assert upscale(*words, "--quiet") == 0
    assert length_of(tmp_path / "o.mp4") == pytest.approx(0.4)


def test_a_folder_of_everything(tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    still = Picture(photograph(24, 32))
    write_image(still, folder / "a.png")
    write_animation(
        [still, Picture(photograph(24, 32, 99))], [50, 90], folder / "b.gif", "gif"
    )
    make_clip(folder / "c.mp4", times=range(2))
    assert upscale(folder, out) == 0
    told = capsys.readouterr()
    assert told.out.startswith("2 done, 0 skipped, 0 failed, 1 other file ignored")
    assert "1 clip beside pictures is left out: name a clip itself" in told.err
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.gif"]
    assert is_animation(out / "b.gif")
    assert read_animation(out / "b.gif").delays == (50, 90)
    assert upscale(folder, folder / "c.mp4", tmp_path / "both", "--quiet") == 0
    assert len(list((tmp_path / "both").iterdir())) == 3


def test_what_moves_and_what_does_not_keep_out_of_each_others_way(tmp_path, capsys):
    stills, moving = tmp_path / "stills", tmp_path / "moving"
    frames = [Picture(photograph(24, 32, shade)) for shade in (0, 99)]
    write_image(frames[0], stills / "cat.png")
    write_animation(frames, [50, 90], moving / "cat.png", "png")
    assert upscale(moving / "cat.png", stills, tmp_path / "out") == 2
    assert "would both be written to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    # A still GIF becomes a PNG, and a moving one stays what it is.
    write_animation(frames, [50, 90], stills / "cat.gif", "gif")
    assert upscale(stills, tmp_path / "out", "--quiet") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["cat.gif", "cat.png"]


def test_a_mixed_batch_counts_what_patterns_leave_out(tmp_path, capsys):
    frames = [Picture(photograph(24, 32, shade)) for shade in (0, 99)]
    for name in ("a.png", "b.png"):
        write_image(frames[0], tmp_path / "in" / name)
    write_animation(frames, [50, 90], tmp_path / "in" / "c.gif", "gif")
    report = tmp_path / "r.json"
    words = [tmp_path / "in", tmp_path / "out", "--exclude", "b.*", "--report", report]
    assert upscale(*words) == 0
    assert "2 done, 0 skipped, 0 failed, 1 left out" in capsys.readouterr().out
    (tmp_path / "out" / "a.png").unlink()
    assert upscale(*words) == 0
    totals = json.loads(report.read_text())
    assert (totals["precision"], totals["totals"]["excluded"]) == ("float32", 1)


def test_a_name_with_a_colon_is_no_protocol(tmp_path, monkeypatch):
    make_clip(tmp_path / "12:30.mkv", times=range(2))
    monkeypatch.chdir(tmp_path)
    assert upscale("12:30.mkv", "12:31.mkv", "--quiet") == 0
    assert len(decoded(tmp_path / "12:31.mkv")) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.mkv", "o.mp4", "--video-codec", "h265"], "Did you mean"),
        (["a.mkv", "o.mp4", "--crf", "60"], "from 0, best, to 51"),
        (["a.mkv", "o.mp4", "--cluster", "local"], "leave it out"),
        (["a.mkv", "o.mp4", "--fps", "9"], "--fps is for clips made of pictures"),
        (["a.mkv", "o", "--format", "png", "--crf", "9"], "none is made"),
        (["a.mkv", "a.mkv"], "would replace the input"),
        (["a.mkv", "o.mp4", "--dry-run"], "and a.mkv moves"),
    ],
)
def test_wrong_words_are_refused_at_once(words, message, tmp_path, capsys, monkeypatch):
    make_clip(tmp_path / "a.mkv", times=range(2))
    monkeypatch.chdir(tmp_path)
    assert upscale(*words) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_without_pyav_one_line_names_the_extra(tmp_path, capsys, monkeypatch):
    source = make_clip(tmp_path / "a.mkv", times=range(2))
    monkeypatch.setitem(sys.modules, "av", None)
    assert upscale(source, tmp_path / "o.mp4") == 1
    told = capsys.readouterr().err.splitlines()
    assert told == ['imgan: Video needs an extra: pip install "imgan[video]"']


def test_a_bad_clip_is_one_line(tmp_path, capsys):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(make_clip(tmp_path / "a.mp4").read_bytes()[:-900])
    assert upscale(bad, tmp_path / "o.mp4", "--quiet") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "bad.mp4" in line
    assert "cut off" in line or "truncated" in line
    assert not (tmp_path / "o.mp4").exists()


@POSIX
@pytest.mark.slow
def test_ctrl_c_is_answered_and_the_rest_is_made_later(tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(300), size=(32, 48))
    process = start(source, tmp_path / "o.mp4")
    wait_for_parts(process, tmp_path, 1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command goes on" in told
    assert not (tmp_path / "o.mp4").exists()
    finished = start(source, tmp_path / "o.mp4")
    _, told = finished.communicate(timeout=120)
    assert finished.returncode == 0, told
    assert " frames of " in told
    assert len(decoded(tmp_path / "o.mp4")) == 300
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "o.mp4"]


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize(("room", "parts"), [thorough(40_000, False), (82_000, True)])
def test_a_full_disk_is_one_line_and_what_is_there_is_kept(room, parts, tmp_path):
    """Of a part, then of the clip: a limit for files stands for a disk."""
    import resource

    source = make_clip(tmp_path / "a.mkv", times=range(120), size=(32, 48))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    process = start(source, tmp_path / "o.mp4", "--crf", "10", preexec_fn=limit)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1, told
    (line,) = [one for one in told.splitlines() if one.startswith("imgan: ")]
    assert line.endswith("o.mp4: File too large")
    assert not (tmp_path / "o.mp4").exists()
    assert bool(list(tmp_path.glob(".*.imgan-work/*.part"))) == parts
    again = start(source, tmp_path / "o.mp4", "--crf", "10")
    _, told = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert ("120 frames of" in told) == parts
    assert len(decoded(tmp_path / "o.mp4")) == 120


@POSIX
@pytest.mark.thorough
def test_ten_seconds_of_360p_killed_in_the_middle(tmp_path):
    """What the feature is for, at its size."""
    source = make_clip(
        tmp_path / "a.mp4",
        size=(360, 640),
        times=range(240),
        sound=True,
        subtitle="mov_text",
    )
    whole = start(source, tmp_path / "whole.mp4")
    _, told = whole.communicate(timeout=600)
    assert whole.returncode == 0, told
    killed = start(source, tmp_path / "o.mp4")
    wait_for_parts(killed, tmp_path, 1)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / "o.mp4").exists()
    again = start(source, tmp_path / "o.mp4")
    _, told = again.communicate(timeout=600)
    assert again.returncode == 0, told
    assert " frames of " in told
    clip = probe_clip(tmp_path / "o.mp4")
    assert (clip.size, clip.frames) == ((720, 1280), 240)
    assert length_of(tmp_path / "o.mp4") == pytest.approx(10)
    for kind in ("audio", "subtitle"):
        kept = packets_of(tmp_path / "o.mp4", kind)
        assert kept == packets_of(source, kind)
        assert kept == packets_of(tmp_path / "whole.mp4", kind)
    undisturbed = decoded(tmp_path / "whole.mp4")
    for one, other in zip(undisturbed, decoded(tmp_path / "o.mp4"), strict=True):
        assert one[0] == other[0]
        assert np.array_equal(one[1], other[1])
    names = sorted(path.name for path in Path(tmp_path).iterdir())
    assert names == ["a.mp4", "o.mp4", "whole.mp4"]
