"""What an engine says of its pictures, wherever its network computes."""

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import to_input_channels
from imgan.types import Array

# Rows compared at once: a picture in colour is told from grey by its first ones.
_ROWS = 64


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
        """Return a picture in channels that `run` takes.

        A picture whose three channels are alike is a grey one, and shall stay that, so
        one of them goes through the network as grey does. The result still has three.
        """
        return to_input_channels(self._card, self._one_of_three(pixels))

    def _one_of_three(self, pixels: Array) -> Array:
        keeps_grey = self._card.task == "super_resolution" and not (
            self._card.takes_bands or self._card.num_frames > 1
        )
        if not keeps_grey or self._card.input_channels != 3 or pixels.shape[2] != 3:
            return pixels
        for top in range(0, len(pixels), _ROWS):
            part = pixels[top : top + _ROWS]
            if (part[..., 1:] != part[..., :1]).any():
                return pixels
        return pixels[..., :1]
