"""Encoded pictures in, encoded pictures out, and an error for each that is bad.

A server merges the requests of many clients into one batch, and an operation that fails
fails all of them. So nothing here fails by what a picture is: each file is decoded
inside a small data set of its own that ignores errors, and stays empty if it is bad.
"""

from collections.abc import Callable
from typing import Any

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_dtype
from imgan.bundles.trained import label_sides
from imgan.export.transparency import spread_colours
from imgan.runtime import import_tensorflow

MOST_VALUES = 2**31 - 1
"""What TensorFlow's PNG encoder takes: height x width x channels."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# Bytes up to height and width. No JPEG file is as short.
_PNG_HEAD = 24

# What 1 is for `imgan upscale`: quick, and hardly larger than the smallest.
_COMPRESSION = 1


def encoded_function(
    serve: Callable[[Any, Any], Any], card: Card
) -> Callable[[Any], dict[str, Any]]:
    """Return the function `image_bytes -> {"output_bytes", "error"}` of a model.

    `image_bytes`: `(batch,)` PNG or JPEG files of any sizes; 16 bits become 8. Grey
    stays grey, and transparency is enlarged with the picture. `output_bytes`: as many
    PNG files, empty where `error` says what is wrong with a picture. Pictures are
    computed one after the other, so that memory is that of the largest.

    Args:
        serve: From `(batch, height, width, channels)` uint8 pictures, and which of them
            stand for grey ones, to their results.
        card: Of the model.
    """
    tf = import_tensorflow()
    planes = _colour_planes if card.input_channels == 3 else _grey_planes
    translates = card.task == "translation"

    def enlarge(picture: Any) -> Any:
        channels = tf.shape(picture)[2]
        has_alpha = channels % 2 == 0
        colours = picture[..., : channels - tf.cast(has_alpha, tf.int32)]
        alpha = picture[..., -1:]
        colours = tf.cond(
            has_alpha, lambda: spread_colours(tf, colours, alpha), lambda: colours
        )
        if translates:
            results = _translated(tf, serve, card, colours)
            alpha = _to_depth(tf, alpha, result_dtype(card, "uint8"))
        else:
            # Constant transparency would not stay so in a network.
            constant = tf.reduce_max(alpha) == tf.reduce_min(alpha)
            with_alpha = has_alpha & ~constant
            results, enlarged = planes(tf, serve, colours, alpha, with_alpha)
            filled = tf.fill(tf.shape(results[..., :1]), alpha[0, 0, 0])
            alpha = tf.cond(with_alpha, lambda: enlarged, lambda: filled)
        return tf.cond(
            has_alpha, lambda: tf.concat([results, alpha], 2), lambda: results
        )

    def one(data: Any) -> tuple[Any, Any]:
        picture, error = decode(data, card)
        return tf.cond(
            error == "",
            lambda: (tf.io.encode_png(enlarge(picture), _COMPRESSION), error),
            lambda: (tf.constant(b""), error),
        )

    def encoded(image_bytes: Any) -> dict[str, Any]:
        spec = (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))
        made, errors = tf.map_fn(
            one, image_bytes, fn_output_signature=spec, parallel_iterations=1
        )
        return {"output_bytes": made, "error": errors}

    return encoded


def decode(data: Any, card: Card) -> tuple[Any, Any]:
    """Return a picture and an empty string, or an empty picture and what is wrong.

    Args:
        data: A file as a scalar string.
        card: Of the model, whose results must not be too large for a file.

    Returns:
        `(height, width, channels)` uint8 with the 1 to 4 channels of the file.
    """
    tf = import_tensorflow()
    length = tf.strings.length(data)
    received = tf.strings.format("{} bytes", length)
    is_png = tf.strings.substr(data, 0, len(_PNG)) == _PNG
    is_jpeg = tf.strings.substr(data, 0, len(_JPEG)) == _JPEG
    kind = tf.where(is_png, "PNG", "JPEG")
    most = MOST_VALUES // (card.scale**2 * (card.output_channels + 1))
    known = is_png | is_jpeg
    labels = card.input_channels == 1 and label_sides(card)[0]
    empty = tf.zeros((0, 0, 0), tf.uint8)

    def parse() -> tuple[Any, Any]:
        def work(file: Any) -> tuple[Any, Any]:
            size = _size(tf, file, is_png)
            # What is too large for the result is not worth the memory of its pixels.
            small = tf.reduce_prod(tf.cast(size, tf.int64)) <= most
            return tf.cond(
                small, lambda: _pixels(tf, file, is_png), lambda: empty
            ), size

        nothing = (empty, tf.zeros(2, tf.int32))
        picture, size = tf.cond(
            length >= _PNG_HEAD,
            lambda: _attempt(tf, data, work, nothing),
            lambda: nothing,
        )
        pixels = tf.reduce_prod(tf.cast(size, tf.int64))
        large = tf.strings.format(
            "The picture has {}x{} pixels, and this model takes up to {} in all",
            (size[1], size[0], most),
        )
        damaged = tf.strings.join(
            ["The ", kind, " picture is damaged or not complete. Received: ", received]
        )
        problem = tf.where(pixels > most, large, damaged)
        error = tf.where(tf.size(picture) > 0, "", problem)
        # The luma of colours would merge labels.
        mixed = labels & (tf.shape(picture)[2] > 2)
        return picture, tf.where(mixed, "Expected numbers of labels in grey", error)

    unknown = tf.strings.join(
        ["Expected a PNG or JPEG picture. Received: ", received, " of something else"]
    )
    picture, error = tf.cond(known, parse, lambda: (empty, unknown))
    picture.set_shape((None, None, None))
    return picture, error


def _attempt(tf: Any, data: Any, work: Callable[[Any], Any], otherwise: Any) -> Any:
    """Return `work(data)`, or something else if an operation in it fails."""
    plain = tf.autograph.experimental.do_not_convert
    options = tf.data.Options()
    # There is nothing to tune in a set of one, and rewriting it takes 50 ms.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    tries = tf.data.Dataset.from_tensors(data).map(plain(work)).ignore_errors()
    last = plain(lambda before, now: now)
    return tries.with_options(options).reduce(otherwise, last)


def _size(tf: Any, data: Any, is_png: Any) -> Any:
    """Return height and width, read off the header, `(2,)` int32."""

    def of_png() -> Any:
        # Eight bytes after the signature and the head of the first chunk.
        numbers = tf.io.decode_raw(
            tf.strings.substr(data, 16, 8), tf.int32, little_endian=False
        )
        return numbers[::-1]

    return tf.cond(is_png, of_png, lambda: tf.io.extract_jpeg_shape(data)[:2])


def _pixels(tf: Any, data: Any, is_png: Any) -> Any:
    def of_jpeg() -> Any:
        return tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE")

    return tf.cond(is_png, lambda: tf.io.decode_png(data), of_jpeg)


def _colour_planes(
    tf: Any, serve: Any, colours: Any, alpha: Any, with_alpha: Any
) -> tuple[Any, Any]:
    """Enlarge colours or grey, and transparency as another grey picture."""
    grey = tf.shape(colours)[2] == 1
    as_colours = tf.broadcast_to(colours, (*tf.unstack(tf.shape(colours)[:2]), 3))
    beside = tf.repeat(alpha, 3, axis=2)
    pictures, marks = tf.cond(
        with_alpha,
        lambda: (tf.stack([as_colours, beside]), tf.stack([grey, True])),
        lambda: (as_colours[None], grey[None]),
    )
    pictures.set_shape((None, None, None, 3))
    results = serve(pictures, marks)
    # Colours are not cut, which would copy them.
    made = tf.cond(grey, lambda: results[0, ..., :1], lambda: results[0])
    return made, results[-1, ..., :1]


def _grey_planes(
    tf: Any, serve: Any, colours: Any, alpha: Any, with_alpha: Any
) -> tuple[Any, Any]:
    """Enlarge each channel, and transparency as one more."""
    planes = tf.cond(
        with_alpha, lambda: tf.concat([colours, alpha], 2), lambda: colours
    )
    pictures = tf.transpose(planes, (2, 0, 1))[..., None]
    results = serve(pictures, tf.zeros(tf.shape(pictures)[:1], tf.bool))
    merged = tf.transpose(results[..., 0], (1, 2, 0))
    return merged[..., : tf.shape(colours)[2]], merged[..., -1:]


def _translated(tf: Any, serve: Any, card: Card, colours: Any) -> Any:
    """Translate a picture, grey repeated or colour as luma where the network wants."""
    height, width, channels = tf.unstack(tf.shape(colours))
    if card.input_channels == 3:
        pictures = tf.broadcast_to(colours, (height, width, 3))[None]
    else:
        luma = _luma(tf, tf.broadcast_to(colours, (height, width, 3)))
        pictures = tf.cond(channels == 1, lambda: colours, lambda: luma)[None]
    pictures.set_shape((None, None, None, card.input_channels))
    return serve(pictures, tf.zeros(1, tf.bool))[0]


def _luma(tf: Any, colours: Any) -> Any:
    """Return the luma of BT.601 in 8 bits, with the integers that OpenCV rounds by."""
    weighted = tf.cast(colours, tf.int32) * (9798, 19235, 3735)
    summed = tf.reduce_sum(weighted, axis=2, keepdims=True)
    return tf.cast((summed + (1 << 14)) // (1 << 15), tf.uint8)


def _to_depth(tf: Any, alpha: Any, dtype: str) -> Any:
    """Return 8-bit transparency in the depth of the result."""
    return alpha if dtype == "uint8" else tf.cast(alpha, tf.uint16) * 257
