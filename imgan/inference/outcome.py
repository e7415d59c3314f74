"""What will be made of a picture, and whether its file and the memory can hold it.

All of it is known before anything is computed.
"""

from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.kinds import writes_bands
from imgan.errors import DataError
from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.io.bands import check_bands
from imgan.io.formats import check_output
from imgan.io.formats import format_name
from imgan.io.formats import format_of
from imgan.io.formats import stored_bits
from imgan.io.images import Picture
from imgan.io.images import read_size
from imgan.machine import memory_limit
from imgan.types import Size

# Of the machine's memory; the rest is for the system, TensorFlow and the tiles.
_SHARE_FOR_ONE_PICTURE = 0.8


class Outcome(NamedTuple):
    """What the pixels of a result will be."""

    size: Size
    channels: int
    dtype: "np.dtype[Any]"
    alpha: bool
    bands: bool
    """Whether they are raw values in bands."""

    @property
    def bytes(self) -> int:
        """What they take in memory."""
        channels = self.channels + self.alpha
        return self.size.height * self.size.width * channels * self.dtype.itemsize


def outcome_of(
    card: Card | None, picture: Picture, channels: int, size: Size
) -> Outcome:
    """Return what will be computed of a picture.

    Args:
        card: Of the model; None: bicubic enlargement.
        picture: As read.
        channels: Of what the network is given in its place.
        size: Of the result.

    Raises:
        DataError: If the model does not take so many channels.
    """
    dtype, alpha = picture.pixels.dtype, picture.alpha is not None
    if card is None:
        return Outcome(size, channels, dtype, alpha, False)
    try:
        channels = result_channels(card, channels)
    except ValueError as error:
        raise DataError(str(error)) from error
    made = np.dtype(result_dtype(card, dtype.name))
    return Outcome(size, channels, made, alpha, writes_bands(card))


def check_file(
    output: Path, outcome: Outcome, card: Card | None, given: "np.dtype[Any]"
) -> list[str]:
    """Return a line for each thing that is lost when a result is written to a file.

    Args:
        output: Where it is written.
        outcome: What it will be.
        card: Of the model.
        given: Depth of the input. What a format loses of that is a warning; depth that
            only the model brings in is never thrown away.

    Raises:
        OutputError: If the format cannot hold the result.
    """
    if outcome.bands:
        check_bands(output, outcome.channels, outcome.dtype)
    elif card is not None and outcome.dtype != given:
        _check_depth(output, outcome.dtype, card)
    lost = check_output(
        str(format_of(output)),
        outcome.size,
        outcome.dtype,
        outcome.alpha and not outcome.bands,
    )
    if outcome.bands and outcome.alpha:
        return ["transparency is not kept beside bands", *lost]
    return lost


def check_present(output: Path, size: Size) -> None:
    """Check that a file which is there already can be the result.

    Raises:
        OutputError: If it is no picture, or one of another size.
    """
    try:
        present = read_size(output)
    except ImageReadError as error:
        raise OutputError(
            f"{output} exists and is not a picture. Remove it or use --overwrite"
        ) from error
    if present != size:
        raise OutputError(
            f"{output} exists with {present} pixels, expected {size}. Use --overwrite "
            "to replace it"
        )


def check_memory(count: int, size: Size) -> None:
    """Check that there is memory for the bytes that an output takes.

    Raises:
        OutputError: If there is not. Linux grants more than there is, and kills the
            process when it is used.
    """
    total = memory_limit()
    if count > total * _SHARE_FOR_ONE_PICTURE:
        raise OutputError(
            f"The output would be {size} pixels, {count / 1e9:.1f} GB, and there "
            f"are {total / 1e9:.1f} GB of memory here. Cut the picture, or use a "
            "lower --scale"
        )


def _check_depth(output: Path, dtype: "np.dtype[Any]", card: Card) -> None:
    bits, image_format = dtype.itemsize * 8, str(format_of(output))
    if stored_bits(image_format, dtype) < bits:
        floats = dtype.kind == "f"
        raise OutputError(
            f"Cannot write {output}: model {card.name!r} makes "
            f"{'float' if floats else f'{bits}-bit'} pictures, and "
            f"{format_name(image_format)} holds fewer bits. Use "
            f"--format {'tiff' if floats else 'png or tiff'}"
        )
