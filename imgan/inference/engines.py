"""What computes a tile: a network on some devices, or nothing but the resampler."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import NamedTuple
from typing import Protocol

from imgan.bundles.card import Card
from imgan.bundles.fidelity import blend_networks
from imgan.bundles.grid import Grid
from imgan.bundles.grid import grid_of
from imgan.inference.card_kinds import CardKinds
from imgan.inference.devices import DeviceShares
from imgan.inference.devices import choose_devices
from imgan.inference.devices import short_name
from imgan.inference.eligibility import BICUBIC
from imgan.inference.exported import load_exported
from imgan.inference.graph import TileFunction
from imgan.inference.graph import TileResult
from imgan.inference.graph import compile_tile_function
from imgan.inference.kernels import has_kernels
from imgan.machine import usable_cores
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow
from imgan.types import Array
from imgan.types import Region

# Pixels of a tile with its halo from which on a device computes one at a time. A U-Net
# of 64 filters takes 0.5 kB for each, and reads 7 million where its tiles are exact.
_LARGE_TILE = 2_000_000


class Engine(Protocol):
    """Turns one tile into pixels."""

    name: str
    grid: Grid
    """How it may be tiled; its tile is the default."""
    default_scale: float
    device: str
    """"cpu" or "gpu:0,1"."""
    precision: str | None
    """The only one that it computes in; None: any that the device has."""
    streams: int
    """Tiles that may be computed at once."""
    translates: bool
    """Whether it makes other pictures of the same size, instead of larger ones."""

    def channels(self, channels: int) -> int:
        """Return the result's channels for a picture with so many."""
        ...

    def dtype(self, dtype: str) -> str:
        """Return the result's dtype for a picture of some dtype."""
        ...

    def prepare(self, pixels: Array) -> Array:
        """Return a `(height, width, channels)` picture in channels that `run` takes."""
        ...

    def run(
        self,
        pixels: Array,
        crop: Region,
        precision: str,
        *,
        quantise: bool,
        compiled: bool = False,
    ) -> TileResult:
        """Compute a `(height, width, channels)` tile; see `graph.TileFunction`.

        `compiled` is worth it for a large picture only, and a hint.
        """
        ...


class BicubicEngine:
    """Hands tiles on as they are: the resampler behind it does all the work."""

    name = BICUBIC
    grid = Grid(tile=512, halo=0)
    default_scale = 4.0
    device = "cpu"
    precision: str | None = None
    streams = 1
    translates = False

    def channels(self, channels: int) -> int:
        """Return the same number."""
        return channels

    def dtype(self, dtype: str) -> str:
        """Return the same dtype."""
        return dtype

    def prepare(self, pixels: Array) -> Array:
        """Return the picture itself."""
        return pixels

    def run(
        self,
        pixels: Array,
        crop: Region,
        precision: str,
        *,
        quantise: bool,
        compiled: bool = False,
    ) -> TileResult:
        """Return the part of the tile that is kept."""
        return TileResult(pixels[crop.slices()], finite=True, black=False)


class NetworkEngine(CardKinds):
    """A network, built once for each device, precision and kind of picture it meets.

    Args:
        card: The network's card.
        load: Returns the network under the dtype policy it is given.
        device: What `--device` takes.
        stochastic: Whether the network has random numbers at inference.
    """

    def __init__(
        self,
        card: Card,
        load: Callable[[str], Any],
        device: str = "auto",
        *,
        stochastic: bool = False,
    ) -> None:
        # One of two caches that grow with every new shape of a tile; see `graph`.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
        self._tf = import_tensorflow()
        super().__init__(card)
        self._load = load
        # TensorFlow looks for GPUs when first asked, and complains of a driver without.
        with hold_stderr():
            self._devices = choose_devices(device, self._tf)
            self._tf.constant(0)
        self._shares = DeviceShares(self._devices)
        self._alone = {device: threading.Lock() for device in self._devices}
        self._lock = threading.Lock()
        self._networks: dict[tuple[str, str], Any] = {}
        self._functions: dict[_Kind, TileFunction] = {}
        self.name = card.name
        self.device = short_name(self._devices)
        self.precision = card.fixed_precision
        self.default_scale = float(card.scale)
        self.grid = grid_of(card, stochastic=stochastic)
        self.translates = card.task == "translation"
        # Two tiles at once keep the cores busy where one waits at the end of a layer,
        # or for a core that encodes a file: 10 to 40 % more tiles per second.
        self.streams = min(2, usable_cores()) * len(self._devices)

    @classmethod
    def from_folder(
        cls,
        folder: Path,
        card: Card,
        device: str,
        fidelity: float | None = None,
        noise_seed: int | None = None,
    ) -> "NetworkEngine":
        """Return an engine that loads its network from a bundle or a SavedModel.

        Args:
            folder: The bundle, or the export.
            card: Its card.
            device: What `--device` takes.
            fidelity: How far to go towards its fidelity partner; None: not at all.
            noise_seed: Of the dropout that stays on; None: there is none.
        """
        from imgan.bundles.bundle import load_network

        if card.export is not None:
            return cls(card, lambda dtype: load_exported(folder), device)

        def load(dtype: str) -> Any:
            if fidelity is None:
                network = load_network(folder, dtype)[0]
            else:
                network = blend_networks(folder, fidelity, dtype)[0]
            if noise_seed is None:
                return network
            return network.variant(noise_seed=noise_seed)

        return cls(card, load, device, stochastic=noise_seed is not None)

    def run(
        self,
        pixels: Array,
        crop: Region,
        precision: str,
        *,
        quantise: bool,
        compiled: bool = False,
    ) -> TileResult:
        """Compute a tile on the device that has least to do."""
        area = pixels.shape[0] * pixels.shape[1]
        with self._shares.take(area) as device:
            compiled = compiled and device.startswith("/CPU")
            kind = _Kind(
                device,
                precision,
                pixels.dtype.name,
                pixels.shape[2],
                quantise,
                compiled,
            )
            function = self._functions.get(kind) or self._build(kind)
            if area < _LARGE_TILE:
                return function(pixels, crop)
            with self._alone[device]:
                return function(pixels, crop)

    def _build(self, kind: "_Kind") -> TileFunction:
        with self._lock, self._tf.device(kind.device):
            if kind in self._functions:
                return self._functions[kind]
            which = (kind.device, kind.precision)
            if which not in self._networks:
                self._networks[which] = self._load(kind.precision)
            network = self._networks[which]
            # Where nothing is compiled there is one function for either.
            plain = kind if has_kernels(network) else kind._replace(compiled=False)
            if plain not in self._functions:
                self._functions[plain] = compile_tile_function(
                    network,
                    self._card,
                    kind.dtype,
                    kind.channels,
                    quantise=kind.quantise,
                    device=kind.device,
                    compiled=plain.compiled,
                )
            self._functions[kind] = self._functions[plain]
            return self._functions[kind]


class _Kind(NamedTuple):
    """What a function is traced for."""

    device: str
    precision: str
    dtype: str
    channels: int
    quantise: bool
    compiled: bool
