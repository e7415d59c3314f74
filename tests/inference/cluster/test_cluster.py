"""Batches on a real Ray of this machine with two workers, some of which are killed."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.inference.batch import run_batch
from imgan.inference.cluster import run_on_cluster
from imgan.inference.predictor import Predictor
from imgan.inference.report import Report
from imgan.inference.sizing import TargetSize
from imgan.inference.stages import Event
from imgan.inference.stages import Finished
from imgan.inference.stages import Told
from imgan.inference.treatment import Treatment
from imgan.inference.work import BatchOptions
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from tests.inference.cluster.workers import FATAL
from tests.inference.cluster.workers import AwaitsOthers
from tests.inference.cluster.workers import DiesAfterWriting
from tests.inference.cluster.workers import DiesAlways
from tests.inference.cluster.workers import DiesOnce
from tests.inference.cluster.workers import Traced
from tests.inference.cluster.workers import await_processes
from tests.inference.cluster.workers import traces
from tests.inference.cluster.workers import waiting_process
from tests.inference.networks import picture

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
BICUBIC = BatchOptions(model="bicubic", scale=2)
PICTURES = 12


@pytest.fixture(scope="module", autouse=True)
def cluster(home: Path) -> Iterator[None]:
    """A Ray of this machine, which believes to have the cores of two workers."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        patch.setenv("RAY_AUTH_MODE", "disabled")
        ray.init(
            address="local",
            num_cpus=16,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
        )
        yield
        ray.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index in range(PICTURES):
        made = Picture(picture(20 + index, 30, 3))
        write_image(made, tmp_path / "in" / f"{index}.png")
    return tmp_path


def run(
    folder: Path, options: BatchOptions = BICUBIC, output: str = "out", **more: Any
) -> Report:
    plan = plan_jobs([folder / "in"], folder / output, recursive=True)
    return run_on_cluster(plan, options, **more)


def alone(folder: Path, options: BatchOptions = BICUBIC) -> Report:
    plan = plan_jobs([folder / "in"], folder / "alone", recursive=True)
    return run_batch(plan, options)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_all_done_once(report: Report, folder: Path) -> None:
    """Nothing is lost, nothing is there twice, nothing is left over."""
    plan = plan_jobs([folder / "in"], folder / "out", recursive=True)
    assert [row.input for row in report.files] == [job.input for job in plan.jobs]
    assert [row.error for row in report.files] == [None] * PICTURES
    assert [row.status for row in report.files] == ["done"] * PICTURES
    if not (folder / "alone").exists():
        alone(folder)
    assert contents(folder / "out") == contents(folder / "alone")


def comparable(report: Report) -> dict[str, Any]:
    """Return a report without what another machine or run may say otherwise."""
    values = report.to_json()
    del values["device"]
    for row in values["files"]:
        del row["seconds"]
        row["output"] = Path(row["output"]).name
        if row["error"]:
            # libvips keeps one text of what went wrong for all threads.
            row["error"] = row["error"].partition(" file: ")[0]
    totals = ("seconds", "network_seconds", "megapixels_per_second")
    for key in totals:
        del values["totals"][key]
    return values


def test_files_and_report_are_those_of_one_machine(folder: Path) -> None:
    alpha = (picture(12, 10) > 120).astype(np.uint8) * 255
    write_image(Picture(picture(12, 10, 3), alpha), folder / "in" / "alpha.png")
    (folder / "in" / "bad.png").write_bytes(b"no picture")
    whole = (folder / "in" / "5.png").read_bytes()
    (folder / "in" / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "in" / "notes.txt").write_text("")
    events: list[Event] = []
    report = run(folder, on_event=events.append)
    expected = alone(folder)
    assert comparable(report) == comparable(expected)
    assert report.count("failed") == 2
    assert contents(folder / "out") == contents(folder / "alone")
    finished = [event.row for event in events if isinstance(event, Finished)]
    assert len(finished) == len(report.files)
    assert {id(row) for row in finished} == {id(row) for row in report.files}
    assert report.device in ("1 x cpu", "2 x cpu")
    assert report.network_seconds > 0


@pytest.mark.thorough
def test_sizes_and_treatments_are_those_of_one_machine(folder: Path) -> None:
    treatment = Treatment(wrap="both", grey=True)
    target = TargetSize(50, 40, "stretch")
    options = BatchOptions(model="bicubic", target=target, treatment=treatment)
    alone(folder, options)
    check_all_done_once(run(folder, options), folder)
    made, expected = contents(folder / "out"), contents(folder / "alone")
    assert made == expected


@pytest.mark.thorough
def test_a_network_makes_the_same_bytes(folder: Path) -> None:
    options = BatchOptions(model="x4", overwrite=True)
    report = run(folder, options)
    expected = alone(folder, options)
    assert report.count("done") == PICTURES
    assert comparable(report) == comparable(expected)
    assert contents(folder / "out") == contents(folder / "alone")


@pytest.mark.thorough
def test_what_is_there_is_skipped_and_the_rest_made(folder: Path) -> None:
    assert run(folder).count("done") == PICTURES
    kept = {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()}
    for name in ("2.png", FATAL):
        (folder / "out" / name).unlink()
        del kept[folder / "out" / name]
    report = run(folder, worker=Traced)
    assert report.count("skipped") == PICTURES - 2
    assert report.count("done") == 2
    assert {name for name, _ in traces(folder)} == {"2.png", FATAL}
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    again = run(folder, load=None)  # type: ignore[arg-type]
    assert again.count("skipped") == PICTURES


def test_one_of_two_workers_killed_in_the_middle(folder: Path) -> None:
    killed: list[int] = []
    told: list[str] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Told):
            told.append(event.text)
        if isinstance(event, Finished) and not killed:
            await_processes(folder, 3)
            killed.append(waiting_process(folder, 3))
            os.kill(killed[0], signal.SIGKILL)

    await_processes(folder, 2)
    report = run(folder, on_event=on_event, worker=AwaitsOthers)
    check_all_done_once(report, folder)
    pids = {pid for _, pid in traces(folder)}
    assert len(pids) == 3, "two workers, and one in the place of the dead one"
    assert report.device == "2 x cpu"
    assert any("once more" in text for text in told)


@pytest.mark.thorough
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("worker", "times"), [(DiesOnce, 2), (DiesAfterWriting, 1)], ids=["before", "after"]
)
def test_killed_around_the_rename(
    worker: type[Traced], times: int, overwrite: bool, folder: Path
) -> None:
    """What a dead worker has written counts; what was there before it does not."""
    options = replace(BICUBIC, overwrite=overwrite)
    if overwrite:
        for path in (folder / "in").iterdir():
            height = 20 + int(path.stem)
            black = Picture(np.zeros((2 * height, 60, 3), np.uint8))
            write_image(black, folder / "out" / path.name)
    report = run(folder, options, worker=worker)
    assert (folder / "died").exists()
    check_all_done_once(report, folder)
    counts = Counter(name for name, _ in traces(folder))
    assert counts[FATAL] == times
    row = next(row for row in report.files if row.input.name == FATAL)
    assert row.precision == "float32"
    assert row.seconds > 0.5


@pytest.mark.thorough
def test_a_picture_that_kills_its_workers_is_given_up(folder: Path) -> None:
    report = run(folder, worker=DiesAlways)
    failed = [row for row in report.files if row.status != "done"]
    assert [row.input.name for row in failed] == [FATAL]
    assert "3 workers died" in str(failed[0].error)
    assert len(contents(folder / "out")) == PICTURES - 1


def no_model(options: BatchOptions) -> Predictor:
    raise CheckpointError("The weights are damaged")


@pytest.mark.thorough
def test_a_model_that_cannot_be_loaded_ends_the_job(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="The weights are damaged"):
        run(folder, load=no_model)
    assert contents(folder / "out") == {}


def dying_model(options: BatchOptions) -> Predictor:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.thorough
def test_workers_that_die_while_they_load_end_the_job(folder: Path) -> None:
    with pytest.raises(Exception, match="died 3 times while it loaded the model"):
        run(folder, load=dying_model)


@pytest.mark.thorough
def test_an_interrupt_removes_what_was_begun(folder: Path) -> None:
    def on_event(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, on_event=on_event, worker=Traced)
    left = contents(folder / "out")
    assert 0 < len(left) < PICTURES
    assert all(name.endswith(".png") for name in left)
    assert run(folder).count("failed") == 0
