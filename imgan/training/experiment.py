"""What a kind of recipe must provide, so that `train` can run it."""

import inspect
from abc import ABC
from abc import abstractmethod
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import keras

from imgan import __version__
from imgan import families
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import load_network
from imgan.bundles.card import Card
from imgan.bundles.register import resolve
from imgan.config import Recipe
from imgan.config.super_resolution import GateConfig
from imgan.errors import ConfigError
from imgan.errors import ImganError
from imgan.errors import did_you_mean
from imgan.models.replicas import replica_count
from imgan.training.run_folder import RunFolder


class Look(NamedTuple):
    """What a validation has seen."""

    scores: dict[str, float]
    fingerprint: list[float] | None = None
    """Numbers that change whenever the generator does."""
    signs: Mapping[str, float] = {}
    """What the watchdog looks at beside the scores."""


class Validator(ABC):
    """Looks at the moving average while it trains."""

    pictures = 0
    """How many held-out pairs it has."""

    @abstractmethod
    def __call__(self, step: int) -> Look:
        """Score it and write the sample sheet of this step."""


class Experiment(ABC):
    """Composes data, networks and model by one recipe.

    Args:
        recipe: The resolved recipe.
    """

    def __init__(self, recipe: Any) -> None:
        self.recipe = recipe
        self.family = families.get(recipe.family)
        self.rate_scale: Any = None
        """What multiplies all learning rates; lowered after a rollback."""
        self.kept_step: int | None = None
        """Step whose moving average the bundle holds; None: the last one."""

    def create(self) -> Any:
        """Return the compiled `keras.Model`; call it inside the strategy's scope."""
        self.rate_scale = keras.Variable(1.0, trainable=False, name="rate_scale")
        return self.build_model()

    @abstractmethod
    def build_model(self) -> Any:
        """Return the compiled `keras.Model` that trains the networks."""

    @property
    def generator_path(self) -> str:
        """`package.module:Class` of the generator: the family's, or of `network`."""
        network = getattr(self.recipe, "network", None)
        return families.get(network).generator if network else self.family.generator

    @property
    def gate_config(self) -> GateConfig | None:
        """What held-out pairs decide; None where there are none."""
        found: GateConfig | None = getattr(self.recipe.training, "gate", None)
        held_out = getattr(self.recipe.data, "validation", None)
        return found if held_out else None

    @property
    def start(self) -> str | None:
        """Name of the model that the run begins with as it is; None: there is none."""
        init: str | None = self.recipe.init
        return init

    @property
    def content_teaches(self) -> bool:
        """Whether a generator learns from more than what its discriminator says."""
        return False

    def stages(self) -> tuple[int, ...]:
        """Return the steps after which the train step changes, rising."""
        return ()

    def begin_stage(  # noqa: B027
        self, model: Any, step: int, run: RunFolder
    ) -> None:
        """Make the model what it must be to go on from a step.

        Called before the first step of a process, after each of `stages`, and after
        the run has gone back, which may be to the stage before.
        """

    @abstractmethod
    def dataset(self, model: Any, first_step: int, failures: list[ImganError]) -> Any:
        """Return the `tf.data.Dataset` from a step on."""

    @abstractmethod
    def validator(self, model: Any, run: RunFolder) -> Validator:
        """Return what looks at the model while it trains."""

    @abstractmethod
    def bundle(self, model: Any, scores: dict[str, float]) -> tuple[Any, Card]:
        """Return the network to ship, in its inference form, and its card."""

    def side_bundles(self, model: Any) -> Mapping[str, tuple[Any, Card]]:
        """Return further networks to ship and their cards, by folder in the run."""
        return {}

    @abstractmethod
    def plan(self) -> list[tuple[str, str]]:
        """Return rows of label and value that say what the recipe amounts to."""

    def base_card(self, network: Any) -> dict[str, Any]:
        """Return what a card of any task holds."""
        recipe: Recipe = self.recipe
        steps = recipe.training.steps if self.kept_step is None else self.kept_step
        return {
            "imgan_version": __version__,
            "name": recipe.name,
            "description": recipe.description,
            "task": self.family.task,
            "family": recipe.family,
            "network": describe_network(network),
            "output_range": network.output_range,
            "recipe": recipe.model_dump(mode="json"),
            "data": recipe.data_credits,
            "licence": recipe.licence,
            "training_steps": steps,
        }


def size_of(network: Any) -> str:
    """Return kind and size of a network, for a plan."""
    return f"{type(network).__name__}, {network.count_params():,} parameters"


def build_network(
    path: str, section: str, arguments: Mapping[str, Any], fixed: Mapping[str, Any]
) -> Any:
    """Return a network from a recipe's section.

    Args:
        path: `package.module:Class`.
        section: Name of the section, for messages.
        arguments: What it says.
        fixed: Arguments that follow from the rest of the recipe.

    Raises:
        ConfigError: If the class does not take the arguments, or not these values.
    """
    kind = families.resolve(path)
    taken = set(inspect.signature(kind).parameters)
    known = taken - set(fixed) - {"name", "dtype", "fused", "synchronized"}
    _check_keys(kind.__name__, section, arguments, known)
    needed = {key: value for key, value in fixed.items() if key in taken}
    try:
        return kind(**needed, **arguments)
    except (TypeError, ValueError) as error:
        # Keras tells some things in many lines.
        reason = " ".join(str(error).split())
        raise ConfigError(f"{section}: {reason}") from error


def _check_keys(
    kind: str, section: str, arguments: Mapping[str, Any], known: Collection[str]
) -> None:
    for key in arguments:
        if key not in known:
            raise ConfigError(
                f"unknown key '{section}.{key}'.{did_you_mean(key, known)} "
                f"{kind} takes: {', '.join(sorted(known))}"
            )


def initial_network(recipe: Any, **expected: Any) -> Any:
    """Return the network that `init` names, as the recipe trains it.

    Args:
        recipe: With `init`.
        **expected: What its card must say beside the family.

    Raises:
        CheckpointError: If it cannot be loaded.
        ConfigError: If it is of another family, scale or the like.
    """
    network, card = load_network(resolve(recipe.init))
    expected = {"family": recipe.family, **expected}
    found = {key: getattr(card, key) for key in expected}
    if found != expected:
        raise ConfigError(
            f"init must be a model of {_words(expected)}. "
            f"Received: {recipe.init}, of {_words(found)}"
        )
    return as_trained(network, recipe)


def as_trained(network: Any, recipe: Recipe) -> Any:
    """Return a network that was loaded, in the form that a run by a recipe trains.

    That is in its precision, and with statistics that are shared by all its devices;
    call it inside the strategy's scope.
    """
    form = {"dtype": recipe.training.precision, "synchronized": replica_count() > 1}
    return _in_form(network, form)


def as_shipped(network: Any) -> Any:
    """Return a network that was trained, in the form of a bundle: for one device."""
    return _in_form(network, {"dtype": "float32", "synchronized": False})


def _in_form(network: Any, form: Mapping[str, Any]) -> Any:
    """Change those arguments of a network that it has."""
    own = network.get_config()
    return network.variant(**{key: form[key] for key in form if key in own})


def _words(values: Mapping[str, Any]) -> str:
    return " and ".join(f"{key} {value}" for key, value in values.items())
