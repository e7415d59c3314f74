"""From a recipe to a bundle: the one function that runs an experiment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf

from imgan import families
from imgan.bundles.bundle import save_bundle
from imgan.config import Recipe
from imgan.errors import ImganError
from imgan.machine import usable_cores
from imgan.training.callbacks import Progress
from imgan.training.experiment import Experiment
from imgan.training.failures import explain
from imgan.training.report import write_report
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import append_log
from imgan.training.run_folder import check_environment
from imgan.training.run_folder import environment
from imgan.training.run_lock import locked
from imgan.training.session import Session
from imgan.training.strategy import choose_strategy

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
        TrainingError: If the watchdog has given up, or another process trains in the
            folder.
    """
    if run.finished:
        return run.bundle
    with locked(run):
        return _explained(recipe, run, progress, experiment)


def _explained(
    recipe: Recipe,
    run: RunFolder,
    progress: Progress | None,
    experiment: Experiment | None,
) -> Path:
    """Train; leave the reason in the folder if that fails."""
    try:
        with _plain_graphs():
            return _train(recipe, run, progress, experiment)
    except KeyboardInterrupt:
        write_report(run)
        raise
    except (ImganError, OSError, tf.errors.OpError) as error:
        failure = explain(error, run.path)
        write_report(run, failure=str(failure))
        append_log(run, str(failure))
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
        session = Session(recipe, run, experiment, model, progress)
    scores = session.run_to_the_end()
    # The bundle comes last: with it a run counts as finished.
    for name, (network, card) in experiment.side_bundles(model).items():
        save_bundle(network, card, run.path / name)
        _log.info("also written: %s", run.path / name)
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
