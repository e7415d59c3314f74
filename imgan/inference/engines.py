"""What computes a tile: a network on some devices, or nothing but the resampler."""

import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Protocol

from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.fidelity import blend_networks
from imgan.bundles.fidelity import check_fidelity
from imgan.bundles.fidelity import partner_of
from imgan.bundles.register import resolve
from imgan.errors import UsageError
from imgan.inference.devices import choose_devices
from imgan.inference.devices import short_name
from imgan.inference.graph import TileFunction
from imgan.inference.graph import TileResult
from imgan.inference.graph import compile_tile_function
from imgan.inference.graph import result_channels
from imgan.inference.tiling import Grid
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Region


def picture_card(folder: Path) -> Card:
    """Read the card of a network that turns pictures into pictures.

    Raises:
        CheckpointError: If the card is absent or damaged.
        UsageError: If the model draws pictures from noise.
    """
    card = read_card(folder)
    if card.task == "generation":
        raise UsageError(
            f"Model {card.name!r} draws pictures from noise, not from files; use "
            "`imgan sample`, or imgan.load_sampler in Python"
        )
    return card


def check_model(
    model: str, fidelity: float | None = None, *, keep_colors: bool = False
) -> Card | None:
    """Return the card of a model for pictures, without loading it; None for "bicubic".

    Raises:
        UnknownModelError: If there is no such model, or its partner is missing.
        CheckpointError: If its card is damaged, or its partner is of another network.
        UsageError: If it draws pictures, has no fidelity partner where a fidelity is
            asked for, or makes other channels than it takes where colours are kept.
    """
    if fidelity is not None:
        check_fidelity(fidelity)
    if model == BicubicEngine.name:
        if fidelity is not None:
            raise UsageError("--fidelity does not apply to bicubic. Leave it out")
        return None
    folder = resolve(model)
    card = picture_card(folder)
    if fidelity is not None:
        partner_of(folder)
    if keep_colors and card.input_channels != card.output_channels:
        raise UsageError(
            "--keep-colors needs a model that gives as many channels as it takes. "
            f"Received: {card.name!r}, {card.input_channels} in and "
            f"{card.output_channels} out"
        )
    return card


class Engine(Protocol):
    """Turns one tile into pixels."""

    name: str
    grid: Grid
    """How it may be tiled; its tile is the default."""
    default_scale: float
    device: str
    """"cpu" or "gpu:0,1"."""
    streams: int
    """Tiles that may be computed at once."""

    def channels(self, channels: int) -> int:
        """Return the result's channels for a picture with so many."""
        ...

    def run(
        self, pixels: Array, crop: Region, precision: str, *, quantise: bool
    ) -> TileResult:
        """Compute a `(height, width, channels)` tile; see `graph.TileFunction`."""
        ...


class BicubicEngine:
    """Hands tiles on as they are: the resampler behind it does all the work."""

    name = "bicubic"
    grid = Grid(tile=512, halo=0)
    default_scale = 4.0
    device = "cpu"
    streams = 1

    def channels(self, channels: int) -> int:
        """Return the same number."""
        return channels

    def run(
        self, pixels: Array, crop: Region, precision: str, *, quantise: bool
    ) -> TileResult:
        """Return the part of the tile that is kept."""
        return TileResult(pixels[crop.slices()], finite=True, black=False)


class NetworkEngine:
    """A network, built once for each device, precision and kind of picture it meets.

    Args:
        card: The network's card.
        load: Returns the network under the dtype policy it is given.
        device: What `--device` takes.
    """

    def __init__(
        self, card: Card, load: Callable[[str], Any], device: str = "auto"
    ) -> None:
        # One of two caches that grow with every new shape of a tile; see `graph`.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
        self._tf = import_tensorflow()
        self._card = card
        self._load = load
        # TensorFlow looks for GPUs when first asked, and complains of a driver without.
        with hold_stderr():
            self._devices = choose_devices(device, self._tf)
            self._tf.constant(0)
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._networks: dict[tuple[str, str], Any] = {}
        self._functions: dict[tuple[Any, ...], TileFunction] = {}
        self.name = card.name
        self.device = short_name(self._devices)
        self.default_scale = float(card.scale)
        self.grid = grid_of(card)
        # Two tiles at once keep the cores busy where one waits at the end of a layer,
        # or for a core that encodes a file: 10 to 40 % more tiles per second.
        self.streams = 2 * len(self._devices)

    @classmethod
    def from_bundle(
        cls, folder: Path, card: Card, device: str, fidelity: float | None = None
    ) -> "NetworkEngine":
        """Return an engine that loads its network from a bundle.

        Args:
            folder: The bundle.
            card: Its card.
            device: What `--device` takes.
            fidelity: How far to go towards its fidelity partner; None: not at all.
        """
        from imgan.bundles.bundle import load_network

        def load(dtype: str) -> Any:
            if fidelity is None:
                return load_network(folder, dtype)[0]
            return blend_networks(folder, fidelity, dtype)[0]

        return cls(card, load, device)

    def channels(self, channels: int) -> int:
        """Return the result's channels for a picture with so many."""
        return result_channels(self._card, channels)

    def run(
        self, pixels: Array, crop: Region, precision: str, *, quantise: bool
    ) -> TileResult:
        """Compute a tile on the next device in turn."""
        device = self._devices[next(self._turn) % len(self._devices)]
        key = (device, precision, pixels.dtype.name, pixels.shape[2], quantise)
        function = self._functions.get(key)
        if function is None:
            function = self._build(key)
        return function(pixels, crop)

    def _build(self, key: tuple[Any, ...]) -> TileFunction:
        device, precision, dtype, channels, quantise = key
        with self._lock, self._tf.device(device):
            if key not in self._functions:
                which = (device, precision)
                if which not in self._networks:
                    self._networks[which] = self._load(precision)
                self._functions[key] = compile_tile_function(
                    self._networks[which],
                    self._card,
                    dtype,
                    channels,
                    quantise=quantise,
                )
            return self._functions[key]


def grid_of(card: Card) -> Grid:
    """Return how a card says its network may be tiled."""
    halo = card.tile_halo.halo if card.tile_halo else card.halo
    if halo is None:
        # A network that sees the whole picture cannot be tiled.
        return Grid(0, 0, card.scale, card.size_multiple)
    return Grid(card.tile, halo, card.scale, card.size_multiple)
