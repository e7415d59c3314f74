"""The numbers of a run: `metrics.jsonl`, TensorBoard and the log."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict

import tensorflow as tf

from imgan.io.images import read_image
from imgan.io.temporaries import write_text
from imgan.training.run_folder import RunFolder
from imgan.training.verdict import Verdict
from imgan.training.watchdog import Alarm

_log = logging.getLogger(__name__)


class RunLog:
    """Writes what one process of a run has to say.

    Args:
        run: The run folder.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.latest: dict[str, float] = {}
        """The newest value of every number."""
        self._writer = tf.summary.create_file_writer(str(run.path / "tensorboard"))

    def record(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write the numbers of a step everywhere."""
        if not numbers:
            return
        self.latest.update(numbers)
        self._append({"step": step, **numbers})
        with self._writer.as_default(step):
            for name, value in numbers.items():
                tf.summary.scalar(name, value)
        line = " ".join(f"{name}={value:.5g}" for name, value in numbers.items())
        _log.info("step %d %s", step, line)

    def record_verdict(self, step: int, kept_step: int, found: Verdict) -> None:
        """Write what the run has come to."""
        row = {"step": step, "kept_step": kept_step, "verdict": found.line}
        self._append(
            {**row, **({"warnings": found.warnings} if found.warnings else {})}
        )
        _log.info("%s", found.line)
        for warning in found.warnings:
            _log.warning("%s", warning)

    def show_samples(self, step: int) -> None:
        """Show a step's sample sheet in TensorBoard, if there is one."""
        path = self.run.sample_sheet(step)
        if path.is_file():
            sheet = read_image(path).pixels
            sheet = sheet[None, ..., None] if sheet.ndim == 2 else sheet[None]
            with self._writer.as_default(step):
                tf.summary.image("samples", sheet)

    def flush(self) -> None:
        """Let TensorBoard see everything."""
        self._writer.flush()

    def close(self) -> None:
        """Close TensorBoard's file."""
        self._writer.close()

    def _append(self, row: Mapping[str, object]) -> None:
        with self.run.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def truncate_metrics(run: RunFolder, step: int) -> None:
    """Drop the lines after `step`, and the verdict: the run writes them again."""
    if not run.metrics.is_file():
        return
    kept = []
    for line in run.metrics.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # a line cut off by a kill
            continue
        if row["step"] <= step and "verdict" not in row:
            kept.append(line + "\n")
    write_text(run.metrics, "".join(kept))


def write_alarms(run: RunFolder, alarms: list[Alarm]) -> None:
    """Write what went wrong so far, one JSON object a line."""
    lines = [json.dumps({**asdict(alarm), "message": str(alarm)}) for alarm in alarms]
    if lines or run.alarms.is_file():
        write_text(run.alarms, "".join(line + "\n" for line in lines))
