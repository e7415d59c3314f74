"""Colour under transparent pixels, filled in within a graph."""

from typing import Any

_PASSES = (1, 2, 4, 8, 16, 32)
"""Pixels that colours spread in each pass: 63 in all, further than networks that ship
see."""


def spread_colours(tf: Any, colours: Any, alpha: Any) -> Any:
    """Give fully transparent pixels the colours of visible ones near by.

    What a file keeps there is mostly black, and a network would smear it over the
    visible edge as a dark fringe. `io.alpha.bleed_colour` takes the nearest colour;
    this takes means of what is near, which a graph finds without a search.

    Args:
        tf: TensorFlow.
        colours: `(height, width, channels)` uint8, of any number of channels.
        alpha: `(height, width, 1)` uint8, 0 where fully transparent.

    Returns:
        Colours of the same shape; those that are not fully transparent are untouched,
        and so are all if none or all are.
    """
    hidden = tf.equal(alpha, 0)
    partly = tf.reduce_any(hidden) & ~tf.reduce_all(hidden)

    def spread() -> Any:
        # Channels in the place of a batch, so that their number need not be known.
        known = tf.cast(~hidden, tf.float32)[None]
        values = tf.cast(tf.transpose(colours, (2, 0, 1))[..., None], tf.float32)
        values *= known
        for reach in _PASSES:
            share = _mean_around(tf, known, reach)
            means = tf.math.divide_no_nan(_mean_around(tf, values, reach), share)
            values = tf.where(known > 0, values, means)
            known = tf.cast(share > 0, tf.float32)
        made = tf.transpose(tf.floor(values[..., 0] + 0.5), (1, 2, 0))
        return tf.where(hidden, tf.cast(made, colours.dtype), colours)

    return tf.cond(partly, spread, lambda: colours)


def _mean_around(tf: Any, images: Any, reach: int) -> Any:
    """Return means over squares, cut at borders, of `(batch, height, width, 1)`."""
    side = 2 * reach + 1
    columns = tf.nn.avg_pool2d(images, (side, 1), 1, "SAME")
    return tf.nn.avg_pool2d(columns, (1, side), 1, "SAME")
