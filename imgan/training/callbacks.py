"""What happens between the steps of a run: logs, validation, samples, checkpoints."""

import json
import logging
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from imgan.config import TrainingConfig
from imgan.errors import TrainingError
from imgan.training.checkpoints import Checkpoints
from imgan.training.run_folder import RunFolder

Progress = Callable[[int, int, dict[str, float]], None]
"""Called with steps done, steps in all and the latest numbers."""

Validate = Callable[[int], dict[str, float]]
"""Called with the step; returns metrics of the moving average."""


class RunCallback(keras.callbacks.Callback):
    """Drives one run by its global step.

    One callback and not five, because the order matters: numbers are logged and reset
    first, then the model is validated, and the checkpoint comes last, so that a run
    resumed from it repeats nothing and skips nothing.

    Args:
        run: The run folder.
        config: Intervals.
        checkpoints: Saves the state.
        validate: Looks at the moving average.
        first_step: Steps that were done before.
        progress: Told after every step.
    """

    def __init__(
        self,
        run: RunFolder,
        config: TrainingConfig,
        checkpoints: Checkpoints,
        validate: Validate,
        *,
        first_step: int,
        progress: Progress | None = None,
    ) -> None:
        super().__init__()
        self.run = run
        self.config = config
        self.checkpoints = checkpoints
        self.validate = validate
        self.step = first_step
        self.latest: dict[str, float] = {}
        self.progress = progress
        self._writer = tf.summary.create_file_writer(str(run.path / "tensorboard"))
        self._since = time.monotonic()
        self._steps_since = 0
        truncate_metrics(run, first_step)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Act on the step that has just been taken."""
        self.step += 1
        self._steps_since += 1
        config, last = self.config, self.step == self.config.steps
        if self.step % config.log_every == 0 or last:
            self._log(logs or {})
        if self.step % config.validate_every == 0 or last:
            self._record({f"validation_{k}": v for k, v in self._validate().items()})
        if self.step % config.checkpoint_every == 0 or last:
            self.checkpoints.save(self.step)
        if self.progress:
            self.progress(self.step, config.steps, self.latest)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the TensorBoard file."""
        self._writer.close()

    def _log(self, logs: dict[str, Any]) -> None:
        numbers = {name: float(value) for name, value in logs.items()}
        if not all(math.isfinite(value) for value in numbers.values()):
            raise TrainingError(
                f"{_bad_names(numbers)} is not finite between steps "
                f"{self.step - self._steps_since} and {self.step}. Lower "
                "training.learning_rate or set training.precision to float32; the "
                f"checkpoints before are in {self.run.checkpoints}"
            )
        seconds = time.monotonic() - self._since
        numbers["seconds_per_step"] = seconds / self._steps_since
        self._record(numbers)
        self.model.reset_metrics()
        self._since, self._steps_since = time.monotonic(), 0

    def _validate(self) -> dict[str, float]:
        begun = time.monotonic()
        scores = self.validate(self.step)
        # Time spent looking is not time spent training.
        self._since += time.monotonic() - begun
        return scores

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


def _bad_names(numbers: dict[str, float]) -> str:
    return ", ".join(k for k, value in numbers.items() if not math.isfinite(value))
