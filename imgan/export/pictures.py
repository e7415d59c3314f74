"""The signatures of a network that turns pictures into pictures."""

from collections.abc import Callable
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.exports import ENCODED
from imgan.bundles.exports import FLOAT
from imgan.bundles.exports import NETWORK
from imgan.bundles.exports import SERVING
from imgan.bundles.grid import grid_of
from imgan.bundles.kinds import reads_bands
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import writes_bands
from imgan.bundles.picture_graph import freeze
from imgan.bundles.picture_graph import quantise
from imgan.bundles.picture_graph import through_network
from imgan.bundles.picture_graph import to_light
from imgan.bundles.picture_graph import to_values
from imgan.export.encoded import encoded_function
from imgan.export.tiled_graph import TiledGraph
from imgan.runtime import import_tensorflow

Network = Callable[[Any], Any]
"""From `(batch, height, width, channels)` in the card's `input_range` to its
`output_range`; sides are what the card says of them."""


def picture_signatures(network: Any, card: Card) -> dict[str, Any]:
    """Return the functions that an export offers, by name.

    - `serving_default`: `images`, a batch of pictures of one size, `(batch, height,
      width, channels)` uint8, to `images`, the results. For a model of raw values, such
      as metres, `images` are float32 in the units of its files, both ways; for one of
      bands without a value range float32 of which 1 is the files' white.
    - `float`: the same in the card's value ranges, float32, not clipped.
    - `image_bytes`: a batch of PNG and JPEG files, `(batch,)`, to `output_bytes`, PNG
      files, and `error`; see `encoded`. Only for models whose results are pictures of
      1 or 3 channels.
    - `network`: the bare network, float32, for programs that pad and tile themselves.

    Args:
        network: `keras.Model` in inference form.
        card: Its card.
    """
    tf = import_tensorflow()
    shape = (None, None, None, card.input_channels)
    floats = tf.TensorSpec(shape, tf.float32, name="images")
    frozen = freeze(lambda images: network(images, training=False), [floats])

    def run(images: Any) -> Any:
        return tf.cast(frozen(images)[0], tf.float32)

    given = "float32" if reads_bands(card) else "uint8"
    pixels = tf.TensorSpec(shape, given, name="images")
    serve = _pixel_function(run, card, given)

    def default(images: Any) -> dict[str, Any]:
        return {"images": serve(images, _no_marks(tf, images))}

    functions = {
        SERVING: (default, pixels),
        FLOAT: (_float_function(run, card), floats),
        NETWORK: (lambda images: {"images": run(images)}, floats),
    }
    if takes_files(card):
        files = tf.TensorSpec((None,), tf.string, name="image_bytes")
        functions[ENCODED] = (encoded_function(serve, card), files)
    # There is no Python to convert, and AutoGraph would look for it for half a minute.
    return {
        name: tf.function(function, autograph=False, input_signature=[spec])
        for name, (function, spec) in functions.items()
    }


def takes_files(card: Card) -> bool:
    """Return whether encoded pictures can be sent to a model, and come back."""
    return (
        card.input_channels in (1, 3)
        and not reads_bands(card)
        and not writes_bands(card)
        and card.num_frames == 1
        and result_dtype(card, "uint8") != "float32"
    )


def _pixel_function(run: Network, card: Card, given: str) -> Callable[[Any, Any], Any]:
    """Return a function of a batch of pictures, and which of them stand for grey ones.

    The result of a grey one, repeated to three channels, is the mean of its channels.
    """
    tf = import_tensorflow()
    made = result_dtype(card, given)

    def compute(pixels: Any) -> Any:
        return through_network(tf, run, card, to_light(tf, pixels, card))

    def settle(outputs: Any, grey: Any) -> Any:
        if card.task == "super_resolution" and card.output_channels > 1:
            mean = tf.reduce_mean(outputs, axis=3, keepdims=True)
            outputs = tf.where(grey[:, None, None, None], mean, outputs)
        return quantise(tf, to_values(tf, outputs, card), card, made)

    return _tiled(card, compute, settle, made)


def _float_function(run: Network, card: Card) -> Callable[[Any], Any]:
    tf = import_tensorflow()
    tiled = _tiled(card, run, lambda outputs, marks: outputs, "float32")
    return lambda images: {"images": tiled(images, _no_marks(tf, images))}


def _tiled(card: Card, compute: Any, settle: Any, dtype: str) -> TiledGraph:
    area = card.tile * card.tile
    return TiledGraph(grid_of(card), area, compute, settle, card.output_channels, dtype)


def _no_marks(tf: Any, images: Any) -> Any:
    return tf.zeros(tf.shape(images)[:1], tf.bool)
