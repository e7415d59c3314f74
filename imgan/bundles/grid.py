"""How a network may be cut into tiles: from its card alone. Integers only."""

from typing import NamedTuple

from imgan.bundles.card import Card

# Of the tile, where a network whose tiles fit has random numbers in each of them.
_RANDOM_OVERLAP = 1 / 4

# Three ramps fit side by side into a tile, however its neighbours lie.
_TILE_PER_RAMP = 4


class Grid(NamedTuple):
    """How a network may be tiled."""

    tile: int
    """Side of a tile in input pixels, halo excluded; 0 for the whole picture."""
    halo: int
    """Input pixels on one side that an output pixel depends on."""
    scale: int = 1
    """Output pixels per input pixel along one side."""
    multiple: int = 1
    """Sides that the network accepts are multiples of this."""
    minimum: int = 1
    """Sides that the network accepts are at least this."""
    overlap: int = 0
    """Input pixels over which neighbouring tiles are blended, for a network without a
    halo; 0: tiles, if there are any, are put side by side. See `inference.blending`."""
    error: float = 0.0
    """Largest difference that tiles make where they are put side by side, in units of
    the output's range."""


def grid_of(card: Card, *, stochastic: bool = False) -> Grid:
    """Return how a card says its network may be tiled.

    Random numbers are a tile's own, so with them tiles do not fit side by side.
    """
    halo, overlap, error = card.halo, card.overlap, 0.0
    if card.tile_halo:
        halo, error = card.tile_halo.halo, card.tile_halo.error
    if halo is not None and stochastic:
        overlap = overlap or max(1, int(card.tile * _RANDOM_OVERLAP))
    whole = Grid(0, 0, card.scale, card.size_multiple, card.minimum_size)
    if halo is not None and not stochastic:
        return whole._replace(tile=card.tile, halo=halo, error=error)
    # A network that sees the whole picture can be tiled only where tiles are blended.
    return whole._replace(tile=card.tile, overlap=overlap) if overlap else whole


def up_to_multiple(value: int, multiple: int) -> int:
    """Return the smallest multiple that is at least `value`."""
    return -(-value // multiple) * multiple


def padded_length(length: int, multiple: int, minimum: int = 1) -> int:
    """Return the smallest side that holds `length` and that a network accepts."""
    return up_to_multiple(max(length, minimum), multiple)


def tile_side(grid: Grid) -> int:
    """Return the side of a tile as the network takes it, input pixels."""
    return padded_length(grid.tile, grid.multiple, grid.minimum)


def ramp_length(grid: Grid) -> int:
    """Return over how many input pixels tiles are blended: a quarter at most."""
    return min(grid.overlap, tile_side(grid) // _TILE_PER_RAMP)
