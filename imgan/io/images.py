"""The public face of reading and writing pictures."""

from imgan.io.alpha import bleed_colour
from imgan.io.metadata import Metadata
from imgan.io.metadata import metadata_losses
from imgan.io.picture import Picture
from imgan.io.reading import MAX_MEGAPIXELS
from imgan.io.reading import read_image
from imgan.io.reading import read_size
from imgan.io.temporaries import active_temporaries
from imgan.io.temporaries import remove_temporaries
from imgan.io.writing import WriteCancelledError
from imgan.io.writing import write_image

__all__ = [
    "MAX_MEGAPIXELS",
    "Metadata",
    "Picture",
    "WriteCancelledError",
    "active_temporaries",
    "bleed_colour",
    "metadata_losses",
    "read_image",
    "read_size",
    "remove_temporaries",
    "write_image",
]
