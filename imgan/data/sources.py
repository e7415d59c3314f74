"""Training pairs in memory, decoded once where memory allows."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import psutil

from imgan.data.pairs import PairPaths
from imgan.data.pairs import as_rgb8
from imgan.data.resize import resize_bicubic
from imgan.errors import DataError
from imgan.io.images import read_image
from imgan.io.images import read_size
from imgan.types import Array


@dataclass(frozen=True)
class ImagePair:
    """Decoded twins, uint8 RGB.

    Attributes:
        hr: `(scale * height, scale * width, 3)`.
        lr: `(height, width, 3)`.
        detail: `(height + 1, width + 1)` float64, integral of the local contrast of
            `lr`, so that the contrast of any rectangle costs four look-ups.
    """

    hr: Array
    lr: Array
    detail: Array


def load_pair(paths: PairPaths, scale: int) -> ImagePair:
    """Decode one pair; make the low resolution by MATLAB's bicubic if there is none.

    Raises:
        DataError: If a file cannot be read or the sizes are not in the ratio `scale`.
    """
    hr = as_rgb8(read_image(paths.hr).pixels)
    height, width = (side - side % scale for side in hr.shape[:2])
    hr = hr[:height, :width]
    if paths.lr is None:
        lr = resize_bicubic(hr, 1 / scale)
    else:
        lr = as_rgb8(read_image(paths.lr).pixels)
    if (lr.shape[0] * scale, lr.shape[1] * scale) != hr.shape[:2]:
        raise DataError(
            f"{paths.lr} must be 1/{scale} of {paths.hr}, "
            f"{width // scale}x{height // scale}. "
            f"Received: {lr.shape[1]}x{lr.shape[0]}"
        )
    return ImagePair(
        np.ascontiguousarray(hr), np.ascontiguousarray(lr), _integral_contrast(lr)
    )


class PairStore:
    """Decoded pairs by index, kept in memory if they fit.

    Args:
        pairs: What to decode.
        scale: Ratio of high to low resolution.
        keep: Keep decoded pairs; None decides by whether all of them take at most a
            quarter of the memory.
    """

    def __init__(
        self, pairs: Sequence[PairPaths], scale: int, keep: bool | None = None
    ) -> None:
        self.pairs = list(pairs)
        self.scale = scale
        self._kept: dict[int, ImagePair] = {}
        self._locks = [threading.Lock() for _ in self.pairs]
        if keep is None:
            keep = self._decoded_bytes() <= psutil.virtual_memory().total / 4
        self.keep = keep

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> ImagePair:
        if not self.keep:
            return load_pair(self.pairs[index], self.scale)
        with self._locks[index]:
            if index not in self._kept:
                self._kept[index] = load_pair(self.pairs[index], self.scale)
            return self._kept[index]

    def check_at_least(self, side: int) -> None:
        """Look at the headers of all pictures.

        Raises:
            DataError: Names the pictures with a side shorter than `side` pixels.
        """
        sizes = ((pair.hr.name, read_size(pair.hr)) for pair in self.pairs)
        small = [f"{name} ({size})" for name, size in sizes if min(size) < side]
        if small:
            shown = ", ".join(small[:5]) + (", ..." if len(small) > 5 else "")
            raise DataError(
                f"{len(small)} of {len(self)} pictures are smaller than "
                f"data.hr_patch_size={side}: {shown}. Remove them or train "
                "with smaller patches."
            )

    def _decoded_bytes(self) -> float:
        pixels = sum(read_size(pair.hr).megapixels * 1e6 for pair in self.pairs)
        # Three bytes of colour in both sizes, eight of detail in the small one.
        return pixels * (3 + 11 / self.scale**2)


def _integral_contrast(lr: Array) -> Array:
    grey = lr.mean(axis=2, dtype=np.float32)
    across = np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
    down = np.abs(np.diff(grey, axis=0, append=grey[-1:]))
    integral: Array = cv2.integral(across + down, sdepth=cv2.CV_64F)
    return integral
