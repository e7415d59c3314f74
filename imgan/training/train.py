"""From a recipe to a bundle: the one function that composes a run."""

import inspect
import logging
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from imgan import __version__
from imgan import families
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import Card
from imgan.bundles.card import Score
from imgan.bundles.register import resolve
from imgan.config import Recipe
from imgan.data.pairs import list_pairs
from imgan.data.patches import PatchSampler
from imgan.data.pipeline import super_resolution_dataset
from imgan.data.sources import PairStore
from imgan.errors import ConfigError
from imgan.errors import ImganError
from imgan.errors import did_you_mean
from imgan.losses.pixel import PIXEL_LOSSES
from imgan.machine import usable_cores
from imgan.networks.halo import halo
from imgan.training.callbacks import Progress
from imgan.training.callbacks import RunCallback
from imgan.training.checkpoints import Checkpoints
from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import check_environment
from imgan.training.run_folder import environment
from imgan.training.schedules import warmup_cosine
from imgan.training.validation import SuperResolutionValidator

_log = logging.getLogger(__name__)


def train(
    recipe: Recipe,
    run: RunFolder,
    *,
    progress: Progress | None = None,
) -> Path:
    """Train by a recipe until its last step, resuming what is in the run folder.

    Killed at any moment and called again, the run ends with the same weights as one
    that was left alone, bit for bit on the same kind of processor with the same number
    of threads.

    Args:
        recipe: The resolved recipe.
        run: From `open_run`.
        progress: Told after every step.

    Returns:
        The bundle.

    Raises:
        ConfigError: If the recipe names arguments that the network does not have.
        DataError: If pictures are missing, unpaired, unreadable or too small.
        TrainingError: If a loss stops being finite.
    """
    if run.finished:
        return run.bundle
    # 0 means one for every core.
    threads = tf.config.threading.get_intra_op_parallelism_threads() or usable_cores()
    for difference in check_environment(run, environment(threads)):
        _log.warning(difference)
    keras.utils.set_random_seed(recipe.seed)
    network = build_generator(recipe)
    model = build_model(recipe, network)
    checkpoints = Checkpoints(run.checkpoints, model, recipe.training.keep_checkpoints)
    step = checkpoints.restore_latest(_log.warning)
    if step:
        _log.info("resuming at step %d", step)
    validator = build_validator(recipe, model.ema_generator, run)
    if step < recipe.training.steps:
        callback = RunCallback(
            run,
            recipe.training,
            checkpoints,
            validator,
            first_step=step,
            progress=progress,
        )
        _fit(model, recipe, step, callback)
    return finish(recipe, model.ema_generator, run, validator(recipe.training.steps))


def _fit(model: Any, recipe: Recipe, step: int, callback: RunCallback) -> None:
    failures: list[ImganError] = []
    data = training_data(recipe, model.generator, step, failures)
    try:
        # One long epoch: the callback counts steps, and an epoch means nothing here.
        model.fit(
            data,
            steps_per_epoch=recipe.training.steps - step,
            callbacks=[callback],
            shuffle=False,
            verbose=0,
        )
    except tf.errors.OpError as error:
        if failures:
            raise failures[0] from error
        raise


def build_generator(recipe: Recipe) -> Any:
    """Return the network that a recipe's run begins with.

    That is the family's network in its training form, or the inference form that
    `init` names.

    Raises:
        CheckpointError: If `init` cannot be loaded.
        ConfigError: If `generator` holds an argument that the network does not have, or
            `init` is of another family or scale.
    """
    if recipe.init:
        return _initial_generator(recipe, recipe.init)
    kind = families.resolve(families.get(recipe.family).generator)
    known = set(inspect.signature(kind).parameters) - {
        "scale",
        "dtype",
        "name",
        "fused",
    }
    for key in recipe.generator:
        if key not in known:
            raise ConfigError(
                f"unknown key 'generator.{key}'.{did_you_mean(key, known)} "
                f"{kind.__name__} takes: {', '.join(sorted(known))}"
            )
    try:
        return kind(
            scale=recipe.scale, dtype=recipe.training.precision, **recipe.generator
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(f"generator: {error}") from error


def _initial_generator(recipe: Recipe, model: str) -> Any:
    network, card = load_network(resolve(model))
    if (card.family, card.scale) != (recipe.family, recipe.scale):
        raise ConfigError(
            f"init must be a model of family {recipe.family} and scale {recipe.scale}. "
            f"Received: {model}, of family {card.family} and scale {card.scale}"
        )
    return network.variant(dtype=recipe.training.precision)


def build_model(recipe: Recipe, network: Any) -> Any:
    """Return the compiled `keras.Model` that trains the network."""
    config = recipe.training
    kind = families.resolve(families.get(recipe.family).model)
    model = kind(network, ema_decay=config.ema_decay)
    schedule = warmup_cosine(
        steps=config.steps,
        learning_rate=config.learning_rate,
        final_learning_rate=config.final_learning_rate,
        warmup_steps=config.warmup_steps,
    )
    model.compile(
        generator_optimizer=keras.optimizers.Adam(schedule),
        pixel_loss=PIXEL_LOSSES[config.loss](),
    )
    return model


def training_data(
    recipe: Recipe,
    network: Any,
    first_step: int,
    failures: list[ImganError] | None = None,
) -> Any:
    """Return the `tf.data.Dataset` of the recipe from a step on."""
    data = recipe.data
    keep = {"auto": None, "always": True, "never": False}[data.cache]
    pairs = list_pairs(data.train.hr, data.train.lr, recipe.scale)
    sampler = PatchSampler(
        PairStore(pairs, recipe.scale, keep),
        data.hr_patch_size,
        seed=recipe.seed,
        candidates=data.detail_candidates,
        augment=data.augment,
    )
    return super_resolution_dataset(
        sampler,
        data.batch_size,
        first_step=first_step,
        lr_range=network.input_range,
        hr_range=network.output_range,
        failures=failures,
    )


def finish(
    recipe: Recipe, network: Any, run: RunFolder, scores: dict[str, float]
) -> Path:
    """Write the run's bundle: the network in its inference form, with its card."""
    network = network.fused().variant(dtype="float32")
    protocol = {
        "channel": "y",
        "crop_border": recipe.scale,
        "downscale": "given" if _validation_lr(recipe) else "matlab_bicubic",
    }
    validation = recipe.data.validation
    metrics = (
        [Score(dataset=_dataset_name(validation.hr), protocol=protocol, values=scores)]
        if validation and scores
        else []
    )
    card = Card(
        imgan_version=__version__,
        name=recipe.name,
        description=recipe.description,
        task=families.get(recipe.family).task,
        family=recipe.family,
        network=describe_network(network),
        scale=recipe.scale,
        input_channels=network.input_shape[-1],
        output_channels=network.output_shape[-1],
        input_range=network.input_range,
        output_range=network.output_range,
        size_multiple=network.size_multiple,
        halo=halo(network),
        recipe=recipe.model_dump(mode="json"),
        data=recipe.data_credits,
        losses=[recipe.training.loss],
        licence=recipe.licence,
        training_steps=recipe.training.steps,
        metrics=metrics,
    )
    save_bundle(network, card, run.bundle)
    return run.bundle


def build_validator(
    recipe: Recipe, network: Any, run: RunFolder
) -> SuperResolutionValidator:
    """Return what scores the network on the recipe's held-out pictures."""
    validation = recipe.data.validation
    pairs: list[Any] = []
    if validation:
        listed = list_pairs(validation.hr, validation.lr, recipe.scale)
        store = PairStore(listed, recipe.scale, keep=False)
        pairs = [store[index] for index in range(len(store))]
    ranges = (network.input_range, network.output_range)
    return SuperResolutionValidator(network, pairs, recipe.scale, run, ranges)


def _validation_lr(recipe: Recipe) -> bool:
    return bool(recipe.data.validation and recipe.data.validation.lr)


def _dataset_name(folder: Path) -> str:
    """Return the name of a data set from the folder of its true pictures."""
    return (folder.parent if folder.name.lower() == "hr" else folder).name
