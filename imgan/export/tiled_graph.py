"""Pictures of any size through a network, tile by tile, inside a TensorFlow graph.

The plan is that of `inference.tiling` and `inference.blending`, in tensors: whoever
sends a picture to a server gets what the batch tools make of it, and the memory of the
server does not grow with the network's activations of the whole picture.

Along one axis a tile is described by four numbers: `first` and `last`, the input pixels
that it reads, and `start` and `stop`, the output pixels that are settled once it is
computed. Where tiles are blended, what comes after `stop` fades into the next tile.
"""

import math
from collections.abc import Callable
from typing import Any

from imgan.bundles.grid import Grid
from imgan.bundles.grid import padded_length
from imgan.bundles.grid import ramp_length
from imgan.bundles.grid import tile_side
from imgan.bundles.grid import up_to_multiple
from imgan.runtime import import_tensorflow

# Pixels from which on there is something to mirror over and over: `inference.tiling`.
_SHORTEST_MIRRORED = 4

Compute = Callable[[Any], Any]
"""From `(batch, height, width, channels)` pixels to float32 outputs."""

Settle = Callable[[Any, Any], Any]
"""From `(batch, height, width, channels)` outputs and the marks of their pictures to
pixels of the result."""


class TiledGraph:
    """A function of a batch of pictures of one size, to be traced into a graph.

    Args:
        grid: How the network may be tiled.
        area: Input pixels computed at once: small pictures go together, large ones in
            tiles.
        compute: The network with what comes before it.
        settle: What comes after it; called once for each pixel of the result.
        channels: Of the result.
        dtype: Of the result.
    """

    def __init__(
        self,
        grid: Grid,
        area: int,
        compute: Compute,
        settle: Settle,
        channels: int,
        dtype: str,
    ) -> None:
        self._tf = import_tensorflow()
        self._grid = grid
        self._area = area
        self._compute = compute
        self._settle = settle
        self._channels = channels
        self._dtype = dtype
        # Blended tiles are settled where rows are joined, others at once.
        self._ramp = ramp_length(grid) * grid.scale if grid.tile else 0

    def __call__(self, pictures: Any, marks: Any) -> Any:
        """Return the results of pictures.

        Args:
            pictures: `(batch, height, width, channels)`, at least one.
            marks: `(batch,)`, handed on to `settle`.

        Returns:
            `(batch, scale * height, scale * width, channels of the result)`.
        """
        tf = self._tf
        count, height, width = tf.unstack(tf.shape(pictures)[:3])
        limit = tile_side(self._grid) if self._grid.tile else tf.int32.max
        fits = tf.maximum(height, width) <= limit
        together = tf.where(fits, tf.maximum(1, self._area // (height * width)), 1)

        def body(index: Any, done: Any, results: Any) -> tuple[Any, Any, Any]:
            group = pictures[index : index + together]
            mark = marks[index : index + together]
            made = tf.cond(
                fits,
                lambda: self._whole(group, mark),
                lambda: self._tiled(group[0], mark),
            )
            return index + together, done + 1, results.write(done, made)

        groups = -(-count // together)
        results = self._loop(
            lambda index, done, _: index < count, body, (0, 0, self._array(groups, 4))
        )[2]
        return self._concat(results, 4)

    def _whole(self, pictures: Any, marks: Any) -> Any:
        tf, scale = self._tf, self._grid.scale
        height, width = tf.unstack(tf.shape(pictures)[1:3])
        rows = (0, _padded(tf, height, self._grid))
        columns = (0, _padded(tf, width, self._grid))
        read = self._read(pictures, rows, height, axis=1)
        read = self._read(read, columns, width, axis=2)
        outputs = self._compute(read)[:, : height * scale, : width * scale]
        return self._settle(outputs, marks)

    def _tiled(self, picture: Any, marks: Any) -> Any:
        """Return `(1, height, width, channels)` of a `(height, width, channels)`."""
        tf, blended = self._tf, self._ramp > 0
        height, width = tf.unstack(tf.shape(picture)[:2])

        def settle(outputs: Any) -> Any:
            return self._settle(outputs[None], marks)[0]

        def row(first: Any, last: Any) -> Any:
            # The strip of input rows is cut once, and tiles out of it.
            strip = self._read(picture, (first, last), height, axis=0)

            def tile(first: Any, last: Any) -> Any:
                read = self._read(strip, (first, last), width, axis=1)
                return tf.transpose(self._compute(read[None])[0], (1, 0, 2))

            plan = plan_axis(width, self._grid)
            joined = self._join(plan, tile, None if blended else settle)
            return tf.transpose(joined, (1, 0, 2))

        plan = plan_axis(height, self._grid)
        return self._join(plan, row, settle if blended else None)[None]

    def _read(self, pixels: Any, span: tuple[Any, Any], length: Any, axis: int) -> Any:
        """Return the pixels of a span, mirrored beyond the end of the picture."""
        tf, (first, last) = self._tf, span
        if self._grid.multiple == self._grid.minimum == 1:
            return pixels[(slice(None),) * axis + (slice(first, last),)]
        return tf.gather(pixels, mirrored(tf.range(first, last), length), axis=axis)

    def _join(self, plan: Any, make: Callable[[Any, Any], Any], settle: Any) -> Any:
        """Put what `make(first, last)` returns together along its first axis."""
        tf, scale, ramp = self._tf, self._grid.scale, self._ramp
        # Of a row of tiles that are put side by side, pixels are settled already.
        inner = settle is None and ramp == 0
        dtype = self._dtype if settle is not None or inner else "float32"
        rising = (tf.range(ramp, dtype=tf.float32) + 0.5) / max(1, ramp)

        def body(index: Any, joined: Any, fading: Any) -> tuple[Any, Any, Any]:
            first, last, start, stop = tf.unstack(plan[index])
            made = make(first, last)[start - first * scale :]
            length = stop - start
            if ramp:
                made = tf.cond(
                    index > 0, lambda: _faded(tf, fading, made, rising), lambda: made
                )
                fading = made[length : length + ramp]
            settled = made[:length] if settle is None else settle(made[:length])
            return index + 1, joined.write(index, settled), fading

        count = tf.shape(plan)[0]
        fading = tf.zeros((0, 0, self._channels), tf.float32)
        state = (0, self._array(count, 3, dtype), fading)
        joined = self._loop(lambda index, *_: index < count, body, state)[1]
        return self._concat(joined, 3)

    def _loop(self, condition: Any, body: Any, state: tuple[Any, ...]) -> Any:
        tf = self._tf
        shapes = tuple(
            tf.TensorShape([None, None, self._channels])
            if getattr(value, "shape", None) == (0, 0, self._channels)
            else tf.nest.map_structure(lambda _: None, value)
            for value in state
        )
        return tf.while_loop(
            condition, body, state, shape_invariants=shapes, parallel_iterations=1
        )

    def _array(self, size: Any, rank: int, dtype: str | None = None) -> Any:
        shape = [None] * (rank - 1) + [self._channels]
        return self._tf.TensorArray(
            dtype or self._dtype, size=size, infer_shape=False, element_shape=shape
        )

    def _concat(self, array: Any, rank: int) -> Any:
        joined = array.concat()
        joined.set_shape([None] * (rank - 1) + [self._channels])
        return joined


def plan_axis(length: Any, grid: Grid) -> Any:
    """Return the tiles along one axis: `(tiles, 4)` int32 of first, last, start, stop.

    Args:
        length: Input pixels along the axis, an int32 tensor.
        grid: With a tile.
    """
    return (_plan_blended if grid.overlap else _plan_exact)(length, grid)


def mirrored(indices: Any, length: Any) -> Any:
    """Return the pixel for each index, beyond the end mirrored as often as it takes.

    Args:
        indices: int32, 0 or more.
        length: Pixels that there are. Fewer than 4 are mirrored only where once is
            enough, and else the last pixel is repeated, as in `inference.tiling`.
    """
    tf = import_tensorflow()
    period = tf.maximum(1, 2 * (length - 1))
    inside = indices % period
    reflected = tf.minimum(inside, period - inside)
    once = tf.reduce_max(indices) < 2 * length - 1
    enough = once | (length >= _SHORTEST_MIRRORED)
    return tf.where(enough, reflected, tf.minimum(indices, length - 1))


def _faded(tf: Any, fading: Any, made: Any, rising: Any) -> Any:
    """Let the end of one tile fade into the beginning of the next."""
    ramp = rising.shape[0]
    head = fading + (made[:ramp] - fading) * rising[:, None, None]
    return tf.concat([head, made[ramp:]], 0)


def _plan_exact(length: Any, grid: Grid) -> Any:
    tf = import_tensorflow()
    multiple, step = grid.multiple, up_to_multiple(grid.tile, grid.multiple)
    starts = tf.range(0, length, step)
    stops = tf.minimum(starts + step, length)
    padded = _padded(tf, length, grid)
    shortest = padded_length(1, multiple, grid.minimum)
    first = tf.maximum(0, starts - grid.halo) // multiple * multiple
    last = -(-tf.minimum(padded, stops + grid.halo) // multiple) * multiple
    # More neighbours than the halo change nothing.
    short = last - first < shortest
    first = tf.where(short, tf.minimum(first, padded - shortest), first)
    last = tf.where(short, first + shortest, last)
    return tf.stack([first, last, starts * grid.scale, stops * grid.scale], 1)


def _plan_blended(length: Any, grid: Grid) -> Any:
    tf = import_tensorflow()
    side, ramp, scale = tile_side(grid), ramp_length(grid), grid.scale
    unit = math.gcd(grid.multiple, ramp)
    beyond = tf.maximum(0, -(-length // unit) * unit - side)
    count = 1 - (-beyond // (side - ramp))
    gaps = tf.maximum(1, count - 1)
    first = beyond * tf.range(count) // gaps // unit * unit
    last = tf.where(length <= side, _padded(tf, length, grid), first + side)
    left, right = first * scale, tf.minimum(last, length) * scale
    # Ramps lie in the middle of what two tiles share.
    fades = left[1:] + (right[:-1] - left[1:] - ramp * scale) // 2
    start = tf.concat([[0], fades], 0)
    stop = tf.concat([fades, [length * scale]], 0)
    return tf.stack([first, last, start, stop], 1)


def _padded(tf: Any, length: Any, grid: Grid) -> Any:
    return -(-tf.maximum(length, grid.minimum) // grid.multiple) * grid.multiple
