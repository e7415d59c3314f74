"""What becomes of inputs that move."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.inference.video.plan import count_clips
from imgan.inference.video.plan import part_animations
from imgan.inference.video.plan import plan_moving
from imgan.io.animation_writing import write_animation
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from imgan.io.selection import Selection

ANIMATED = ("animation", "animation")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two pictures, an animation and a clip, which is never opened."""
    root = tmp_path / "in"
    still = Picture(np.zeros((8, 8, 3), np.uint8))
    for name in ("2.png", "10.png"):
        write_image(still, root / name)
    other = Picture(np.full((8, 8, 3), 9, np.uint8))
    write_animation([still, other], [50, 50], root / "a.gif", "gif")
    (root / "c.mp4").touch()
    (tmp_path / "d.MKV").touch()
    return root


def kinds(plan):
    return [
        (job.kind, job.made, job.output.name, job.image_format) for job in plan.jobs
    ]


@pytest.mark.parametrize(
    ("inputs", "output", "image_format", "expected", "stills"),
    [
        (["in/c.mp4"], "o.mkv", "same", [("clip", "clip", "o.mkv", "same")], 0),
        (["in"], "o.mp4", "same", [("pictures", "clip", "o.mp4", "same")], 0),
        (["in/a.gif"], "o.mp4", "same", [("animation", "clip", "o.mp4", "same")], 0),
        (
            ["in/a.gif"],
            "o.gif",
            "same",
            [("animation", "animation", "o.gif", "gif")],
            0,
        ),
        (
            ["in/a.gif"],
            "o.png",
            "same",
            [("animation", "animation", "o.png", "png")],
            0,
        ),
        (["in/c.mp4"], "o.webp", "same", [("clip", "animation", "o.webp", "webp")], 0),
        (["in/c.mp4"], "o", "same", [("clip", "clip", "c.mp4", "same")], 0),
        (["in/c.mp4"], "o", "png", [("clip", "pictures", "o", "png")], 0),
        (
            ["in/c.mp4", "d.MKV"],
            "o",
            "jpg",
            [("clip", "pictures", "c", "jpg"), ("clip", "pictures", "d", "jpg")],
            0,
        ),
        (["in/2.png"], "o.png", "same", [], 1),
        (["in", "d.MKV"], "o", "same", [("clip", "clip", "d.MKV", "same")], 1),
        (
            ["in/a.gif", "in/2.png"],
            "o",
            "webp",
            [("animation", "animation", "a.webp", "webp")],
            1,
        ),
    ],
)
def test_what_is_made_of_what(
    inputs, output, image_format, expected, stills, folder, tmp_path
):
    paths = [tmp_path / name for name in inputs]
    plan = plan_moving(paths, tmp_path / output, image_format)
    assert kinds(plan) == expected
    assert len(plan.stills) == stills


def test_pictures_are_frames_in_natural_order(folder, tmp_path):
    (job,) = plan_moving([folder], tmp_path / "o.mp4").jobs
    assert [path.name for path in job.inputs] == ["2.png", "10.png", "a.gif"]
    assert job.name == folder


@pytest.mark.parametrize("blind", [True, False])
def test_two_spellings_are_one_clip_where_case_is_ignored(blind, tmp_path, monkeypatch):
    monkeypatch.setattr("imgan.io.collisions.ignores_case", lambda folder: blind)
    clips = [tmp_path / "x" / "c.mp4", tmp_path / "y" / "C.MP4"]
    for clip in clips:
        clip.parent.mkdir()
        clip.touch()
    refused = pytest.raises(UsageError, match="would both be written")
    with refused if blind else contextlib.nullcontext():
        plan_moving(clips, tmp_path / "o")


def test_an_animated_png_may_say_so(folder, tmp_path):
    (job,) = plan_moving([folder / "a.gif"], tmp_path / "a.apng").jobs
    assert (job.output, job.image_format) == (tmp_path / "a.apng", "png")
    (folder / "b.apng").write_bytes((folder / "2.png").read_bytes())
    plan = plan_jobs([folder], tmp_path / "o", recursive=False)
    assert tmp_path / "o" / "b.apng" in [job.output for job in plan.jobs]


def test_animations_leave_a_plan_of_pictures(folder, tmp_path):
    plan = plan_jobs([folder], tmp_path / "o", recursive=False)
    moving = part_animations(plan, "same")
    assert [job.input.name for job in plan.jobs] == ["2.png", "10.png"]
    assert [job.output.name for job in moving] == ["a.gif"]
    plan = plan_jobs([folder], tmp_path / "o", recursive=False, image_format="webp")
    assert [job.output.name for job in part_animations(plan, "webp")] == ["a.webp"]


def test_clips_in_folders_are_counted(folder, tmp_path):
    assert count_clips([folder, tmp_path / "d.MKV"]) == 1


def test_what_is_refused(folder, tmp_path):
    clip = folder / "c.mp4"
    with pytest.raises(UsageError, match="would replace the input"):
        plan_moving([clip], clip)
    with pytest.raises(UsageError, match="would replace the input"):
        plan_moving([clip], folder)
    with pytest.raises(UsageError, match="is one clip, so"):
        plan_moving([clip, tmp_path / "d.MKV"], tmp_path / "o.mp4")
    with pytest.raises(UsageError, match=r"not written; expected one of \.mp4"):
        plan_moving([clip], tmp_path / "o.wmv")
    with pytest.raises(DataError, match="No such file"):
        plan_moving([tmp_path / "none.mp4"], tmp_path / "o.mp4")
    for name in ("c.mp4", "a.gif"):
        with pytest.raises(UsageError, match="does not end like a picture"):
            plan_moving([folder / name], tmp_path / "o.mkw")
    (tmp_path / "o.mkw").mkdir()
    plan_moving([clip], tmp_path / "o.mkw")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="No picture in"):
        plan_moving([tmp_path / "empty"], tmp_path / "o.mp4")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "c.mp4").touch()
    with pytest.raises(UsageError, match="would both be written"):
        plan_moving([clip, tmp_path / "x" / "c.mp4"], tmp_path / "o")


@pytest.mark.parametrize(
    ("rules", "made"),
    [
        ("gif=webp", "a.webp"),
        ("*=jpg,gif=webp", "a.webp"),
        ("png=jpg", "a.gif"),
        ("*=png", "a.png"),
    ],
)
def test_formats_by_kind_hold_for_animations(rules, made, tmp_path):
    path = tmp_path / "a.gif"
    frames = [Picture(np.full((8, 8, 3), grey, np.uint8)) for grey in (0, 9)]
    write_animation(frames, [50, 50], path, "gif")
    (job,) = plan_moving([path], tmp_path / "out", rules).jobs
    assert job.output.name == made
    plan = plan_jobs([tmp_path], tmp_path / "o", recursive=False, image_format=rules)
    (job,) = part_animations(plan, rules)
    assert job.output.name == made


def test_a_format_that_is_none_is_refused_for_clips_too(tmp_path):
    for wrong in ("banana", "foo=bar"):
        with pytest.raises(UsageError, match=wrong.partition("=")[0]):
            plan_moving([tmp_path / "c.mp4"], tmp_path / "out", wrong)


def test_a_clip_is_made_of_the_pictures_that_were_chosen(tmp_path):
    for name in ("1.png", "2.png", "2_thumb.png"):
        (tmp_path / name).touch()
    chosen = Selection(["*.png"], ["*_thumb*"])
    (job,) = plan_moving([tmp_path], tmp_path / "o.mp4", selection=chosen).jobs
    assert [path.name for path in job.inputs] == ["1.png", "2.png"]
