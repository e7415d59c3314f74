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
from typing import NamedTuple

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
        tf, scale = self._tf, self._grid.scale
        count, height, width = tf.unstack(tf.shape(pictures)[:3])
        together = tf.maximum(1, self._area // (height * width))
        batch = _Batch(
            pictures,
            marks,
            starts=tf.range(0, count, together),
            together=together,
            rows=plan_axis(height, self._grid),
            columns=plan_axis(width, self._grid),
        )
        shape = (count, height * scale, width * scale, self._channels)
        results = tf.zeros(shape, self._dtype)
        work = self._blended if self._ramp else self._side_by_side
        return work(batch, results)

    def _side_by_side(self, batch: "_Batch", results: Any) -> Any:
        """Compute tile after tile; each is put where it belongs."""
        tf = self._tf
        down, across = tf.shape(batch.rows)[0], tf.shape(batch.columns)[0]

        def body(index: Any, results: Any) -> tuple[Any, Any]:
            start = batch.starts[index // (down * across)]
            row = batch.rows[index // across % down]
            column = batch.columns[index % across]
            made = self._tile(batch, start, row, column)
            settled = self._settle(made, batch.marks_from(start))
            return index + 1, _put(tf, results, settled, (start, row[2], column[2]))

        count = tf.shape(batch.starts)[0] * down * across
        return _repeat(tf, count, body, results)

    def _blended(self, batch: "_Batch", results: Any) -> Any:
        """Compute rows of tiles; a row fades into the next, and is settled then."""
        tf = self._tf
        down = tf.shape(batch.rows)[0]

        def body(index: Any, results: Any, fading: Any) -> tuple[Any, Any, Any]:
            start, row = batch.starts[index // down], batch.rows[index % down]
            made = self._row(batch, start, row)
            made = _fade(tf, fading, made, self._ramp, axis=1, first=index % down == 0)
            length = row[3] - row[2]
            settled = self._settle(made[:, :length], batch.marks_from(start))
            results = _put(tf, results, settled, (start, row[2], 0))
            return index + 1, results, made[:, length : length + self._ramp]

        count = tf.shape(batch.starts)[0] * down
        return _repeat(tf, count, body, results, self._nothing())

    def _row(self, batch: "_Batch", start: Any, row: Any) -> Any:
        """Return a row of tiles, each faded into the next, from its first pixel on."""
        tf = self._tf
        across = tf.shape(batch.columns)[0]
        pictures = tf.shape(batch.pictures[start : start + batch.together])[0]
        whole = tf.shape(batch.pictures)[1] * self._grid.scale
        height = tf.minimum(row[1] * self._grid.scale, whole) - row[2]
        width = batch.columns[-1][3]
        strip = tf.zeros((pictures, height, width, self._channels), tf.float32)

        def body(index: Any, strip: Any, fading: Any) -> tuple[Any, Any, Any]:
            column = batch.columns[index]
            made = self._tile(batch, start, row, column)[:, :height]
            made = _fade(tf, fading, made, self._ramp, axis=2, first=index == 0)
            length = column[3] - column[2]
            strip = _put(tf, strip, made[:, :, :length], (0, 0, column[2]))
            return index + 1, strip, made[:, :, length : length + self._ramp]

        return _repeat(tf, across, body, strip, self._nothing())

    def _tile(self, batch: "_Batch", start: Any, row: Any, column: Any) -> Any:
        """Return the outputs of one tile, from the first pixel that it settles on."""
        scale = self._grid.scale
        height, width = self._tf.unstack(self._tf.shape(batch.pictures)[1:3])
        pixels = batch.pictures[start : start + batch.together]
        read = self._read(pixels, row, height, axis=1)
        read = self._read(read, column, width, axis=2)
        made = self._compute(read)[
            :, row[2] - row[0] * scale :, column[2] - column[0] * scale :
        ]
        if self._ramp:
            return made
        return made[:, : row[3] - row[2], : column[3] - column[2]]

    def _read(self, pixels: Any, span: Any, length: Any, axis: int) -> Any:
        """Return the pixels of a span, mirrored beyond the end of the picture."""
        tf, first, last = self._tf, span[0], span[1]
        if self._grid.multiple == self._grid.minimum == 1:
            return pixels[(slice(None),) * axis + (slice(first, last),)]
        return tf.gather(pixels, mirrored(tf.range(first, last), length), axis=axis)

    def _nothing(self) -> Any:
        """Return what fades into a first tile, which `_fade` leaves alone."""
        return self._tf.zeros((0, 0, 0, self._channels), self._tf.float32)


class _Batch(NamedTuple):
    """Pictures, and how they are grouped and cut."""

    pictures: Any
    marks: Any
    starts: Any
    """`(groups,)`: the first picture of each group that is computed at once."""
    together: Any
    """Pictures in a group."""
    rows: Any
    columns: Any

    def marks_from(self, start: Any) -> Any:
        """Return the marks of the group that begins with a picture."""
        return self.marks[start : start + self.together]


def plan_axis(length: Any, grid: Grid) -> Any:
    """Return the tiles along one axis: `(tiles, 4)` int32 of first, last, start, stop.

    Args:
        length: Input pixels along the axis, an int32 tensor.
        grid: How the network may be tiled; without a tile there is one.
    """
    if not grid.tile:
        tf = import_tensorflow()
        return tf.stack([[0, _padded(tf, length, grid), 0, length * grid.scale]])
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


def _repeat(tf: Any, count: Any, body: Callable[..., Any], *state: Any) -> Any:
    """Return the first of the state after `body(index, *state)` ran so many times."""
    shapes = [tf.TensorShape([None, None, None, one.shape[3]]) for one in state]
    return tf.while_loop(
        lambda index, *_: index < count,
        body,
        (tf.constant(0), *state),
        shape_invariants=(tf.TensorShape([]), *shapes),
        # One tile at a time: that is what bounds the memory.
        parallel_iterations=1,
    )[1]


def _put(tf: Any, canvas: Any, values: Any, corner: tuple[Any, Any, Any]) -> Any:
    """Put values into a tensor, which is done in place where nobody else holds it."""
    begin = tf.stack([*corner, 0])
    return tf.raw_ops.TensorStridedSliceUpdate(
        input=canvas,
        begin=begin,
        end=begin + tf.shape(values),
        strides=tf.ones(4, tf.int32),
        value=values,
    )


def _fade(tf: Any, fading: Any, made: Any, ramp: int, *, axis: int, first: Any) -> Any:
    """Let the end of one tile fade into the beginning of the next along an axis."""
    weights = (tf.range(ramp, dtype=tf.float32) + 0.5) / ramp
    rising = tf.reshape(weights, [ramp if one == axis else 1 for one in range(4)])
    before = (slice(None),) * axis

    def faded() -> Any:
        head = fading + (made[(*before, slice(0, ramp))] - fading) * rising
        return tf.concat([head, made[(*before, slice(ramp, None))]], axis)

    return tf.cond(first, lambda: made, faded)


def _plan_exact(length: Any, grid: Grid) -> Any:
    tf = import_tensorflow()
    multiple, step = grid.multiple, up_to_multiple(grid.tile, grid.multiple)
    halos = 2 * grid.halo
    # Tiles at the ends keep what they do not read beyond the picture; see `tiling`.
    count = tf.maximum(1, -(-(length - halos) // step))
    read = -(-(length + halos * (count - 1)) // count)
    inner = grid.halo + tf.range(1, count) * (read - halos)
    starts = tf.concat([[0], inner], 0)
    stops = tf.concat([inner, [length]], 0)
    padded = _padded(tf, length, grid)
    shortest = padded_length(1, multiple, grid.minimum)
    alike = tf.maximum(shortest, -(-read // multiple) * multiple)
    shortest = tf.where(count > 1, alike, shortest)
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
