"""A picture in memory, with everything that travels from its file to the output."""

from dataclasses import dataclass
from dataclasses import field
from typing import Any

import numpy as np

from imgan.io.metadata import Metadata
from imgan.types import Array
from imgan.types import Size


@dataclass
class Picture:
    """Upright pixels, their transparency and their metadata."""

    pixels: Array
    """`(height, width)` for grey, else `(height, width, 3)` RGB; C-contiguous. uint8,
    uint16, or float32 in `[0, 1]`. Of `bands` any `(height, width, bands)`."""
    alpha: Array | None = None
    """`(height, width)` in the dtype of the pixels, not premultiplied."""
    metadata: Metadata = field(default_factory=Metadata)
    source_format: str = "png"
    """`png`, `jpg`, `webp`, `tiff`, `bmp`, `avif`, or the read-only `gif`, `heic`."""
    warnings: list[str] = field(default_factory=list)
    """One line for each thing of the file that could not be kept."""

    @property
    def size(self) -> Size:
        """Height and width in pixels."""
        return Size(*self.pixels.shape[:2])

    @property
    def is_grey(self) -> bool:
        """Whether there is one channel of light, without colour."""
        return self.pixels.ndim == 2

    @property
    def form(self) -> "Form":
        """What the picture is, without its pixels."""
        return Form(
            self.size,
            1 if self.is_grey else self.pixels.shape[2],
            self.pixels.dtype,
            self.alpha is not None,
            self.metadata,
        )


@dataclass(frozen=True)
class Form:
    """What a picture is, without its pixels."""

    size: Size
    channels: int
    """Of light, or bands; 1 for grey."""
    dtype: "np.dtype[Any]"
    has_alpha: bool
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def is_grey(self) -> bool:
        """Whether there is one channel of light, without colour."""
        return self.channels == 1

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of pixels, transparency included."""
        samples = self.channels + self.has_alpha
        return self.size.width * samples * self.dtype.itemsize
