"""What kind of picture a network makes of a picture of some kind: from its card alone.

In super-resolution the result is of the kind of the input. A translation may turn
labels into colour, colour into grey, or a photograph into metres.
"""

from imgan.bundles.card import Card
from imgan.data.pixels import to_channels
from imgan.types import Array
from imgan.types import ValueRange


def result_channels(card: Card, channels: int) -> int:
    """Return how many channels the network makes of a picture with so many.

    In super-resolution, grey through a network for colour comes back grey, and colour
    through a network for grey goes channel by channel. In translation the result always
    has the network's own channels: grey is repeated, colour becomes its luma first.

    Raises:
        ValueError: If the network cannot be given such a picture.
    """
    if channels == card.input_channels:
        return card.output_channels
    if card.takes_bands or card.num_frames > 1:
        raise ValueError(
            f"Model {card.name!r} takes pictures with {card.input_channels} bands. "
            f"Received a picture with {channels}"
        )
    translates = card.task == "translation"
    if channels == 1 and card.input_channels == 3:
        return card.output_channels if translates else 1
    if card.input_channels == 1 and translates and channels == 3:
        return card.output_channels
    if card.input_channels == card.output_channels == 1 and not translates:
        return channels
    raise ValueError(
        f"Model {card.name!r} takes pictures with {card.input_channels} channels. "
        f"Received a picture with {channels}"
    )


def result_dtype(card: Card, input_dtype: str) -> str:
    """Return the dtype of what the network makes of a picture with some dtype.

    Args:
        card: Of the network.
        input_dtype: uint8, uint16 or float32.

    Returns:
        In super-resolution, that of the input. In translation float32 in the units of
        the files where the card has an `output_pixel_range`, and else pictures of light
        in the card's `output_dtype`; floats are in [0, 1] then.
    """
    if card.task != "translation":
        return input_dtype
    if card.output_pixel_range is not None:
        return "float32"
    return input_dtype if card.output_dtype == "input" else card.output_dtype


def result_units(card: Card) -> ValueRange | None:
    """Return the values in files that 0 and 1 of the result stand for.

    None for pictures of light, whose floats are in [0, 1].
    """
    if card.task == "translation":
        return card.output_pixel_range
    return card.pixel_range


def to_input_channels(card: Card, pixels: Array) -> Array:
    """Return a picture in channels that a tile function takes.

    Args:
        card: Of the network.
        pixels: `(height, width, channels)`.

    Returns:
        Luma by BT.601, `(height, width, 1)` of the same dtype, of colour that is
        translated by a network for grey; any other picture as it is.

    Raises:
        ValueError: If the network cannot be given such a picture.
    """
    channels = pixels.shape[2]
    result_channels(card, channels)
    if card.task == "translation" and (channels, card.input_channels) == (3, 1):
        return to_channels(pixels, 1)
    return pixels


def frame_channels(card: Card) -> int:
    """Return the channels of one of the pictures that are stacked as the input."""
    return (card.input_channels or 1) // card.num_frames


def reads_bands(card: Card) -> bool:
    """Return whether input files hold raw values in bands, not pictures of light."""
    return card.pixel_range is not None or frame_channels(card) not in (1, 3)


def writes_bands(card: Card) -> bool:
    """Return whether results are raw values in bands, not pictures of light."""
    if card.task == "super_resolution":
        return card.takes_bands
    return card.output_pixel_range is not None or card.output_channels not in (1, 3)
