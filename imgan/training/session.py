"""One process' share of a run: from its last checkpoint to its last step."""

import logging
from typing import Any

import tensorflow as tf

from imgan.config import Recipe
from imgan.errors import ImganError
from imgan.errors import TrainingError
from imgan.io.temporaries import remove_stale_temporaries
from imgan.training.callbacks import Progress
from imgan.training.callbacks import RollBackError
from imgan.training.callbacks import RunCallback
from imgan.training.callbacks import look_at
from imgan.training.checkpoints import Checkpoints
from imgan.training.checkpoints import Restored
from imgan.training.experiment import Experiment
from imgan.training.experiment import Validator
from imgan.training.gate import BestWeights
from imgan.training.gate import Gate
from imgan.training.interrupts import held_interrupts
from imgan.training.judges import Judges
from imgan.training.run_folder import RunFolder
from imgan.training.run_log import RunLog
from imgan.training.run_log import truncate_metrics
from imgan.training.run_log import write_alarms
from imgan.training.verdict import verdict
from imgan.training.watchdog import Watchdog

_log = logging.getLogger(__name__)


def checkpoint_state(
    experiment: Experiment, model: Any, best: BestWeights | None = None
) -> dict[str, Any]:
    """Return all that a run changes, by name, for `Checkpoints`."""
    numbers = [variable for metric in model.metrics for variable in metric.variables]
    return {
        **model.training_state(),
        "rate_scale": experiment.rate_scale.value,
        # Averages since the last log line, which need not be a checkpoint's.
        "numbers": [variable.value for variable in numbers],
        **({"best": best.state} if best else {}),
    }


def best_weights(experiment: Experiment, model: Any) -> BestWeights | None:
    """Return where a run keeps the best weights so far; None if it keeps the last."""
    gate = experiment.gate_config
    keeps = gate is not None and gate.keep_best
    return BestWeights(model.ema_generator) if keeps else None


class Session:
    """From the last checkpoint to the last step.

    Args:
        recipe: The resolved recipe.
        run: The run folder.
        experiment: Of the recipe.
        model: That it has made.
        progress: Told after every step.
    """

    def __init__(
        self,
        recipe: Recipe,
        run: RunFolder,
        experiment: Experiment,
        model: Any,
        progress: Progress | None,
    ) -> None:
        self.recipe, self.run = recipe, run
        self.experiment, self.model = experiment, model
        self.progress = progress
        config, gate = recipe.training, experiment.gate_config
        self.judges = Judges(
            Watchdog(
                config.watchdog,
                config.steps,
                gate,
                content_teaches=experiment.content_teaches,
            ),
            Gate(gate) if gate else None,
            best_weights(experiment, model),
        )
        self.checkpoints = Checkpoints(
            run.checkpoints,
            checkpoint_state(experiment, model, self.judges.best),
            config.keep_checkpoints,
        )
        self.log = RunLog(run)
        self.step = 0

    def run_to_the_end(self) -> dict[str, float]:
        """Train, going back where the watchdog says so.

        Returns:
            Scores of the network that the run ends with, which is now the moving
            average of the model.
        """
        restored = self.checkpoints.restore_latest(_log.warning)
        if restored:
            self.step = restored.step
            self.judges.restore(restored.notes)
        if self.step:
            _log.info("resuming at step %d", self.step)
        validator = self.experiment.validator(self.model, self.run)
        try:
            self._begin(validator, fresh=restored is None)
            scores: dict[str, float] | None = None
            while self.step < self.recipe.training.steps and not self.judges.stopped:
                try:
                    scores = self._fit(validator)
                except RollBackError as request:
                    self._roll_back(request)
            if self.judges.gate:
                return self._conclude(self.judges.gate, validator)
        finally:
            self.log.close()
        return validator(self.step).scores if scores is None else scores

    def _begin(self, validator: Validator, *, fresh: bool) -> None:
        """Bring the folder's files to the step that the run goes on from."""
        remove_stale_temporaries(self.run.samples)
        truncate_metrics(self.run, -1 if fresh else self.step)
        write_alarms(self.run, self.judges.watchdog.state.alarms)
        if not fresh:
            return
        if self.judges.gate and self.experiment.start:
            look = look_at(validator, self.judges.gate, self.log, 0)
            self.judges.observe(0, look, may_stop=False)
        # The state to go back to while there is no other.
        self.checkpoints.save(0, self.judges.notes())

    def _fit(self, validator: Validator) -> dict[str, float]:
        """Train to the end of the stage; return the scores of its last look."""
        borders = [0, *self.experiment.stages(), self.recipe.training.steps]
        begin = max(step for step in borders if step <= self.step)
        end = min(step for step in borders if step > self.step)
        self.experiment.begin_stage(self.model, self.step, self.run)
        failures: list[ImganError] = []
        data = self.experiment.dataset(self.model, self.step, failures)
        with held_interrupts() as interrupt:
            callback = RunCallback(
                self.log,
                self.recipe.training,
                self.checkpoints,
                self.judges,
                validator,
                first_step=self.step,
                stage_begin=begin,
                stage_end=end,
                interrupt=interrupt,
                progress=self.progress,
            )
            try:
                # One long epoch: the callback counts steps, and an epoch means nothing.
                self.model.fit(
                    data,
                    steps_per_epoch=end - self.step,
                    callbacks=[callback],
                    shuffle=False,
                    verbose=0,
                )
            except RollBackError as request:
                if interrupt.requested:
                    # The resumed run meets the alarm again, and goes back then.
                    raise interrupt.error() from request
                raise
            except tf.errors.OpError as error:
                if failures:
                    raise failures[0] from error
                raise
        self.step = callback.step
        if interrupt.requested:
            # At the very end of the stage, which is saved.
            raise interrupt.error()
        return callback.scores

    def _conclude(self, gate: Gate, validator: Validator) -> dict[str, float]:
        """Make the kept weights the moving average; say what has come out."""
        if gate.keeps_best and self.judges.best:
            self.judges.best.give_back()
        step, scores = gate.kept
        self.experiment.kept_step = step
        found = verdict(
            gate,
            steps=self.recipe.training.steps,
            pictures=validator.pictures,
            start=self.experiment.start,
        )
        self.log.record_verdict(self.step, step, found)
        return scores

    def _roll_back(self, request: RollBackError) -> None:
        """Return to the last good checkpoint with a lower learning rate, or give up."""
        config = self.recipe.training.watchdog
        state = self.judges.watchdog.state
        alarm = request.alarm
        if state.rollbacks >= config.rollbacks:
            tried = (
                f" Going back {state.rollbacks} times with lower learning rates did "
                "not help."
                if state.rollbacks
                else ""
            )
            raise TrainingError(f"{alarm}{tried} See {self.run.report}")
        restored = self._last_good()
        if restored is None:
            raise TrainingError(f"{alarm} There is no checkpoint to go back to.")
        self.step = restored.step
        self.judges.go_back(restored.notes, self.step)
        scale = config.learning_rate_factor**self.judges.watchdog.state.rollbacks
        self.experiment.rate_scale.assign(scale)
        # From here on this is the past, also for a run that is killed and resumed.
        self.checkpoints.save(self.step, self.judges.notes())
        truncate_metrics(self.run, self.step)
        _log.warning(
            "going back to step %d with learning rates times %g", self.step, scale
        )

    def _last_good(self) -> Restored | None:
        """Restore the last good checkpoint, or one before it if that did not help."""
        restored = self.checkpoints.restore_latest(_log.warning, good=True)
        if restored is None or restored.step != self.judges.watchdog.state.returned_to:
            return restored
        step = restored.step
        before = self.checkpoints.restore_latest(_log.warning, good=True, before=step)
        return before or restored
