"""The ways of a tile to a server and back: as pixels, as a PNG file, as floats."""

import threading

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.exports import ENCODED
from imgan.bundles.exports import NETWORK
from imgan.bundles.exports import SERVING
from imgan.bundles.grid import grid_of
from imgan.bundles.grid import tile_side
from imgan.bundles.kinds import reads_bands
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.errors import ServerError
from imgan.inference.remote_calls import Transport
from imgan.inference.remote_calls import UnmergeableError
from imgan.runtime import import_tensorflow
from imgan.types import Array

# As little as PNG takes: a tile is smaller so, and hardly later.
_COMPRESSION = 1
_ATTEMPTS_ALONE = 3


class TileSender:
    """Sends tiles to one model. Threads share it.

    A server may merge requests that wait at the same time. It can do so with files, but
    not with arrays of different shapes, and fails all of them; from then on tiles go
    as files, and floats one by one.

    Args:
        card: What the server said of the model.
        transport: To the same model.
    """

    def __init__(self, card: Card, transport: Transport) -> None:
        self._tf = import_tensorflow()
        self._card = card
        self._transport = transport
        self._offered = set(card.export.signatures) if card.export else set()
        self._merges = False
        self._alone = threading.Lock()

    def send_pixels(self, pixels: Array) -> Array | None:
        """Return the result of a tile in pixels; None: it must travel as floats.

        Args:
            pixels: `(height, width, channels)`.

        Raises:
            ServerError: If there is no answer, or none that can be used.
        """
        if pixels.dtype != np.uint8 or not self._is_cut_alike(pixels):
            return None
        if self._transport.sends_arrays and not self._merges:
            own = pixels.shape[2] == self._card.input_channels
            if not own or reads_bands(self._card):
                return None
            try:
                answer = self._transport.predict(SERVING, pixels[np.newaxis])
                return self._checked(answer["images"], pixels)
            except UnmergeableError:
                self._merges = True
        if ENCODED not in self._offered:
            return None
        return self._checked(self._through_file(pixels), pixels)

    def send_floats(self, images: Array) -> Array:
        """Return the outputs of the bare network.

        Args:
            images: `(batch, height, width, channels)` in the card's `input_range`.

        Raises:
            ServerError: If there is no answer, or none that can be used.
        """
        if not self._merges:
            try:
                return self._through_network(images)
            except UnmergeableError:
                self._merges = True
        for _ in range(_ATTEMPTS_ALONE - 1):
            try:
                with self._alone:
                    return self._through_network(images)
            except UnmergeableError:
                # With those of other clients, which nobody here can hold back.
                continue
        with self._alone:
            return self._through_network(images)

    def _is_cut_alike(self, pixels: Array) -> bool:
        """Return whether the server computes the tile as it would be computed here.

        It cuts what is larger than its own tile, which shows where tiles are blended.
        """
        card, grid = self._card, grid_of(self._card)
        exact = card.halo is not None and card.tile_halo is None
        return exact or not grid.tile or max(pixels.shape[:2]) <= tile_side(grid)

    def _through_file(self, pixels: Array) -> Array:
        data = self._tf.io.encode_png(pixels, _COMPRESSION).numpy()
        answer = self._transport.predict(ENCODED, [data])
        if answer["error"][0]:
            text = answer["error"][0].decode("utf-8", "replace")
            raise ServerError(
                f"{self._transport.address.origin} refuses a tile: {text}"
            )
        dtype = result_dtype(self._card, "uint8")
        made = self._tf.io.decode_png(answer["output_bytes"][0], dtype=dtype)
        return made.numpy()[np.newaxis]

    def _through_network(self, images: Array) -> Array:
        outputs: Array = self._transport.predict(NETWORK, images)["images"]
        batch, height, width, _ = images.shape
        scale, channels = self._card.scale, self._card.output_channels
        self._expect(outputs, (batch, height * scale, width * scale, channels))
        return outputs

    def _checked(self, made: Array, pixels: Array) -> Array:
        """Return the one picture of a batch, of the expected size."""
        height, width, channels = pixels.shape
        scale, result = self._card.scale, result_channels(self._card, channels)
        self._expect(made, (1, height * scale, width * scale, result))
        return made[0]

    def _expect(self, made: Array, shape: tuple[int, ...]) -> None:
        if made.shape != shape:
            raise ServerError(
                f"{self._transport.address.origin} must answer a tile with an array of "
                f"shape {shape}. Received: {made.shape}. If it merges requests, turn "
                "pad_variable_length_inputs off"
            )
