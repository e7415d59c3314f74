"""A full disk: one line, no lost checkpoint, and it goes on once there is room."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from imgan.errors import OutputError
from imgan.errors import TrainingError
from imgan.training.failures import explain
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import open_run
from imgan.training.train import train
from tests.marks import thorough
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_experiment
from tests.training.conftest import gan_recipe
from tests.training.test_resume import as_users_have_it


def run_command(
    recipe_file: Path, run_dir: Path, limit: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `imgan train`; no file may grow beyond `limit` bytes."""

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    words = ["train", str(recipe_file), "--run-dir", str(run_dir), "--quiet"]
    return subprocess.run(
        [sys.executable, "-m", "imgan", *words],
        capture_output=True,
        text=True,
        env=as_users_have_it(),
        preexec_fn=restrict,
        timeout=300,
    )


def check_refused(finished: subprocess.CompletedProcess[str], run_dir: Path) -> None:
    assert finished.returncode == 1, finished.stderr
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1, finished.stderr
    assert str(run_dir) in finished.stderr
    assert "Make room, then repeat the command" in finished.stderr


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(gan_experiment("dcgan")), encoding="utf-8")
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 kB; skips where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("may not mount a disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("limit", [1_000, 2_000, 20_000])
def test_files_that_may_not_grow_stop_a_run_that_resumes(
    recipe_file: Path, tmp_path: Path, limit: int
) -> None:
    run_dir = tmp_path / "run"
    check_refused(run_command(recipe_file, run_dir, limit), run_dir)
    assert run_command(recipe_file, run_dir).returncode == 0
    undisturbed = tmp_path / "undisturbed"
    assert run_command(recipe_file, undisturbed).returncode == 0
    assert_same_end(RunFolder(run_dir), RunFolder(undisturbed))


@pytest.mark.slow
@pytest.mark.parametrize("room", [thorough(0), 8, thorough(40), thorough(80)])
def test_a_full_disk_stops_a_run_that_resumes_when_there_is_room(
    recipe_file: Path, small_disk: Path, room: int
) -> None:
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(max(0, free - room * 1024)))
    run_dir = small_disk / "run"
    check_refused(run_command(recipe_file, run_dir), run_dir)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert run_command(recipe_file, run_dir).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "step"),
    [("metrics.jsonl", 0), ("samples", 4), ("checkpoints", None)],
)
def test_a_folder_that_refuses_is_named_and_the_run_resumes(
    name: str, step: int | None, tmp_path: Path
) -> None:
    recipe = gan_recipe("gan")
    run = open_run(recipe, tmp_path / "run")
    path = run.path / name
    if path.is_dir():
        path.rmdir()
        path.touch()
    else:
        path.mkdir()
    with pytest.raises(OutputError, match=str(run.path)) as caught:
        train(recipe, run)
    assert "\n" not in str(caught.value)
    assert str(caught.value) in run.report.read_text(encoding="utf-8")
    if step is not None:
        assert (run.checkpoints / f"step-{step:08d}").is_dir()
    path.rmdir() if path.is_dir() else path.unlink()
    run = open_run(recipe, tmp_path / "run")
    train(recipe, run)
    assert run.finished


def test_a_bundle_that_cannot_be_written_costs_no_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = gan_recipe("gan")
    run = open_run(recipe, tmp_path / "run")

    def refuse(*_: Any) -> None:
        raise OSError(
            "Can't write data (file write failed: errno = 28, error message "
            "= 'No space left on device')"
        )

    with monkeypatch.context() as patch:
        patch.setattr("imgan.training.train.save_bundle", refuse)
        with pytest.raises(OutputError, match=r"No space left on device\. Make room"):
            train(recipe, run)
    assert not run.finished
    done: list[int] = []
    train(recipe, run, progress=lambda step, *_: done.append(step))
    assert done == []
    assert run.finished


def test_other_refusals_ask_for_no_room(tmp_path: Path) -> None:
    error = PermissionError(13, "Permission denied", str(tmp_path / "log.txt"))
    told = explain(error, tmp_path)
    assert isinstance(told, OutputError)
    assert f"({tmp_path / 'log.txt'}): Permission denied. See to that" in str(told)


def test_memory_of_the_device_is_no_disk(tmp_path: Path) -> None:
    import tensorflow as tf

    error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    told = explain(error, tmp_path)
    assert isinstance(told, TrainingError)
    assert "data.batch_size" in str(told)
    bug = tf.errors.InvalidArgumentError(None, None, "shapes differ")
    assert explain(bug, tmp_path) is bug
