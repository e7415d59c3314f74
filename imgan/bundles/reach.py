"""How a network may be tiled, for its card: from its graph, or measured on pictures."""

from typing import Any

from imgan.bundles.card import TileHalo
from imgan.bundles.grid import up_to_multiple
from imgan.networks.halo import halo
from imgan.networks.measured_halo import measured_halo

WIDEST_HALO = 64
"""Input pixels from which a narrower halo is measured: wide ones cost too much."""

SIZES = (48, 96, 192)
"""Sides of the pictures on which it is measured; the next one if no halo up to half of
the one before is enough."""

SMALLEST_TILE = 512
"""Side of a tile where translations are tiled exactly; at least twice the halo, which
costs four times the work of the whole picture at most."""

BLENDED_TILE = 1024
"""Side of a tile of a network that normalises by all it sees: pictures up to this are
translated whole, larger ones in tiles that are blended."""

OVERLAP = 128
"""Input pixels over which those are blended."""


def enlarging_reach(network: Any) -> dict[str, Any]:
    """Return `halo`, and `tile_halo` where the exact one is too wide, for a card.

    Args:
        network: That enlarges pictures, with the weights that it will be used with.
    """
    exact = halo(network)
    if exact is None or exact <= WIDEST_HALO:
        return {"halo": exact}
    for size in SIZES:
        measured, error = measured_halo(network, size=size)
        if measured < exact:
            return {"halo": exact, "tile_halo": TileHalo(halo=measured, error=error)}
    return {"halo": exact}


def translating_reach(network: Any) -> dict[str, int | None]:
    """Return `halo`, `tile` and, where tiles are blended, `overlap`, for a card.

    Args:
        network: That makes pictures of the same size.
    """
    exact = halo(network)
    if exact is None:
        return {"halo": None, "tile": BLENDED_TILE, "overlap": OVERLAP}
    least = max(SMALLEST_TILE, 2 * exact)
    return {"halo": exact, "tile": up_to_multiple(least, network.size_multiple)}
