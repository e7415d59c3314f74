"""What happens between the steps of a run: logs, validation, samples, checkpoints."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from imgan.config.recipe import TrainingConfig
from imgan.errors import TrainingError
from imgan.io.images import read_image
from imgan.training.checkpoints import Checkpoints
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import write_text
from imgan.training.watchdog import Alarm
from imgan.training.watchdog import Watchdog

Progress = Callable[[int, int, dict[str, float]], None]
"""Called with steps done, steps in all and the latest numbers."""


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
        run: The run folder.
        config: Intervals.
        checkpoints: Saves the state.
        watchdog: Judges the numbers.
        validator: Looks at the moving average.
        first_step: Steps that were done before.
        stage_end: Step at which `fit` returns; a checkpoint is saved there.
        progress: Told after every step.

    Raises:
        RollBackError: From within `fit`, on an alarm.
    """

    def __init__(
        self,
        run: RunFolder,
        config: TrainingConfig,
        checkpoints: Checkpoints,
        watchdog: Watchdog,
        validator: Validator,
        *,
        first_step: int,
        stage_end: int,
        progress: Progress | None = None,
    ) -> None:
        super().__init__()
        self.run = run
        self.config = config
        self.checkpoints = checkpoints
        self.watchdog = watchdog
        self.validator = validator
        self.step = first_step
        self.stage_end = stage_end
        self.latest: dict[str, float] = {}
        self.scores: dict[str, float] = {}
        self.progress = progress
        self._writer = tf.summary.create_file_writer(str(run.path / "tensorboard"))
        self._since = time.monotonic()
        self._steps_since = 0
        self._averages: list[tuple[Any, Any]] = []
        truncate_metrics(run, first_step)
        write_alarms(run, watchdog.state.alarms)

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
        config, last = self.config, self.step == self.config.steps

        def due(every: int) -> bool:
            return last or self.step % every == 0

        averaged = (self.step - 1) % config.log_every + 1
        if due(config.log_every):
            numbers = self._checked(logs)
            self.watchdog.observe(numbers, averaged)
            self._log(numbers)
            averaged = 0
        if due(config.validate_every):
            self.watchdog.observe(self._checked(logs), averaged)
            self._validate()
        if due(config.checkpoint_every) or self.step == self.stage_end:
            self._checked(logs)
            notes, good = self.watchdog.notes(), not self.watchdog.suspicious
            self.checkpoints.save(self.step, notes, good=good)
        if self.progress:
            self.progress(self.step, config.steps, self.latest)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the TensorBoard file."""
        self._writer.close()

    def _checked(self, logs: Any) -> dict[str, float]:
        """Return the numbers since the last log line; none of them is NaN."""
        numbers = {name: float(value) for name, value in (logs or {}).items()}
        self._raise(self.watchdog.check_finite(self.step, numbers))
        return numbers

    def _log(self, numbers: dict[str, float]) -> None:
        seconds = time.monotonic() - self._since
        self._record({**numbers, "seconds_per_step": seconds / self._steps_since})
        self.model.reset_metrics()
        self._since, self._steps_since = time.monotonic(), 0

    def _validate(self) -> None:
        begun = time.monotonic()
        look = self.validator(self.step)
        self.scores = look.scores
        self._record({f"validation_{k}": v for k, v in look.scores.items()})
        self._show_samples()
        # Time spent looking is not time spent training.
        self._since += time.monotonic() - begun
        self._raise(self.watchdog.check_finite(self.step, look.scores))
        self._raise(self.watchdog.look(self.step, look.scores, look.fingerprint))

    def _raise(self, alarm: Alarm | None) -> None:
        if alarm is None:
            return
        limit = self.config.watchdog.rollbacks
        left = limit - self.watchdog.state.rollbacks
        action = "goes back to the last good checkpoint" if left > 0 else "stops"
        self.watchdog.state.alarms.append(replace(alarm, action=action))
        write_alarms(self.run, self.watchdog.state.alarms)
        logging.getLogger(__name__).warning("%s The run %s.", alarm, action)
        self._writer.flush()
        raise RollBackError(alarm)

    def _show_samples(self) -> None:
        path = self.run.sample_sheet(self.step)
        if path.is_file():
            sheet = read_image(path).pixels
            sheet = sheet[None, ..., None] if sheet.ndim == 2 else sheet[None]
            with self._writer.as_default(self.step):
                tf.summary.image("samples", sheet)

    def _record(self, numbers: dict[str, float]) -> None:
        if not numbers:
            return
        self.latest.update(numbers)
        with self.run.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step, **numbers}) + "\n")
        with self._writer.as_default(self.step):
            for name, value in numbers.items():
                tf.summary.scalar(name, value)
        line = " ".join(f"{name}={value:.5g}" for name, value in numbers.items())
        logging.getLogger(__name__).info("step %d %s", self.step, line)


def truncate_metrics(run: RunFolder, step: int) -> None:
    """Drop the lines after `step`: the resumed run writes them again."""
    if not run.metrics.is_file():
        return
    kept = []
    for line in run.metrics.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # a line cut off by a kill
            continue
        if row["step"] <= step:
            kept.append(line + "\n")
    run.metrics.write_text("".join(kept), encoding="utf-8")


def write_alarms(run: RunFolder, alarms: list[Alarm]) -> None:
    """Write what went wrong so far, one JSON object a line."""
    lines = [json.dumps({**asdict(alarm), "message": str(alarm)}) for alarm in alarms]
    if lines or run.alarms.is_file():
        write_text(run.alarms, "".join(line + "\n" for line in lines))
