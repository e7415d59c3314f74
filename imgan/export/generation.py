"""The signatures of a generator of noise."""

from collections.abc import Callable
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.card import LatentSpec
from imgan.bundles.drawing import drawing_function
from imgan.bundles.drawing import drawing_signature
from imgan.bundles.exports import ENCODED
from imgan.bundles.exports import SEED
from imgan.bundles.exports import SERVING
from imgan.bundles.picture_graph import freeze
from imgan.runtime import import_tensorflow


def generation_signatures(network: Any, card: Card) -> dict[str, Any]:
    """Return the functions that an export offers, by name.

    - `serving_default`: `latent` float32 `(batch, dim)` and, if the card has labels,
      `label` int32 `(batch,)`; returns `images` uint8 `(batch, height, width,
      channels)`, what `imgan sample` draws of them, byte for byte.
    - `seed`: `seed` int64 `(batch,)` and maybe `label`, for clients that have no noise
      of their own; returns `images`. A seed and a label give the same picture in every
      request, and not the one that `imgan sample --seed` draws.
    - `image_bytes`: the same with `output_bytes`, a PNG file for each, and `error`,
      which says what is wrong with a label; only for pictures of 1 or 3 channels.

    Args:
        network: `keras.Model` in inference form.
        card: Its card, as `drawing.generation_card` returns it.
    """
    tf = import_tensorflow()
    latents = card.latent
    if latents is None:
        raise ValueError("card must have latent")
    signature = drawing_signature(card)
    frozen = freeze(drawing_function(network, card), signature)

    def serve(latent: Any, label: Any = None) -> dict[str, Any]:
        inputs = [latent] if label is None else [latent, label]
        return {"images": frozen(*inputs)[0]}

    def draw(seed: Any, label: Any = None) -> dict[str, Any]:
        return serve(_latents(tf, latents, seed, label), label)

    seeded = [tf.TensorSpec((None,), tf.int64, name="seed"), *signature[1:]]
    functions = {SERVING: (serve, signature), SEED: (draw, seeded)}
    if card.output_channels in (1, 3):
        functions[ENCODED] = (_encoded(tf, draw, card.labels), seeded)
    # There is no Python to convert, and AutoGraph would look for it for half a minute.
    return {
        name: tf.function(function, autograph=False, input_signature=specs)
        for name, (function, specs) in functions.items()
    }


def _latents(tf: Any, latent: LatentSpec, seed: Any, label: Any) -> Any:
    """Return `(batch, dim)` float32 noise, each by its own seed and label."""
    second = tf.zeros_like(seed) if label is None else tf.cast(label, tf.int64) + 1

    def one(pair: Any) -> Any:
        # Named, as the generator chosen by default depends on the device.
        options = {"seed": pair, "alg": "philox"}
        if latent.distribution == "uniform":
            return tf.random.stateless_uniform([latent.dim], minval=-1.0, **options)
        return tf.random.stateless_normal([latent.dim], **options)

    return tf.map_fn(one, tf.stack([seed, second], 1), fn_output_signature=tf.float32)


def _encoded(
    tf: Any, draw: Callable[..., dict[str, Any]], labels: list[str] | None
) -> Callable[..., dict[str, Any]]:
    """Return the function whose pictures are PNG files, empty for a wrong label."""
    count = len(labels or ())

    def encoded(seed: Any, label: Any = None) -> dict[str, Any]:
        known = tf.ones_like(seed, tf.bool)
        if label is not None:
            known = (label >= 0) & (label < count)
            label = tf.clip_by_value(label, 0, count - 1)
        files = tf.map_fn(
            tf.io.encode_png,
            draw(seed, label)["images"],
            fn_output_signature=tf.TensorSpec((), tf.string),
        )
        problem = f"label must be from 0 to {count - 1}"
        return {
            "output_bytes": tf.where(known, files, ""),
            "error": tf.where(known, "", problem),
        }

    return encoded
