"""What an engine says of its pictures, wherever its network computes."""

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import to_input_channels
from imgan.types import Array


class CardKinds:
    """The part of an engine that its card answers alone.

    Args:
        card: Of the network.
    """

    def __init__(self, card: Card) -> None:
        self._card = card
        self.input_channels = card.input_channels or 3

    def channels(self, channels: int) -> int:
        """Return the result's channels for a picture with so many."""
        return result_channels(self._card, channels)

    def dtype(self, dtype: str) -> str:
        """Return the result's dtype for a picture of some dtype."""
        return result_dtype(self._card, dtype)

    def prepare(self, pixels: Array) -> Array:
        """Return a picture in channels that `run` takes."""
        return to_input_channels(self._card, pixels)
