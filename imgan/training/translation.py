"""Translation as an experiment: what paired and unpaired training share."""

import itertools
import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.card import InferenceMode
from imgan.bundles.reach import translating_reach
from imgan.config.translation import TranslationRecipe
from imgan.errors import ConfigError
from imgan.models.replicas import replica_count
from imgan.training.adversarial import check_penalties
from imgan.training.experiment import Experiment
from imgan.training.experiment import as_shipped
from imgan.training.experiment import build_network
from imgan.training.initial import enhances
from imgan.training.initial import initial_generator
from imgan.training.statistics import restate_statistics
from imgan.training.translation_validation import MOST_SIDE
from imgan.types import Array

_log = logging.getLogger(__name__)


class TranslationExperiment(Experiment):
    """Networks of translation, their statistics and their cards."""

    recipe: TranslationRecipe

    def __init__(self, recipe: TranslationRecipe) -> None:
        super().__init__(recipe)
        self._warned = False

    @property
    def start(self) -> str | None:
        """Name of the model that the run begins with as it is; None: there is none."""
        init = self.recipe.init
        return None if enhances(self.generator_path, init) else init

    def build_generator(
        self, source_channels: int, target_channels: int, number: int = 0
    ) -> Any:
        """Return a generator that a run begins with.

        That is the family's network, or the one that `init` names.

        Args:
            source_channels: Of what it is given.
            target_channels: Of what it makes.
            number: Of several in a run, each of which has dropout of its own.

        Raises:
            ConfigError: If it does not fit the recipe.
        """
        recipe = self.recipe
        if recipe.init:
            channels = source_channels, target_channels
            network = initial_generator(recipe, self.generator_path, channels)
        else:
            fixed = {
                "input_channels": source_channels,
                "output_channels": target_channels,
                "dtype": recipe.training.precision,
                "synchronized": replica_count() > 1,
                # Layers take the numbers after it.
                "seed": recipe.seed + 1_000 * number,
                # What ships drops nothing unless it is asked to.
                "noise_seed": None,
            }
            path = self.generator_path
            network = build_network(path, "generator", recipe.generator, fixed)
        self._check_size("generator", network)
        self._warn_of_statistics(network)
        return network

    def build_discriminator(self, channels: int, condition_channels: int = 0) -> Any:
        """Return a discriminator that a run begins with."""
        recipe = self.recipe
        fixed = {
            "channels": channels,
            "condition_channels": condition_channels,
            "dtype": recipe.training.precision,
            "synchronized": replica_count() > 1,
        }
        network = build_network(
            self.family.discriminator, "discriminator", recipe.discriminator, fixed
        )
        self._check_size("discriminator", network)
        check_penalties(recipe.training, network)
        return network

    def _check_size(self, section: str, network: Any) -> None:
        size, multiple = self.recipe.data.image_size, network.size_multiple
        if size % multiple or size < network.minimum_size:
            least = max(multiple, network.minimum_size)
            raise ConfigError(
                f"data.image_size must be a multiple of {multiple}, at least {least}, "
                f"for the {section}, {type(network).__name__}. Received: {size}"
            )

    def _warn_of_statistics(self, network: Any) -> None:
        # A batch of one is normalised by itself while it trains, as by instance.
        stored = network.inference_normalization == "stored"
        if stored and self.recipe.data.batch_size == 1 and not self._warned:
            self._warned = True
            _log.warning(
                "batch normalisation with data.batch_size=1 sees single pictures in "
                "training and averages over many at inference, which looks different. "
                "Set generator.normalization=instance, or data.batch_size=4 or more"
            )

    # === Card ===

    def finished(self, network: Any, inputs: str) -> Any:
        """Return a network as it ships: float32, with statistics taken anew.

        Args:
            network: The moving average of a generator.
            inputs: Name of what it is given in a batch.
        """
        count = self.recipe.training.statistics_batches
        plain = as_shipped(network)
        if not count:
            return plain
        batches = itertools.islice(self.statistics_batches(plain), count)
        return restate_statistics(plain, (batch[inputs] for batch in batches))

    def tiles(self, network: Any) -> str:
        """Return a line about how large pictures will be translated."""
        values = translating_reach(network)
        if values["halo"] is None:
            return (
                f"blended above {values['tile']} pixels, as the network normalises by "
                "all it sees"
            )
        return f"exact, {values['tile']} pixels with a halo of {values['halo']}"

    @abstractmethod
    def statistics_batches(self, network: Any) -> Any:
        """Return endless batches of training data, from the first on.

        Args:
            network: Whose ranges they are in.
        """

    @property
    def protocol(self) -> dict[str, Any]:
        """How held-out pairs are scored, for the card."""
        data = self.recipe.data
        whole = f"as they are, the centre from {MOST_SIDE} pixels on"
        size = data.image_size if data.load_size else whole
        return {"channel": "all", "crop_border": 0, "size": size}

    def translation_card(self, network: Any, **values: Any) -> Card:
        """Return the card of a finished network.

        Args:
            network: As it ships.
            **values: What a kind of translation says itself.
        """
        return Card(
            **{
                **self.base_card(network),
                "scale": 1,
                "input_channels": network.input_shape[-1],
                "output_channels": network.output_shape[-1],
                "input_range": network.input_range,
                "size_multiple": network.size_multiple,
                "minimum_size": network.minimum_size,
                "inference_mode": InferenceMode(
                    normalization=network.inference_normalization
                ),
                **translating_reach(network),
                **values,
            }
        )


def output_depth(sources: Sequence[Array], target: Array) -> str:
    """Return the depth of results for a card: the target's where it is another.

    Args:
        sources: Pictures that make up a source; none where it is made of the target.
        target: The picture that belongs to them.
    """
    alike = all(source.dtype == target.dtype for source in sources)
    return "input" if alike else target.dtype.name
