import os
import subprocess
import sys
from pathlib import Path

import pytest

from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.io.paths import natural_key
from imgan.io.paths import plan_jobs
from imgan.io.paths import remove_stale_temporaries
from imgan.io.temporaries import machine_name


def make(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def outputs(plan, output):
    return [job.output.relative_to(output).as_posix() for job in plan.jobs]


@pytest.fixture
def tree(tmp_path):
    names = ["10.png", "2.PNG", "a.jpeg", "notes.txt", "sub/b.tif", "sub/deep/c.gif"]
    return make(tmp_path / "in", *names)


def test_only_the_folder_itself_unless_recursive(tree, tmp_path):
    out = tmp_path / "out"
    plan = plan_jobs([tree], out, recursive=False)
    assert outputs(plan, out) == ["2.PNG", "10.png", "a.jpeg"]
    assert (plan.ignored, plan.unvisited) == (1, 1)
    (tree / "out").mkdir()
    assert plan_jobs([tree], tree / "out", recursive=False).unvisited == 1
    (tree / "out").rmdir()
    plan = plan_jobs([tree], out, recursive=True)
    assert plan.unvisited == 0
    names = ["2.PNG", "10.png", "a.jpeg", "sub/b.tif", "sub/deep/c.png"]
    assert outputs(plan, out) == names
    assert plan.jobs[3].input == tree / "sub" / "b.tif"
    assert not out.exists()


def test_a_format_renames_only_what_differs(tree, tmp_path):
    out = tmp_path / "out"
    plan = plan_jobs([tree], out, recursive=True, image_format="jpg")
    names = ["2.jpg", "10.jpg", "a.jpeg", "sub/b.jpg", "sub/deep/c.jpg"]
    assert outputs(plan, out) == names
    plan = plan_jobs([tree], out, recursive=False, image_format="tiff")
    assert outputs(plan, out) == ["2.tif", "10.tif", "a.tif"]
    with pytest.raises(UsageError, match="'gif'"):
        plan_jobs([tree], out, recursive=False, image_format="gif")


def test_one_file_to_one_file(tree, tmp_path):
    plan = plan_jobs([tree / "10.png"], tmp_path / "x.webp", recursive=False)
    assert plan.jobs[0].output == tmp_path / "x.webp"
    for inputs in ([tree], [tree / "10.png", tree / "2.PNG"]):
        with pytest.raises(UsageError, match="exactly one input file"):
            plan_jobs(inputs, tmp_path / "x.png", recursive=False)
    with pytest.raises(UsageError, match="not written"):
        plan_jobs([tree / "10.png"], tmp_path / "x.gif", recursive=False)
    with pytest.raises(UsageError, match="contradicts --format jpg"):
        plan_jobs(
            [tree / "10.png"], tmp_path / "x.png", recursive=False, image_format="jpg"
        )


def test_folders_named_like_pictures_are_folders(tmp_path):
    make(tmp_path / "in.png", "a.png", "b.jpg/c.png")
    (tmp_path / "out.png").mkdir()
    plan = plan_jobs([tmp_path / "in.png"], tmp_path / "out.png", recursive=True)
    assert outputs(plan, tmp_path / "out.png") == ["a.png", "b.jpg/c.png"]
    plan = plan_jobs([tmp_path / "in.png"], tmp_path / "out.png", recursive=False)
    assert outputs(plan, tmp_path / "out.png") == ["a.png"]


def test_two_inputs_with_one_output_name_both(tmp_path):
    make(tmp_path, "a/x.png", "b/x.png", "c/y.jpg", "c/y.png")
    out = tmp_path / "out"
    with pytest.raises(UsageError, match=r"a/x\.png and .*b/x\.png"):
        plan_jobs([tmp_path / "a", tmp_path / "b"], out, recursive=False)
    with pytest.raises(UsageError, match=r"y\.jpg and .*y\.png"):
        plan_jobs([tmp_path / "c"], out, recursive=False, image_format="png")
    assert len(plan_jobs([tmp_path / "c"], out, recursive=False).jobs) == 2


def test_a_file_named_twice_is_one_job(tree, tmp_path):
    twice = [tree / "10.png", tree, tree / "sub" / ".." / "2.PNG"]
    plan = plan_jobs(twice, tmp_path / "out", recursive=False)
    assert len(plan.jobs) == 3


def test_inputs_are_never_replaced(tree, tmp_path):
    with pytest.raises(UsageError, match="both input and output"):
        plan_jobs([tree], tree, recursive=False)
    with pytest.raises(UsageError, match="replace the input"):
        plan_jobs([tree / "10.png"], tree, recursive=False)
    with pytest.raises(UsageError, match="replace the input"):
        plan_jobs([tree / "10.png"], tree / "10.png", recursive=False)
    (tmp_path / "link.png").symlink_to(tree / "10.png")
    with pytest.raises(UsageError, match="replace the input"):
        plan_jobs([tmp_path / "link.png"], tree / "10.png", recursive=False)
    plan = plan_jobs([tree / "10.png"], tree, recursive=False, image_format="webp")
    assert outputs(plan, tree) == ["10.webp"]


def test_the_output_inside_the_input_is_not_read(tree):
    make(tree / "out", "old.png")
    plan = plan_jobs([tree], tree / "out", recursive=True)
    assert "old.png" not in [job.input.name for job in plan.jobs]
    assert len(plan.jobs) == 5


def test_what_is_missing(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(DataError, match="No such file or folder"):
        plan_jobs([tmp_path / "absent"], out, recursive=False)
    make(tmp_path / "in", "notes.txt", "sub/a.png")
    with pytest.raises(DataError, match=r"1 other file ignored\); --recursive"):
        plan_jobs([tmp_path / "in"], out, recursive=False)
    with pytest.raises(UsageError, match="No input"):
        plan_jobs([], out, recursive=False)
    with pytest.raises(UsageError, match="without a picture's suffix"):
        plan_jobs([tmp_path / "in"], tmp_path / "in" / "notes.txt", recursive=False)


def test_names_that_were_meant_for_a_picture(tmp_path):
    make(tmp_path, "a.png", "b.jpeg2", "c")
    for name in ("out.pgn", "out.jxl"):
        with pytest.raises(UsageError, match="does not end like a picture"):
            plan_jobs([tmp_path / "a.png"], tmp_path / name, recursive=False)
    for name in ("out", "v1.2", "out.d", "out.x4"):
        (plan,) = plan_jobs([tmp_path / "a.png"], tmp_path / name, recursive=False).jobs
        assert plan.output == tmp_path / name / "a.png"
    (tmp_path / "out.pgn").mkdir()
    plan_jobs([tmp_path / "a.png"], tmp_path / "out.pgn", recursive=False)
    for name in ("b.jpeg2", "c"):
        with pytest.raises(DataError, match="no name ends like that of a picture"):
            plan_jobs([tmp_path / name], tmp_path / "out", recursive=False)


def test_loops_of_links_end(tree, tmp_path):
    (tree / "sub" / "back").symlink_to(tree, target_is_directory=True)
    (tree / "again").symlink_to(tree / "sub", target_is_directory=True)
    (tree / "self").symlink_to("self")
    (tree / "loop.png").symlink_to("loop.png")
    (tree / "gone.png").symlink_to("absent.png")
    make(tmp_path / "elsewhere", "far.png")
    (tree / "z").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    out = tmp_path / "out"
    found = outputs(plan_jobs([tree], out, recursive=True), out)
    assert found == [
        "2.PNG",
        "10.png",
        "a.jpeg",
        "gone.png",
        "loop.png",
        "sub/b.tif",
        "sub/deep/c.png",
        "z/far.png",
    ]


def test_special_files_are_jobs_and_system_files_are_not(tmp_path):
    make(tmp_path / "in", "a.png", "._a.png", f".a.png.{os.getpid()}@here.imgan-tmp")
    os.mkfifo(tmp_path / "in" / "pipe.png")
    plan = plan_jobs([tmp_path / "in"], tmp_path / "out", recursive=False)
    assert [job.input.name for job in plan.jobs] == ["a.png", "pipe.png"]
    assert plan.ignored == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_folders_that_cannot_be_listed_are_told(tree, tmp_path):
    (tree / "sub").chmod(0)
    plan = plan_jobs([tree], tmp_path / "out", recursive=True)
    (tree / "sub").chmod(0o755)
    assert plan.unreadable == [tree / "sub"]
    assert len(plan.jobs) == 3


def test_names_are_sorted_as_people_do():
    names = ["img10.png", "img2.png", "IMG1.png", "a/x.png", "img2b.png", "9/1.png"]
    expected = ["9/1.png", "a/x.png", "IMG1.png", "img2.png", "img2b.png", "img10.png"]
    ordered = sorted(map(Path, names), key=natural_key)
    assert [path.as_posix() for path in ordered] == expected


def test_stale_temporaries_are_removed(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    alive, here = os.getppid(), f"@{machine_name()}.imgan-tmp"
    stale = [f".a.png.{ended}{here}", f"sub/.b c.tif.{ended}{here}"]
    # A killed process of this very number, as happens in containers.
    stale.append(f".own.png.{os.getpid()}{here}")
    kept = [f".c.png.{alive}{here}", "d.imgan-tmp", f".e.png.x{here}", "f.png"]
    # One that may well be writing, in another container.
    kept.append(f".other.png.{os.getpid()}@elsewhere.imgan-tmp")
    make(tmp_path, *stale, *kept)
    assert remove_stale_temporaries(tmp_path) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "sub"])
    assert remove_stale_temporaries(tmp_path / "absent") == 0
