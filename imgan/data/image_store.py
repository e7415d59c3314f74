"""Pictures of one size by index, decoded once where memory allows."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from typing import Self

import numpy as np

from imgan.data.image_fitting import COLOURS
from imgan.data.image_fitting import adapt as adapt_picture
from imgan.data.image_fitting import describe
from imgan.data.image_fitting import fits
from imgan.data.image_fitting import with_channels
from imgan.data.pixels import readable_size
from imgan.data.pixels import to_uint8
from imgan.errors import DataError
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.machine import memory_limit
from imgan.types import Array
from imgan.types import Size


class PictureSource(Protocol):
    """Where the pictures of a store come from."""

    title: str
    """The folder, the file or the name of the set."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """Return what messages call a picture."""

    def size(self, index: int) -> Size:
        """Return a picture's size without decoding it."""

    def read(self, index: int) -> Picture:
        """Decode a picture."""


class FileSource:
    """Pictures in files."""

    def __init__(self, title: str, paths: Sequence[Path]) -> None:
        self.title = title
        self.paths = list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Return the path."""
        return str(self.paths[index])

    def size(self, index: int) -> Size:
        """Return the size from the header."""
        return readable_size(self.paths[index])

    def read(self, index: int) -> Picture:
        """Decode the file."""
        return read_image(self.paths[index])


class ArraySource:
    """Pictures in one array, `(pictures, height, width[, 1 to 4])`."""

    def __init__(self, title: str, images: Array) -> None:
        self.title = title
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def name(self, index: int) -> str:
        """Return the source and the position in it, `faces.npz[12]`."""
        return f"{self.title}[{index}]"

    def size(self, index: int) -> Size:
        """Return the size that all have."""
        return Size(*self.images.shape[1:3])

    def read(self, index: int) -> Picture:
        """Part colour and alpha, without a copy."""
        pixels = with_channels(self.images[index])
        alpha = None
        if pixels.shape[2] in (2, 4):
            pixels, alpha = pixels[..., :-1], pixels[..., -1]
        return Picture(pixels[..., 0] if pixels.shape[2] == 1 else pixels, alpha)


class ImageStore:
    """Pictures of one size and colour by index, kept in memory if they fit.

    Threads may share a store: at worst two of them decode the same picture.

    Args:
        source: Where they come from.
        image_size: Side in pixels.
        channels: 1: grey. 3: RGB.
        adapt: Crop, resize and convert what does not fit.
        labels: `(pictures,)` int32, or None.
        label_names: One for each label, or None.
        keep: Keep decoded pictures; None decides by whether all of them take at most a
            quarter of the memory.
    """

    def __init__(
        self,
        source: PictureSource,
        *,
        image_size: int,
        channels: int,
        adapt: bool = False,
        labels: Array | None = None,
        label_names: tuple[str, ...] | None = None,
        keep: bool | None = None,
    ) -> None:
        self.source = source
        self.image_size = image_size
        self.channels = channels
        self.adapt = adapt
        self.labels = labels
        self.label_names = label_names
        self._indices: Array = np.arange(len(source))
        self._kept: dict[int, Array] = {}
        if keep is None:
            # How deep the pictures are shows only in decoding; four bytes at most.
            needed = len(source) * image_size**2 * channels * 4
            keep = needed <= memory_limit() / 4
        self.keep = keep

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Array:
        """Return `(image_size, image_size, channels)` uint8, uint16 or float32.

        It may be shared: do not write into it.
        """
        place = int(self._indices[index])
        image = self._kept.get(place)
        if image is None:
            image = self._load(place)
            if self.keep:
                image = self._kept.setdefault(place, image)
        return image

    def name(self, index: int) -> str:
        """Return what messages call a picture: its file, or `file.npz[12]`."""
        return self.source.name(int(self._indices[index]))

    def size(self, index: int) -> Size:
        """Return a picture's original size without decoding it."""
        return self.source.size(int(self._indices[index]))

    def misfit(self, index: int) -> str:
        """Decode a picture and describe it if it must be adapted, else return ""."""
        place = int(self._indices[index])
        picture = self.source.read(place)
        if not fits(picture, self.image_size, self.channels):
            return describe(picture)
        if self.keep:
            self._kept[place] = with_channels(picture.pixels)
        return ""

    def split(self, share: float, seed: int) -> tuple[Self, Self]:
        """Part the pictures into those to train on and those held out.

        Every label gives the same share, at least one picture and never its last.

        Args:
            share: Of the pictures that are held out, `[0, 1)`.
            seed: Decides which.

        Raises:
            ValueError: If the share is out of range.
        """
        if not 0 <= share < 1:
            raise ValueError(f"share must be at least 0 and below 1. Received: {share}")
        labels = np.zeros(len(self)) if self.labels is None else self.labels
        held_out = np.zeros(len(self), bool)
        for label in np.unique(labels) if share else ():
            members = np.flatnonzero(labels == label)
            count = max(1, round(share * len(members)))
            rng = np.random.default_rng((seed, 2, int(label)))
            chosen = rng.permutation(members)[: min(count, len(members) - 1)]
            held_out[chosen] = True
        return self._subset(~held_out), self._subset(held_out)

    def _subset(self, mask: Array) -> Self:
        part = copy.copy(self)
        part._indices = self._indices[mask]
        part.labels = None if self.labels is None else self.labels[mask]
        return part

    def _load(self, place: int) -> Array:
        picture = self.source.read(place)
        if not fits(picture, self.image_size, self.channels):
            if not self.adapt:
                raise DataError(
                    f"{self.source.name(place)} is {describe(picture)}; "
                    + expectation(self)
                )
            picture = adapt_picture(picture, self.image_size, self.channels)
        return with_channels(picture.pixels)


def expectation(store: ImageStore) -> str:
    """Return what a message says that pictures must be, and what to do."""
    side = store.image_size
    return (
        f"expected {side}x{side} {COLOURS[store.channels]} without transparency, by "
        f"data.image_size={side} and data.channels={store.channels}. Set "
        "data.adapt=true to crop, resize and convert."
    )


def require_labels(store: ImageStore) -> None:
    """Refuse a store that a conditional family cannot learn from.

    Raises:
        DataError: If there are no labels, or all are the same.
    """
    if store.label_names is None:
        raise DataError(
            "A conditional family needs class folders or an .npz file with labels. "
            f"Received pictures without labels: {store.source.title}"
        )
    if len(store.label_names) < 2:
        raise DataError(
            "A conditional family needs at least two classes. Received one, "
            f"{store.label_names[0]!r}, in {store.source.title}. Add another or train "
            "an unconditional family."
        )


def as_uint8(store: ImageStore, indices: Sequence[int] | Array) -> Array:
    """Return pictures in 8 bits, `(pictures, image_size, image_size, channels)`."""
    shape = (len(indices), store.image_size, store.image_size, store.channels)
    images: Array = np.empty(shape, np.uint8)
    for row, index in enumerate(indices):
        images[row] = to_uint8(store[int(index)])
    return images
