"""The sampler: new pictures from a generator of noise.

Example:
    >>> from imgan.inference.sampler import load_sampler
    >>> sampler = load_sampler("runs/0001-digits")         # doctest: +SKIP
    >>> sampler.draw(4, label=7, seed=0).shape             # doctest: +SKIP
    (4, 32, 32, 1)
"""

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.card import LatentSpec
from imgan.bundles.drawing import check_generator
from imgan.bundles.drawing import drawing_function
from imgan.bundles.drawing import drawing_signature
from imgan.bundles.drawing import generation_card
from imgan.bundles.exports import is_export
from imgan.bundles.register import resolve
from imgan.errors import CheckpointError
from imgan.errors import first_line
from imgan.inference.latents import draw_latents
from imgan.inference.latents import latents_between
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow
from imgan.types import Array

BATCH = 16
"""Pictures computed at once, always: last bits of a convolution may depend on it."""

Draw = Callable[[Array, int | None], Array]
"""From `(BATCH, dim)` latents and their one label to `(BATCH, ...)` uint8 pictures."""

_CPU = "/CPU:0"


class Sampler:
    """Draws pictures, each a function of (seed, label, index) and nothing else.

    Args:
        card: Of a generator of noise; see `generation_card`.
        compute: The network.
    """

    def __init__(self, card: Card, compute: Draw) -> None:
        if card.latent is None or card.image_size is None:
            raise ValueError("card must have latent and image_size")
        self.card = card
        self._latent: LatentSpec = card.latent
        self._compute = compute
        self.image_size: int = card.image_size[0]
        """Height and width of the pictures."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Names of the labels in their order; None if pictures have none."""
        return None if self.card.labels is None else tuple(self.card.labels)

    @property
    def channels(self) -> int:
        """Channels of the pictures."""
        return self.card.output_channels

    def draw(
        self,
        count: int,
        *,
        label: int | None = None,
        seed: int = 0,
        first: int = 0,
        truncation: float | None = None,
    ) -> Array:
        """Return pictures `first` to `first + count - 1` of a seed and a label.

        Args:
            count: How many.
            label: Number of the label; None exactly where there are no labels.
            seed: 0 or more.
            first: Index of the first picture.
            truncation: Largest absolute value of a latent: below about 2, pictures
                become more typical and less different.

        Returns:
            `(count, image_size, image_size, channels)` uint8.
        """
        self._check(label, seed, truncation)
        if count < 1 or first < 0:
            raise ValueError(
                f"count must be at least 1 and first at least 0. Received: "
                f"count={count}, first={first}"
            )
        start = first - first % BATCH
        batches = []
        for index in range(start, first + count, BATCH):
            latents = draw_latents(
                self._latent,
                range(index, index + BATCH),
                seed=seed,
                label=label,
                truncation=truncation,
            )
            batches.append(self._compute(latents, label))
        return np.concatenate(batches)[first - start : first - start + count]

    def interpolate(
        self,
        first: int,
        frames: int,
        *,
        label: int | None = None,
        seed: int = 0,
        truncation: float | None = None,
    ) -> Iterator[Array]:
        """Return the frames between pictures `first` and `first + 1`, without the two.

        Args:
            first: Index of the picture to begin at.
            frames: How many, at equal distances.
            label: As in `draw`.
            seed: As in `draw`.
            truncation: As in `draw`.

        Returns:
            `(image_size, image_size, channels)` uint8 each, computed when asked for.
        """
        self._check(label, seed, truncation)
        if frames < 1 or first < 0:
            raise ValueError(
                f"frames must be at least 1 and first at least 0. Received: "
                f"frames={frames}, first={first}"
            )
        ends = range(first, first + 2)
        start, end = draw_latents(
            self._latent, ends, seed=seed, label=label, truncation=truncation
        )
        latents = latents_between(self._latent, start, end, frames)
        return self._drawn(latents, label)

    def _drawn(self, latents: Array, label: int | None) -> Iterator[Array]:
        count = len(latents)
        # Always as many at once: a picture must not depend on how many there are.
        filled = np.resize(latents, (-(-count // BATCH) * BATCH, self._latent.dim))
        for index in range(0, count, BATCH):
            made = self._compute(filled[index : index + BATCH], label)
            yield from made[: count - index]

    def _check(self, label: int | None, seed: int, truncation: float | None) -> None:
        labels = self.labels
        if labels is None and label is not None:
            raise ValueError(f"label must be None, there are none. Received: {label}")
        if labels is not None and (label is None or not 0 <= label < len(labels)):
            raise ValueError(
                f"label must be from 0 to {len(labels) - 1}. Received: {label}"
            )
        if seed < 0:
            raise ValueError(f"seed must be 0 or more. Received: {seed}")
        if truncation is not None and not truncation > 0:
            raise ValueError(f"truncation must be above 0. Received: {truncation}")


def find_generator(model: str) -> tuple[Path, Card]:
    """Return the bundle or SavedModel that a user means, and its card; loads nothing.

    Raises:
        UnknownModelError: If there is no such model.
        CheckpointError: If its card is damaged.
        UsageError: If it does not draw from noise.
    """
    folder = resolve(model)
    return folder, generation_card(folder)


def load_sampler(model: str) -> Sampler:
    """Return the sampler of a bundle, a run folder or an exported SavedModel.

    It computes on the CPU, so that a picture is the same on machines with and without a
    GPU: a bundle in float32, an export in its own precision.

    Raises:
        UnknownModelError: If there is no such model.
        CheckpointError: If its files cannot be used.
        UsageError: If it does not draw from noise.
    """
    folder, card = find_generator(model)
    tf = import_tensorflow()
    # TensorFlow looks for GPUs when first asked, and complains of a driver without.
    with hold_stderr(), tf.device(_CPU):
        tf.constant(0)
        load = _load_export if is_export(folder) else _load_bundle
        function = load(folder, card)

    def compute(latents: Array, label: int | None) -> Array:
        inputs = {"latent": tf.constant(latents)}
        if label is not None:
            inputs["label"] = tf.fill([len(latents)], tf.constant(label, tf.int32))
        with tf.device(_CPU):
            return function(**inputs)["images"].numpy()

    return Sampler(card, compute)


def _load_bundle(folder: Path, card: Card) -> Callable[..., Any]:
    from imgan.bundles.bundle import check_network
    from imgan.bundles.bundle import load_network

    tf = import_tensorflow()
    network, card = load_network(folder, "float32")
    check_generator(network, card)
    if card.self_check and not check_network(network, card) < card.self_check.tolerance:
        raise CheckpointError(
            f"The network in {folder} does not compute here what it computed when it "
            "was saved. Copy the bundle again, or report it with imgan info."
        )
    return tf.function(
        drawing_function(network, card), input_signature=drawing_signature(card)
    )


def _load_export(folder: Path, card: Card) -> Callable[..., Any]:
    tf = import_tensorflow()
    try:
        loaded = tf.saved_model.load(str(folder))
        function = loaded.signatures["serving_default"]
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise CheckpointError(
            f"{folder} cannot be loaded: {first_line(error)}"
        ) from error
    expected = [spec.name for spec in drawing_signature(card)]
    received = sorted(function.structured_input_signature[1], reverse=True)
    if sorted(expected, reverse=True) != received:
        raise CheckpointError(
            f"{folder} must take {' and '.join(expected)}, as its card says. "
            f"Received: {', '.join(received)}. Export the model again."
        )

    def call(**inputs: Any) -> Any:
        # Holds `loaded`, without which the function would lose its variables.
        return loaded.signatures["serving_default"](**inputs)

    return call
