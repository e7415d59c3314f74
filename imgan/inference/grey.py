"""Results without colour, whatever the input."""

from dataclasses import replace

from imgan.data.pixels import to_channels
from imgan.io.images import Picture
from imgan.io.metadata import profile_fits


def to_grey(picture: Picture) -> Picture:
    """Return the luma of a picture of light (BT.601), `(height, width)`.

    Transparency stays. A profile of colours says nothing about grey, and is left out.
    """
    if picture.is_grey:
        return picture
    metadata = picture.metadata
    if metadata.icc and not profile_fits(metadata.icc, True):
        metadata = replace(metadata, icc=None)
    pixels = to_channels(picture.pixels, 1)[..., 0]
    return replace(picture, pixels=pixels, metadata=metadata)
