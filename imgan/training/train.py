"""From a recipe to a bundle: the one function that runs an experiment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from imgan import families
from imgan.bundles.bundle import save_bundle
from imgan.config import Recipe
from imgan.errors import ImganError
from imgan.errors import TrainingError
from imgan.machine import usable_cores
from imgan.training.callbacks import Progress
from imgan.training.callbacks import RollBackError
from imgan.training.callbacks import RunCallback
from imgan.training.checkpoints import Checkpoints
from imgan.training.checkpoints import Restored
from imgan.training.experiment import Experiment
from imgan.training.experiment import Validator
from imgan.training.failures import explain
from imgan.training.report import write_report
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import check_environment
from imgan.training.run_folder import environment
from imgan.training.strategy import choose_strategy
from imgan.training.watchdog import Watchdog

_log = logging.getLogger(__name__)


def train(
    recipe: Recipe,
    run: RunFolder,
    *,
    progress: Progress | None = None,
    experiment: Experiment | None = None,
) -> Path:
    """Train by a recipe until its last step, resuming what is in the run folder.

    Killed at any moment and called again, the run ends with the same weights as one
    that was left alone, bit for bit on the same kind of processor with the same number
    of threads.

    Args:
        recipe: The resolved recipe.
        run: From `open_run`.
        progress: Told after every step.
        experiment: From `check_recipe`, which has looked at the data already.

    Returns:
        The bundle.

    Raises:
        ConfigError: If the recipe names arguments that the networks do not have.
        DataError: If pictures are missing, unpaired, unreadable or unsuitable.
        OutputError: If the disk is full.
        TrainingError: If the watchdog has given up.
    """
    if run.finished:
        return run.bundle
    try:
        with _plain_graphs():
            return _train(recipe, run, progress, experiment)
    except KeyboardInterrupt:
        write_report(run)
        raise
    except (ImganError, OSError, tf.errors.OpError) as error:
        failure = explain(error, run.path)
        write_report(run, failure=str(failure))
        if failure is error:
            raise
        raise failure from error


@contextmanager
def _plain_graphs() -> Iterator[None]:
    """Switch off TensorFlow's remapper, which fuses a few operations of a graph.

    On the gradient of some networks with LeakyReLU it gives up and says so on the
    terminal; where it works it makes no train step faster (measured).
    """
    options = tf.config.optimizer
    before = options.get_experimental_options().get("remapping", True)
    options.set_experimental_options({"remapping": False})
    try:
        yield
    finally:
        options.set_experimental_options({"remapping": before})


def _train(
    recipe: Recipe,
    run: RunFolder,
    progress: Progress | None,
    experiment: Experiment | None,
) -> Path:
    # 0 means one for every core.
    threads = tf.config.threading.get_intra_op_parallelism_threads() or usable_cores()
    for difference in check_environment(run, environment(threads)):
        _log.warning(difference)
    keras.utils.set_random_seed(recipe.seed)
    experiment = experiment or build_experiment(recipe)
    with choose_strategy(recipe).scope():
        model = experiment.create()
        session = _Session(recipe, run, experiment, model, progress)
    scores = session.run_to_the_end()
    network, card = experiment.bundle(model, scores)
    save_bundle(network, card, run.bundle)
    write_report(run)
    return run.bundle


def build_experiment(recipe: Recipe) -> Experiment:
    """Return what composes the recipe's data, networks and model."""
    experiment: Experiment = families.resolve(families.get(recipe.family).experiment)(
        recipe
    )
    return experiment


def check_recipe(recipe: Recipe) -> Experiment:
    """Find what would stop a run by this recipe before its first step.

    Raises:
        ConfigError: If networks cannot be built as the recipe says, or the devices
            cannot share the batch.
        CheckpointError: If `init` cannot be loaded.
        DataError: If pictures are missing or unsuitable.
    """
    choose_strategy(recipe)
    experiment = build_experiment(recipe)
    experiment.plan()
    return experiment


def checkpoint_state(experiment: Experiment, model: Any) -> dict[str, Any]:
    """Return all that a run changes, by name, for `Checkpoints`."""
    numbers = [variable for metric in model.metrics for variable in metric.variables]
    return {
        **model.training_state(),
        "rate_scale": experiment.rate_scale.value,
        # Averages since the last log line, which need not be a checkpoint's.
        "numbers": [variable.value for variable in numbers],
    }


class _Session:
    """One process' share of a run: from the last checkpoint to the last step."""

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
        self.watchdog = Watchdog(recipe.training.watchdog, recipe.training.steps)
        self.checkpoints = Checkpoints(
            run.checkpoints,
            checkpoint_state(experiment, model),
            recipe.training.keep_checkpoints,
        )
        self.step = 0

    def run_to_the_end(self) -> dict[str, float]:
        """Train, going back where the watchdog says so; return the last scores."""
        self._resume()
        validator = self.experiment.validator(self.model, self.run)
        steps = self.recipe.training.steps
        scores: dict[str, float] | None = None
        while self.step < steps:
            try:
                scores = self._fit(validator)
            except RollBackError as request:
                self._roll_back(request)
        return validator(steps).scores if scores is None else scores

    def _resume(self) -> None:
        restored = self.checkpoints.restore_latest(_log.warning)
        if restored is None:
            # The state to go back to while there is no other.
            self.checkpoints.save(0, self.watchdog.notes())
            return
        self.step = restored.step
        self.watchdog.restore(restored.notes)
        if self.step:
            _log.info("resuming at step %d", self.step)

    def _fit(self, validator: Validator) -> dict[str, float]:
        """Train to the end of the stage; return the scores of its last look."""
        ends = [step for step in self.experiment.stages() if step > self.step]
        end = min([*ends, self.recipe.training.steps])
        self.experiment.begin_stage(self.model, self.step)
        callback = RunCallback(
            self.run,
            self.recipe.training,
            self.checkpoints,
            self.watchdog,
            validator,
            first_step=self.step,
            stage_end=end,
            progress=self.progress,
        )
        failures: list[ImganError] = []
        data = self.experiment.dataset(self.model, self.step, failures)
        try:
            # One long epoch: the callback counts steps, and an epoch means nothing.
            self.model.fit(
                data,
                steps_per_epoch=end - self.step,
                callbacks=[callback],
                shuffle=False,
                verbose=0,
            )
        except tf.errors.OpError as error:
            if failures:
                raise failures[0] from error
            raise
        self.step = callback.step
        return callback.scores

    def _roll_back(self, request: RollBackError) -> None:
        """Return to the last good checkpoint with a lower learning rate, or give up."""
        config, state = self.recipe.training.watchdog, self.watchdog.state
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
        self.watchdog.go_back(restored.notes, self.step)
        scale = config.learning_rate_factor**self.watchdog.state.rollbacks
        self.experiment.rate_scale.assign(scale)
        # From here on this is the past, also for a run that is killed and resumed.
        self.checkpoints.save(self.step, self.watchdog.notes())
        _log.warning(
            "going back to step %d with learning rates times %g", self.step, scale
        )

    def _last_good(self) -> Restored | None:
        """Restore the last good checkpoint, or one before it if that did not help."""
        restored = self.checkpoints.restore_latest(_log.warning, good=True)
        if restored is None or restored.step != self.watchdog.state.returned_to:
            return restored
        step = restored.step
        before = self.checkpoints.restore_latest(_log.warning, good=True, before=step)
        return before or restored
