"""What a generator of noise needs to draw: its card, and the graph that makes pixels.

Bundles and exports run the same graph, so that they draw the same pictures.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.errors import CheckpointError
from imgan.errors import UsageError
from imgan.runtime import import_tensorflow


def generation_card(folder: Path) -> Card:
    """Read the card of a generator of noise, with `latent` and a square `image_size`.

    Raises:
        CheckpointError: If the card is absent, damaged or not complete.
        UsageError: If the model does not draw from noise.
    """
    card = read_card(folder)
    if card.task != "generation":
        command = "upscale" if card.task == "super_resolution" else "translate"
        raise UsageError(
            f"Model {card.name!r} draws no pictures from noise, it takes pictures; use "
            f"imgan {command}"
        )
    if card.latent is None or card.image_size is None:
        lacking = "latent" if card.latent is None else "image_size"
        raise CheckpointError(f"The card in {folder} lacks {lacking}. Train again.")
    if card.image_size[0] != card.image_size[1]:
        raise CheckpointError(
            f"The card in {folder} must have a square image_size. "
            f"Received: {list(card.image_size)}"
        )
    if card.labels is not None and len(set(card.labels)) != max(1, len(card.labels)):
        raise CheckpointError(f"The card in {folder} must have labels, each once")
    return card


def check_generator(network: Any, card: Card) -> None:
    """Compare a network of noise with its card.

    Raises:
        CheckpointError: If the card describes another network.
    """
    latent = card.latent.dim if card.latent else None
    size = card.image_size[0] if card.image_size else None
    expected = (network.latent_dim, network.num_classes, network.image_size)
    received = (latent, len(card.labels or ()), size)
    if expected != received:
        raise CheckpointError(
            f"The card of {card.name} must describe its network: latent.dim, number "
            f"of labels and image_size {expected}. Received: {received}"
        )


def drawing_function(network: Any, card: Card) -> Callable[..., dict[str, Any]]:
    """Return the function `(latent[, label]) -> {"images"}` of a network.

    Its tensors: `latent` float32 `(batch, dim)` and, if the card has labels, `label`
    int32 `(batch,)`; `images` uint8 `(batch, height, width, channels)`, rounded.
    """
    tf = import_tensorflow()
    low, high = card.output_range

    def to_pixels(outputs: Any) -> dict[str, Any]:
        values = (tf.cast(outputs, tf.float32) - low) / (high - low)
        values = tf.clip_by_value(values, 0.0, 1.0) * 255.0
        return {"images": tf.cast(tf.floor(values + 0.5), tf.uint8)}

    def draw(latent: Any) -> dict[str, Any]:
        return to_pixels(network(latent, training=False))

    def draw_labelled(latent: Any, label: Any) -> dict[str, Any]:
        return to_pixels(network([latent, label], training=False))

    return draw if card.labels is None else draw_labelled


def drawing_signature(card: Card) -> list[Any]:
    """Return the `tf.TensorSpec` of each argument of `drawing_function`."""
    tf = import_tensorflow()
    dim = card.latent.dim if card.latent else None
    latent = tf.TensorSpec((None, dim), tf.float32, name="latent")
    if card.labels is None:
        return [latent]
    return [latent, tf.TensorSpec((None,), tf.int32, name="label")]
