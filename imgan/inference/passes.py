"""From a picture to its result: all its tiles, side by side or blended."""

import itertools
import threading
from collections.abc import Callable
from collections.abc import Iterator

import numpy as np

from imgan.bundles.grid import Grid
from imgan.bundles.grid import padded_length
from imgan.bundles.grid import ramp_length
from imgan.bundles.grid import tile_side
from imgan.errors import ImganError
from imgan.errors import TooLargeError
from imgan.inference.blending import RowBlender
from imgan.inference.blending import blend_row
from imgan.inference.blending import is_blended
from imgan.inference.blending import plan_blended
from imgan.inference.streams import Streams
from imgan.inference.tiles import TileJob
from imgan.inference.tiles import is_out_of_memory
from imgan.inference.tiles import quantise
from imgan.inference.tiling import Tile
from imgan.inference.tiling import plan_tiles
from imgan.types import Array
from imgan.types import Size

Progress = Callable[[int, int], None]
"""Called after each tile with how many are done and how many there are."""


SMALLEST_TILE = 16


class TileChoice:
    """The tile that pictures are computed with; it shrinks when memory runs out.

    Args:
        grid: How the network may be tiled; its tile is the default.
        tile: Side in input pixels, 0 for the whole picture.
    """

    def __init__(self, grid: Grid, tile: int | None = None) -> None:
        self._allowed = grid
        self.tile = grid.tile if tile is None else tile

    def grid(self) -> Grid:
        """Return how a picture is tiled now."""
        # A network that sees the whole picture has no tile, whatever is asked for.
        allowed = self._allowed
        return allowed._replace(tile=self.tile) if allowed.tile else allowed

    def describe(self) -> str:
        """Return in a sentence how pictures are tiled and what it means for them."""
        grid = self.grid()
        if not self._allowed.tile:
            return (
                "Pictures are computed whole, whatever the tile: the network sees all "
                "of a picture at once"
            )
        if not grid.tile:
            return "Pictures are computed whole"
        if grid.overlap:
            side = tile_side(grid)
            return (
                f"Pictures of more than {side} pixels a side are computed in tiles of "
                f"{side} that are blended over {ramp_length(grid)}: the network sees "
                "one tile at a time, so another tile changes the result"
            )
        means = "which change nothing in the result"
        if grid.error:
            means = f"which change the result by at most {grid.error:.1g} of its range"
        return f"Pictures are computed in tiles of {_side(grid)} pixels, {means}"

    def matters(self, size: Size) -> bool:
        """Return whether what `describe` says is about a picture of some size.

        A picture that fits into a tile with its halos is not cut anyway. Where tiles
        are turned off, a tile is what the network had otherwise.
        """
        grid = self.grid()
        if not grid.tile:
            grid = self._allowed
        halos = 0 if grid.overlap else 2 * grid.halo
        return not grid.tile or max(size) > _side(grid) + halos

    def shrink(self, grid: Grid, job: TileJob, error: BaseException) -> Grid:
        """Return how to tile a picture after memory ran out.

        Tiles put side by side shrink for good, which is said where a server was the
        reason. Blended ones show in the result, so that other pictures keep theirs, and
        this one begins anew with a warning.

        Raises:
            ImganError: If no smaller tile is possible.
        """
        whole = max(job.size)
        used = min(grid.tile, whole) if grid.tile else whole
        smaller = grid._replace(tile=used // 2)
        possible = used // 2 >= SMALLEST_TILE and self._allowed.tile
        remote = isinstance(error, TooLargeError)
        if not possible or tile_side(smaller) >= tile_side(grid._replace(tile=used)):
            raise _hopeless(error, used) from error
        reason = "the server could not take more" if remote else "memory ran out"
        if not grid.overlap:
            self.tile = min(self.tile or whole, smaller.tile)
            if remote:
                means = "" if grid.error else ", which changes nothing in the result"
                job.notes = [
                    f"{reason}, so tiles of {self.tile} pixels were used{means}"
                ]
            return self.grid()
        job.restart(
            f"{reason}, so tiles of {tile_side(smaller)} pixels were blended, which "
            "changes the result"
        )
        return smaller


def _hopeless(error: BaseException, used: int) -> ImganError:
    if isinstance(error, TooLargeError):
        return ImganError(
            f"{error}. That was with tiles of {used} pixels, and no smaller one is "
            "possible. Raise the limit of the server, or of the proxy before it"
        )
    return ImganError(
        f"Out of memory with tiles of {used} pixels, and no smaller one is possible. "
        "Close other programs or use a smaller picture"
    )


def _side(grid: Grid) -> int:
    """Return the side of a tile as it is cut; its halo is not counted."""
    return tile_side(grid) if grid.overlap else padded_length(grid.tile, grid.multiple)


def compute_picture(
    job: TileJob,
    tiles: TileChoice,
    streams: Streams,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> Array:
    """Return the result of a job, with smaller tiles where memory does not suffice.

    Beside the result, tiles that are blended take one row of them, twice, in float32:
    8 bytes for each value of the picture's width times the side of a tile, and a third
    more for what they share.

    Args:
        job: The picture.
        tiles: What tiles it is computed with.
        streams: What runs tiles at once.
        progress: Told of every tile, from the threads that compute them.
        cancelled: Set it to stop at the next tile.

    Raises:
        ImganError: If a tile's values are not numbers even in float32, or memory does
            not suffice for the smallest tile.
        Cancelled: If `cancelled` was set.
    """
    done: list[Tile] = []
    grid = tiles.grid()
    result = np.empty(job.shape, job.dtype)
    while True:
        try:
            if blends(job, grid):
                for top, pixels in blended_rows(
                    job, grid, streams, progress, cancelled
                ):
                    result[top : top + len(pixels)] = pixels
            else:
                tiled = grid._replace(tile=0) if grid.overlap else grid
                _side_by_side(job, result, tiled, streams, done, progress, cancelled)
            return result
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            grid = tiles.shrink(grid, job, error)


def blends(job: TileJob, grid: Grid) -> bool:
    """Return whether the tiles of a picture overlap and are blended."""
    whole = job.resampler is None and all(side is None for side in job.window)
    return whole and is_blended(job.size, grid)


def _side_by_side(
    job: TileJob,
    result: Array,
    grid: Grid,
    streams: Streams,
    done: list[Tile],
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> None:
    tiles = plan_tiles(job.size, grid, *job.taps())
    # After memory ran out, what larger tiles had finished is not computed again.
    left = [one for one in tiles if not _covered(one, done)]
    finished = itertools.count(len(tiles) - len(left) + 1)

    def work(one: Tile) -> None:
        job.run(one, result)
        done.append(one)
        if progress:
            progress(next(finished), len(tiles))

    streams.map(work, left, cancelled)


def blended_rows(
    job: TileJob,
    grid: Grid,
    streams: Streams,
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> Iterator[tuple[int, Array]]:
    """Yield rows of a result of blended tiles, from the top, as soon as they settle.

    Yields:
        Which row of the result is the first, and `(rows, width, channels)`.
    """
    rows = plan_blended(job.size, grid)
    ramp = ramp_length(grid) * grid.scale
    blender = RowBlender(rows, ramp)
    total = sum(map(len, rows))
    finished = itertools.count(1)
    parts: dict[Tile, Array] = {}

    def work(one: Tile) -> None:
        parts[one] = job.compute(one, quantised=False)
        if progress:
            progress(next(finished), total)

    for row in rows:
        streams.map(work, row, cancelled)
        joined = blend_row([parts[tile] for tile in row], row, ramp)
        parts.clear()
        top, settled = blender.add(joined)
        yield top, quantise(settled, job.dtype, raw=job.raw)


def _covered(tile: Tile, done: list[Tile]) -> bool:
    place = tile.place
    return any(
        other.place.top <= place.top
        and other.place.left <= place.left
        and other.place.bottom >= place.bottom
        and other.place.right >= place.right
        for other in done
    )
