"""What happens between the steps of a run: logs, validation, samples, checkpoints."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras

from imgan.config.recipe import TrainingConfig
from imgan.errors import TrainingError
from imgan.training.checkpoints import Checkpoints
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.gate import Gate
from imgan.training.interrupts import Interrupt
from imgan.training.judges import Judges
from imgan.training.run_log import RunLog
from imgan.training.run_log import write_alarms
from imgan.training.watchdog import Alarm

Progress = Callable[[int, int, dict[str, float]], None]
"""Called with steps done, steps in all and the latest numbers."""

_log = logging.getLogger(__name__)


class RollBackError(TrainingError):
    """The run must go back to its last good checkpoint."""

    def __init__(self, alarm: Alarm) -> None:
        super().__init__(str(alarm))
        self.alarm = alarm


class RunCallback(keras.callbacks.Callback):
    """Drives one run by its global step.

    One callback and not five, because the order matters: numbers are logged and reset
    first, then the model is validated, and the checkpoint comes last, so that a run
    resumed from it repeats nothing and skips nothing.

    Args:
        log: Takes the numbers.
        config: Intervals.
        checkpoints: Saves the state.
        judges: Judge the numbers.
        validator: Looks at the moving average.
        first_step: Steps that were done before.
        stage_begin: Step after which the present stage began.
        stage_end: Step at which `fit` returns; a checkpoint is saved there.
        interrupt: Looked at after every step.
        progress: Told after every step.

    Raises:
        KeyboardInterrupt: From within `fit`, on a request, once the step is saved.
        RollBackError: From within `fit`, on an alarm.
    """

    def __init__(
        self,
        log: RunLog,
        config: TrainingConfig,
        checkpoints: Checkpoints,
        judges: Judges,
        validator: Validator,
        *,
        first_step: int,
        stage_begin: int,
        stage_end: int,
        interrupt: Interrupt,
        progress: Progress | None = None,
    ) -> None:
        super().__init__()
        self.log = log
        self.config = config
        self.checkpoints = checkpoints
        self.judges = judges
        self.watchdog = judges.watchdog
        self.validator = validator
        self.step = first_step
        self.stage_begin, self.stage_end = stage_begin, stage_end
        self.interrupt = interrupt
        self.scores: dict[str, float] = {}
        self.progress = progress
        self._since = time.monotonic()
        self._steps_since = 0
        self._averages: list[tuple[Any, Any]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the averages of a checkpoint between two log lines."""
        metrics = self.model.metrics
        variables = [variable for metric in metrics for variable in metric.variables]
        self._averages = [(v, keras.ops.convert_to_numpy(v)) for v in variables]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Put them back: `fit` has just reset them."""
        for variable, value in self._averages:
            variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Act on the step that has just been taken."""
        self.step += 1
        self._steps_since += 1
        self._look_around(logs)
        # Asked once: a request that comes later finds this step not saved.
        interrupted = self.interrupt.requested
        ends = self.step == self.stage_end or self.judges.stopped
        if self._due(self.config.checkpoint_every) or ends or interrupted:
            self._save(logs)
        if self.progress:
            self.progress(self.step, self.config.steps, self.log.latest)
        if interrupted:
            _log.warning("interrupted after step %d, which is saved", self.step)
            raise self.interrupt.error()
        if self.judges.stopped:
            self.model.stop_training = True

    def _due(self, every: int) -> bool:
        return self.step == self.config.steps or self.step % every == 0

    def _look_around(self, logs: Any) -> None:
        """Log the numbers and look at the model, each when it is due."""
        averaged = self._averaged_steps()
        if self._due(self.config.log_every):
            numbers = self._checked(logs)
            self.watchdog.observe(numbers, averaged)
            self._write(numbers)
            averaged = 0
        if self._due(self.config.validate_every):
            numbers = self._checked(logs)
            self.watchdog.observe(numbers, averaged)
            self._validate()
            # The numbers of the next log line are averages over these steps too.
            self.watchdog.observe(numbers, -averaged)

    def _averaged_steps(self) -> int:
        """Return over how many steps the model's numbers are averages."""
        since_line = (self.step - 1) % self.config.log_every + 1
        # A stage has numbers of its own.
        return min(since_line, self.step - self.stage_begin)

    def _save(self, logs: Any) -> None:
        self._checked(logs)
        good = not self.watchdog.suspicious
        if self.step == self.stage_end < self.config.steps:
            self.judges.begin_stage()
        self.checkpoints.save(self.step, self.judges.notes(), good=good)

    def _checked(self, logs: Any) -> dict[str, float]:
        """Return the numbers since the last log line; none of them is NaN."""
        numbers = {name: float(value) for name, value in (logs or {}).items()}
        self._raise(self.watchdog.check_finite(self.step, numbers))
        return numbers

    def _write(self, numbers: dict[str, float]) -> None:
        seconds = time.monotonic() - self._since
        per_step = {"seconds_per_step": seconds / self._steps_since}
        self.log.record(self.step, {**numbers, **per_step})
        self.model.reset_metrics()
        self._since, self._steps_since = time.monotonic(), 0

    def _validate(self) -> None:
        begun = time.monotonic()
        look = look_at(self.validator, self.judges.gate, self.log, self.step)
        self.scores = look.scores
        # Time spent looking is not time spent training.
        self._since += time.monotonic() - begun
        self._raise(self.watchdog.check_finite(self.step, look.scores))
        judged = {**look.scores, **look.signs}
        self._raise(self.watchdog.look(self.step, judged, look.fingerprint))
        # Only the last stage can end a run early, and its last step ends it anyway.
        may_stop = self.step < self.stage_end == self.config.steps
        self.judges.observe(self.step, look, may_stop=may_stop)

    def _raise(self, alarm: Alarm | None) -> None:
        if alarm is None:
            return
        limit = self.config.watchdog.rollbacks
        left = limit - self.watchdog.state.rollbacks
        action = "goes back to the last good checkpoint" if left > 0 else "stops"
        self.watchdog.state.alarms.append(replace(alarm, action=action))
        write_alarms(self.log.run, self.watchdog.state.alarms)
        _log.warning("%s The run %s.", alarm, action)
        self.log.flush()
        raise RollBackError(alarm)


def look_at(validator: Validator, gate: Gate | None, log: RunLog, step: int) -> Look:
    """Look at the model, and log what is seen; at step 0 it is what others beat."""
    look = validator(step)
    if gate and step == 0:
        gate.begin(look.scores)
    if gate:
        look = look._replace(scores=gate.compared(look.scores))
    log.record(step, {f"validation_{k}": v for k, v in look.scores.items()})
    log.show_samples(step)
    return look
