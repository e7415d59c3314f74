"""Training pairs in memory, decoded once where memory allows."""

import threading
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from imgan.data.pairs import PairPaths
from imgan.data.pixels import PixelFormat
from imgan.data.pixels import readable_size
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.machine import memory_limit
from imgan.types import Array
from imgan.types import dtype_peak

KEEP = {"auto": None, "always": True, "never": False}
"""Values of `data.cache` as stores take them."""

Reduce = Callable[[Array, int], Array]
"""From a high-resolution picture and its index to the low-resolution one, float32."""


@dataclass(frozen=True)
class ImagePair:
    """Decoded twins: uint8 or uint16, or float32 where the value range is 0 to 1.

    Attributes:
        hr: `(scale * height, scale * width, channels)`.
        lr: `(height, width, channels)`.
        detail: `(height + 1, width + 1)` float64, integral of the local contrast of
            `lr` in levels of 255, so that the contrast of any rectangle costs four
            look-ups.
    """

    hr: Array
    lr: Array
    detail: Array


def load_pair(
    paths: PairPaths,
    scale: int,
    pixel_format: PixelFormat = PixelFormat(),  # noqa: B008
    reduce: Callable[[Array], Array] | None = None,
) -> ImagePair:
    """Decode one pair; make the low resolution where there is none.

    Args:
        paths: Its files.
        scale: Ratio of high to low resolution.
        pixel_format: How files are read.
        reduce: Makes the low resolution; MATLAB's bicubic if None.

    Raises:
        DataError: If a file does not suit or the sizes are not in the ratio `scale`.
        ImageReadError: If a file cannot be read.
    """
    hr = pixel_format.read(paths.hr)
    height, width = (side - side % scale for side in hr.shape[:2])
    hr = np.ascontiguousarray(hr[:height, :width])
    if paths.lr is not None:
        lr = pixel_format.read(paths.lr)
    elif reduce is not None:
        lr = reduce(hr)
    else:
        lr = resize_bicubic(hr, 1 / scale)
    if (lr.shape[0] * scale, lr.shape[1] * scale) != hr.shape[:2]:
        raise DataError(
            f"{paths.lr} must be 1/{scale} of {paths.hr}, "
            f"{width // scale}x{height // scale}. "
            f"Received: {lr.shape[1]}x{lr.shape[0]}"
        )
    return ImagePair(hr, np.ascontiguousarray(lr), _integral_contrast(lr))


class PairStore:
    """Decoded pairs by index, kept in memory if they fit.

    Args:
        pairs: What to decode.
        scale: Ratio of high to low resolution.
        keep: Keep decoded pairs; None decides by whether all of them take at most a
            quarter of the memory.
        pixel_format: How files are read.
        reduce: Makes low resolution where there is no file of it; MATLAB's bicubic if
            None.
    """

    def __init__(
        self,
        pairs: Sequence[PairPaths],
        scale: int,
        keep: bool | None = None,
        *,
        pixel_format: PixelFormat = PixelFormat(),  # noqa: B008
        reduce: Reduce | None = None,
    ) -> None:
        self.pairs = list(pairs)
        self.scale = scale
        self.pixel_format = pixel_format
        self._reduce = reduce
        self._kept: dict[int, ImagePair] = {}
        self._locks = [threading.Lock() for _ in self.pairs]
        if keep is None:
            keep = self._decoded_bytes() <= memory_limit() / 4
        self.keep = keep

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> ImagePair:
        if not self.keep:
            return self._load(index)
        with self._locks[index]:
            if index not in self._kept:
                self._kept[index] = self._load(index)
            return self._kept[index]

    def check_at_least(self, side: int) -> None:
        """Look at the headers of all pictures.

        Raises:
            DataError: Names the pictures with a side shorter than `side` pixels.
        """
        sizes = ((pair.hr.name, readable_size(pair.hr)) for pair in self.pairs)
        small = [f"{name} ({size})" for name, size in sizes if min(size) < side]
        if small:
            shown = ", ".join(small[:5]) + (", ..." if len(small) > 5 else "")
            raise DataError(
                f"{len(small)} of {len(self)} pictures are smaller than "
                f"data.hr_patch_size={side}: {shown}. Remove them or train "
                "with smaller patches."
            )

    def _load(self, index: int) -> ImagePair:
        reduce = self._reduce
        made = None if reduce is None else lambda hr: reduce(hr, index)
        return load_pair(self.pairs[index], self.scale, self.pixel_format, made)

    def _decoded_bytes(self) -> float:
        if not self.pairs:
            return 0.0
        pixels = sum(readable_size(pair.hr).megapixels * 1e6 for pair in self.pairs)
        # Files of one set have one depth as a rule; reading all would take too long.
        depth = self.pixel_format.read(self.pairs[0].hr).itemsize
        # What `reduce` makes is float32; bicubic reduction keeps the depth.
        made = self._reduce is not None and self.pairs[0].lr is None
        small_depth = 4 if made else depth
        channels = self.pixel_format.channels
        # Colour in both sizes, eight bytes of detail in the small one.
        small = small_depth * channels + 8
        return pixels * (depth * channels + small / self.scale**2)


def _integral_contrast(lr: Array) -> Array:
    levels = 255.0 / dtype_peak(lr.dtype)
    grey = lr.mean(axis=2, dtype=np.float32) * np.float32(levels)
    across = np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
    down = np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    integral: Array = cv2.integral(across + down, sdepth=cv2.CV_64F)
    return integral
