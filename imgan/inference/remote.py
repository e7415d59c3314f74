"""The engine whose tiles a server computes, such as TensorFlow Serving.

Reading, tiling, resampling, blending and writing stay here. Tiles of 8 bits travel as
they are, and come back as results; what is deeper, or needs floats to go on with, is
converted here, by the graph that local models have, and travels as float32.
"""

import threading

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.card import parse_card
from imgan.bundles.exports import CARD
from imgan.bundles.grid import Grid
from imgan.bundles.grid import grid_of
from imgan.bundles.grid import up_to_multiple
from imgan.bundles.kinds import result_units
from imgan.errors import CheckpointError
from imgan.errors import ServerError
from imgan.inference.card_kinds import CardKinds
from imgan.inference.graph import TileFunction
from imgan.inference.graph import TileResult
from imgan.inference.graph import compile_around
from imgan.inference.remote_calls import Transport
from imgan.inference.remote_grpc import GrpcTransport
from imgan.inference.remote_rest import RestTransport
from imgan.inference.remote_tiles import TileSender
from imgan.inference.servers import DEFAULT_TIMEOUT
from imgan.inference.servers import parse_server
from imgan.types import Array
from imgan.types import Region

IN_FLIGHT = 4
"""Requests at once: while some are computed, others are on their way."""

# Of 255, beyond which a picture is not black: see `graph`.
_DARK = 8


def connect(url: str, timeout: float | None = None) -> Transport:
    """Return a connection to a model on a server, which is not asked anything yet.

    Args:
        url: As `servers.parse_server` takes it.
        timeout: Seconds that a request may take; None: the usual ones.

    Raises:
        UsageError: If the address is malformed.
        MissingExtraError: If what speaks to servers is not installed.
    """
    address = parse_server(url)
    seconds = DEFAULT_TIMEOUT if timeout is None else timeout
    if address.scheme.startswith("grpc"):
        return GrpcTransport(address, seconds)
    return RestTransport(address, seconds)


def server_card(url: str, timeout: float | None = None) -> Card:
    """Ask a server for the card of a model.

    Raises:
        UsageError: If the address is malformed.
        ServerError: If the server does not answer, or has no such model.
        CheckpointError: If the model is no export of imgan.
    """
    transport = connect(url, timeout)
    try:
        return _ask_card(transport, url)
    finally:
        transport.close()


def open_engine(url: str, card: Card, timeout: float | None = None) -> "RemoteEngine":
    """Return the engine of a model on a server: one version of it, to the end.

    Servers load new versions while they answer, and a picture must not be made of two.

    Args:
        url: As of `connect`.
        card: What the server said of the model before.
        timeout: As of `connect`.

    Raises:
        ServerError: If the server does not answer, or has another version by now.
        CheckpointError: If the model is no export of imgan.
    """
    transport = connect(url, timeout)
    transport.pin()
    if _ask_card(transport, url) != card:
        raise ServerError(
            f"{url} has begun to serve another version just now. Run the command again"
        )
    return RemoteEngine(card, transport)


def _ask_card(transport: Transport, url: str) -> Card:
    answer = transport.predict(CARD, [b""])["card"]
    card = parse_card(answer[0].decode("utf-8", "replace"), f"The card at {url}")
    if card.export is None:
        raise CheckpointError(
            f"{url} must serve an export of imgan. Received: the card of a bundle"
        )
    return card


class RemoteEngine(CardKinds):
    """A network on a server. Threads share it.

    Values that are not numbers are seen where results travel as floats. In pixels they
    are 0, so a tile that comes back black is asked for again in floats.

    Args:
        card: What the server said of the model.
        transport: To the same model.
    """

    def __init__(self, card: Card, transport: Transport) -> None:
        super().__init__(card)
        self._tiles = TileSender(card, transport)
        self._functions: dict[tuple[str, int, bool], TileFunction] = {}
        self._lock = threading.Lock()
        self.name = card.name
        self.device = transport.address.origin
        self.precision = card.fixed_precision
        self.default_scale = float(card.scale)
        self.grid = _grid(card)
        self.streams = IN_FLIGHT
        self.translates = card.task == "translation"

    def run(
        self,
        pixels: Array,
        crop: Region,
        precision: str,
        *,
        quantise: bool,
        compiled: bool = False,
    ) -> TileResult:
        """Have a tile computed.

        Raises:
            ServerError: If there is no answer, or none that can be used.
        """
        made = self._tiles.send_pixels(pixels) if quantise else None
        if made is not None:
            kept = made[crop.slices()]
            if kept.any() or pixels.max() <= _DARK:
                finite = bool(np.isfinite(kept).all())
                raw = result_units(self._card) is not None
                return TileResult(kept, finite, False, raw)
        function = self._function(pixels.dtype.name, pixels.shape[2], quantise)
        return function(pixels, crop)

    def _function(self, dtype: str, channels: int, quantise: bool) -> TileFunction:
        key = (dtype, channels, quantise)
        with self._lock:
            if key not in self._functions:
                self._functions[key] = compile_around(
                    self._tiles.send_floats,
                    self._card,
                    dtype,
                    channels,
                    quantise=quantise,
                )
            return self._functions[key]


def _grid(card: Card) -> Grid:
    """Return how pictures are cut: so that the server need not cut tiles again.

    With its halo a tile is as large as the server's own then. Where tiles change the
    result they are those of a local model.
    """
    grid = grid_of(card)
    if card.halo is None or card.tile_halo is not None:
        return grid
    halos = 2 * up_to_multiple(grid.halo, grid.multiple)
    tile = (grid.tile - halos) // grid.multiple * grid.multiple
    return grid._replace(tile=tile) if tile >= grid.tile // 2 else grid
