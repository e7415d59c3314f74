"""Ctrl-C and SIGTERM: the step that is running is finished and saved."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgan.errors import Terminated
from imgan.training.callbacks import RollBackError
from imgan.training.callbacks import RunCallback
from imgan.training.interrupts import held_interrupts
from imgan.training.run_folder import open_run
from imgan.training.train import train
from imgan.training.watchdog import Alarm
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_recipe


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Python's own handler, as at a terminal; a background job has none."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
def test_a_run_saves_the_next_step_and_goes_on_from_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = gan_recipe("gan", training={"log_every": 3, "checkpoint_every": 20})
    undisturbed = open_run(recipe, tmp_path / "undisturbed")
    train(recipe, undisturbed)
    disturbed = open_run(recipe, tmp_path / "disturbed")

    def progress(done: int, *_: object) -> None:
        if done in (6, 11):
            press_ctrl_c()

    for saved in ("step-00000007", "step-00000012"):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, disturbed, progress=progress)
        assert (disturbed.checkpoints / saved).is_dir()
    assert "interrupted after step 7, which is saved" in caplog.text
    assert "Ctrl-C again stops at once" in caplog.text
    train(recipe, disturbed)
    assert_same_end(disturbed, undisturbed)


def test_an_alarm_of_the_same_step_does_not_keep_a_run_going(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alarmed(callback: RunCallback) -> None:
        press_ctrl_c()
        raise RollBackError(Alarm(callback.step, "not_finite", "made up"))

    monkeypatch.setattr(RunCallback, "_validate", alarmed)
    recipe = gan_recipe("gan")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, open_run(recipe, tmp_path / "run"))


def test_the_second_time_nothing_is_waited_for() -> None:
    with held_interrupts() as interrupt:
        press_ctrl_c()
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_sigterm_is_answered_in_the_same_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = gan_recipe("gan")
    run = open_run(recipe, tmp_path / "run")

    def progress(done: int, *_: object) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Terminated):
        train(recipe, run, progress=progress)
    assert (run.checkpoints / "step-00000003").is_dir()
    assert "a second SIGTERM stops at once" in caplog.text
    assert "running, or interrupted" in run.report.read_text()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_sigterm_is_held_where_ctrl_c_is_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_interrupts() as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupt.requested
        with pytest.raises(Terminated):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_handler_and_another_thread_are_left_alone() -> None:
    seen: list[bool] = []

    def elsewhere() -> None:
        with held_interrupts():
            seen.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [True]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_interrupts():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
