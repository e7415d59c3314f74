"""What lies between the pixels of files and a network, as a TensorFlow graph.

Bundles and exports run the same graph, so that they make the same pictures. Every
function takes tensors; `tf` is the module `tensorflow`.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_units
from imgan.types import dtype_peak
from imgan.types import from_range
from imgan.types import to_range


def to_light(tf: Any, pixels: Any, card: Card) -> Any:
    """Return pixels of files as float32, so that 0 and 1 are the ends of their range.

    Args:
        tf: TensorFlow.
        pixels: uint8, uint16 or float32, of any shape.
        card: Of the network.
    """
    zero, one = card.pixel_range or (0.0, dtype_peak(pixels.dtype.name))
    return (tf.cast(pixels, tf.float32) - zero) / (one - zero)


def through_network(
    tf: Any, network: Callable[[Any], Any], card: Card, light: Any
) -> Any:
    """Run a network whose channels may differ from the picture's.

    Args:
        tf: TensorFlow.
        network: From `(batch, height, width, channels)` in the card's `input_range` to
            its `output_range`.
        card: Of the network.
        light: `(1, height, width, channels)` float32, as `to_light` returns it.

    Returns:
        `(1, scale * height, scale * width, channels)` float32 in the `output_range`,
        with the channels that `kinds.result_channels` says.
    """
    images = to_network(tf, light, card)
    return from_network(tf, network(images), card, light.shape[3])


def to_network(tf: Any, light: Any, card: Card) -> Any:
    """Return what a network is given of a picture, in the card's `input_range`.

    Args:
        tf: TensorFlow.
        light: `(1, height, width, channels)` float32, as `to_light` returns it.
        card: Of the network.

    Returns:
        `(batch, height, width, channels of the network)`: grey is repeated, and the
        channels of a colour picture are a batch of grey ones.
    """
    images, channels = to_range(light, card.input_range), light.shape[3]
    if channels == card.input_channels:
        return images
    if channels == 1:
        return tf.repeat(images, card.input_channels, 3)
    # (1, height, width, channels) -> (channels, height, width, 1)
    return tf.transpose(images, (3, 1, 2, 0))


def from_network(tf: Any, outputs: Any, card: Card, channels: int) -> Any:
    """Return the result of one picture, in the card's `output_range`.

    Args:
        tf: TensorFlow.
        outputs: What the network made of that which `to_network` returned.
        card: Of the network.
        channels: Of the picture.
    """
    outputs = tf.cast(outputs, tf.float32)
    if channels == card.input_channels:
        return outputs
    if channels > 1:
        # (channels, height, width, 1) -> (1, height, width, channels)
        return tf.transpose(outputs, (3, 1, 2, 0))
    if card.task == "translation":
        return outputs
    return tf.reduce_mean(outputs, axis=3, keepdims=True)


def to_values(tf: Any, outputs: Any, card: Card) -> Any:
    """Return what a network gave as values: light in [0, 1], or the units of files."""
    values = from_range(outputs, card.output_range)
    units = result_units(card)
    if units is None:
        return tf.clip_by_value(values, 0.0, 1.0)
    # What lies beyond the range is as real as what lies within: values go to the units
    # of the files as they are.
    return to_range(values, units)


def quantise(tf: Any, values: Any, card: Card, dtype: str) -> Any:
    """Return values in the dtype of the result, rounded half up.

    Args:
        tf: TensorFlow.
        values: float32, as `to_values` returns them.
        card: Of the network.
        dtype: uint8, uint16 or float32; floats stay as they are.
    """
    if dtype == "float32":
        return values
    peak = dtype_peak(dtype)
    raw = result_units(card) is not None
    levels = tf.clip_by_value(values, 0.0, peak) if raw else values * peak
    # No value is below 0, so the cast rounds down.
    return tf.cast(levels + 0.5, dtype)


def freeze(function: Callable[..., Any], signature: Sequence[Any]) -> Any:
    """Return a function traced for a signature, its weights as constants of the graph.

    One frozen graph needs no restored variables, and what is computed from weights
    alone, such as their form in bfloat16, is computed once.

    Args:
        function: Of tensors.
        signature: A `tf.TensorSpec` for each argument.

    Returns:
        A `ConcreteFunction`, which returns a list of tensors.
    """
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    traced = tf.function(function, autograph=False, input_signature=list(signature))
    return convert_to_constants.convert_variables_to_constants_v2(
        traced.get_concrete_function()
    )
