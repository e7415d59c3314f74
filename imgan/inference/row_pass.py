"""From a picture to its result by rows, for results that memory should not hold."""

import itertools
import threading
from collections.abc import Iterator
from functools import partial

import numpy as np

from imgan.bundles.grid import Grid
from imgan.inference.passes import Progress
from imgan.inference.passes import TileChoice
from imgan.inference.passes import blended_rows
from imgan.inference.passes import blends
from imgan.inference.streams import Streams
from imgan.inference.tiles import TileJob
from imgan.inference.tiles import is_out_of_memory
from imgan.inference.tiling import Tile
from imgan.inference.tiling import plan_tiles
from imgan.types import Array


class StartAgain(Exception):  # noqa: N818
    """Rows that were handed over do not fit to those that can still be made."""


class RowPass:
    """One picture on its way to a result of which only some rows are held.

    Args:
        job: The picture.
        tiles: What tiles it is computed with.
        streams: What runs tiles at once.
        progress: Told of every tile, from the threads that compute them.
        cancelled: Set it to stop at the next tile.
    """

    def __init__(
        self,
        job: TileJob,
        tiles: TileChoice,
        streams: Streams,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.job = job
        self._tiles = tiles
        self._streams = streams
        self._progress = progress
        self._cancelled = cancelled
        self._grid = tiles.grid()
        self._given = 0

    def rows(self) -> Iterator[Array]:
        """Yield the result from the top, a row of tiles at a time.

        After memory ran out the tiles are smaller; no row comes twice. The same pixels
        as from `compute_picture`, whatever happened on the way.

        Yields:
            `(rows, width, channels)` in the result's dtype.

        Raises:
            StartAgain: If smaller tiles would show and rows are given away already.
                Then call this again, for all rows.
            ImganError: As in `compute_picture`.
            Cancelled: As in `compute_picture`.
        """
        self._given = 0
        while True:
            try:
                for strip in self._strips():
                    self._given += len(strip)
                    yield strip
                    # Not kept while the next is made.
                    del strip
                return
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                blended = blends(self.job, self._grid)
                self._grid = self._tiles.shrink(self._grid, self.job, error)
                if blended and self._given:
                    raise StartAgain from error

    def _strips(self) -> Iterator[Array]:
        job, grid = self.job, self._grid
        if blends(job, grid):
            ways = self._streams, self._progress, self._cancelled
            return (pixels for _, pixels in blended_rows(job, grid, *ways))
        return self._side_by_side(grid._replace(tile=0) if grid.overlap else grid)

    def _side_by_side(self, grid: Grid) -> Iterator[Array]:
        tiles = plan_tiles(self.job.size, grid, *self.job.taps())
        left = [one for one in tiles if one.place.bottom > self._given]
        finished = itertools.count(len(tiles) - len(left) + 1)
        for top, group in itertools.groupby(left, lambda one: one.place.top):
            row = list(group)
            strip = np.empty((row[0].place.height, *self.job.shape[1:]), self.job.dtype)
            work = partial(self._run, strip, finished, len(tiles))
            self._streams.map(work, row, self._cancelled)
            del work
            # Smaller tiles need not begin where larger ones ended.
            yield strip[max(0, self._given - top) :]
            del strip

    def _run(
        self, strip: Array, finished: "itertools.count[int]", total: int, tile: Tile
    ) -> None:
        self.job.run(tile, strip, top=tile.place.top)
        if self._progress:
            self._progress(next(finished), total)


def join_rows(*sources: Iterator[Array]) -> Iterator[Array]:
    """Yield rows with the channels of several sources, whatever each gives at once.

    Args:
        sources: `(rows, width, channels)` arrays, as many rows in all from each.
    """
    waiting: list[Array | None] = [None] * len(sources)
    while True:
        heads = []
        for rows, source in zip(waiting, sources, strict=True):
            head = next(source, None) if rows is None else rows
            if head is None:
                return
            heads.append(head)
        count = min(map(len, heads))
        yield np.concatenate([head[:count] for head in heads], axis=2)
        waiting = [head[count:] if len(head) > count else None for head in heads]
