"""Pairs to train on as a pure function of (seed, number of the sample)."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Literal
from typing import NamedTuple
from typing import cast

import numpy as np

from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.translation import PairedData
from imgan.data.degradations.chain import degrade
from imgan.data.pair_store import KEEP
from imgan.data.pixels import as_unit
from imgan.data.pixels import to_channels
from imgan.data.translation.files import find_pairs
from imgan.data.translation.files import list_translation_pairs
from imgan.data.translation.jitter import Order
from imgan.data.translation.jitter import draw_cut
from imgan.data.translation.records import TranslationFiles
from imgan.data.translation.stacking import stack
from imgan.data.translation.store import PictureStore
from imgan.data.translation.store import Request
from imgan.data.translation.store import Side
from imgan.errors import DataError
from imgan.types import Array
from imgan.types import Size

DtypeName = Literal["uint8", "uint16", "float32"]

Maker = Callable[[Array, np.random.Generator], Array]
"""From a target, as its file holds it, to the source that is made of it."""

# What the random generators of a run are for, beside its seed.
_ORDER, _CUT, _MAKE = range(3)


class TranslationPair(NamedTuple):
    """What a network is given and the truth, float32 in `[0, 1]`.

    Both are cut at the same place, `(image_size, image_size, channels)`; values of
    files with a value range may leave `[0, 1]`, as they do in the files.
    """

    source: Array
    target: Array


class PairReader:
    """Reads pairs by index, as their files hold them.

    Args:
        files: Of each pair.
        source: How pictures of the source are read.
        target: How pictures of the target are read.
        make: Makes the source where there is no file of it.
        keep: Keep decoded pictures; None: if they fit in a quarter of the memory.
    """

    def __init__(
        self,
        files: Sequence[TranslationFiles],
        source: Side,
        target: Side,
        *,
        make: Maker | None = None,
        keep: bool | None = None,
    ) -> None:
        self.files = tuple(files)
        self.source = source
        self.target = target
        self.make = make
        requests = (one for pair in self.files for one in self._requests(pair))
        self._store = PictureStore(requests, keep)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def source_channels(self) -> int:
        """Channels of all pictures that are the source of one target."""
        return self.source.pixel_format.channels * max(1, len(self.files[0].source))

    @property
    def target_channels(self) -> int:
        """Channels of a target."""
        return self.target.pixel_format.channels

    def read(self, index: int) -> tuple[list[Array], Array]:
        """Return the pictures of the source, none where it is made, and the target.

        Raises:
            DataError: If a file does not suit the recipe.
            ImageReadError: If it cannot be read.
        """
        *source, target = self._store.read(self._requests(self.files[index]))
        return source, target

    def join(
        self, pictures: Sequence[Array], target: Array, seed: Sequence[int]
    ) -> Array:
        """Return the source: pictures stacked, or what is made of the target."""
        if self.make is None:
            return stack(pictures)
        return self.make(target, np.random.default_rng(seed))

    def _requests(self, pair: TranslationFiles) -> list[Request]:
        source = [(picture, self.source) for picture in pair.source]
        return [*source, (pair.target, self.target)]


class PairSampler:
    """Cuts squares out of pairs, both sides alike.

    Args:
        reader: Of the pairs.
        image_size: Side of the squares, pixels.
        seed: Of everything random here.
        flip: Mirror half of the pairs from left to right.
    """

    def __init__(
        self, reader: PairReader, image_size: int, *, seed: int, flip: bool = True
    ) -> None:
        self.reader = reader
        self.image_size = image_size
        self.seed = seed
        self.flip = flip
        self._order = Order(len(reader), seed, _ORDER)

    def __len__(self) -> int:
        return len(self.reader)

    def __call__(self, sample: int) -> TranslationPair:
        """Return pair number `sample` of the endless sequence."""
        sample = int(sample)
        pictures, target = self.reader.read(self._order(sample))
        rng = np.random.default_rng((self.seed, _CUT, sample))
        size = Size(*target.shape[:2])
        cut = draw_cut(size, self.image_size, self.flip, rng)
        pictures, target = [cut(picture) for picture in pictures], cut(target)
        source = self.reader.join(pictures, target, (self.seed, _MAKE, sample))
        return TranslationPair(as_unit(source), as_unit(target))


def open_pairs(recipe: Pix2PixRecipe) -> PairSampler:
    """Return the pairs that a recipe trains on.

    Raises:
        DataError: If pictures are missing, mispaired, of two sizes or too small, or
            those of the first pair are not as `data` says.
    """
    data = recipe.data
    files = list_translation_pairs(data.train, data)
    reader = paired_reader(files, data, data.load_size, KEEP[data.cache])
    return PairSampler(reader, data.image_size, seed=recipe.seed, flip=data.flip)


def paired_reader(
    files: Sequence[TranslationFiles],
    data: PairedData,
    square: int | None,
    keep: bool | None,
) -> PairReader:
    """Return a reader of pairs as `data` describes them; it has read the first.

    Args:
        files: As listed.
        data: Of a recipe.
        square: Side of the squares that pictures are squeezed to; None: as they are.
        keep: Keep decoded pictures; None: if they fit in a quarter of the memory.

    Raises:
        DataError: If the pictures of the first pair do not suit.
    """
    if data.make == "degraded" and data.target.channels not in (1, 3):
        raise DataError(
            "data.make=degraded takes pictures of one or three channels. Received: "
            f"data.target.channels={data.target.channels}"
        )
    reader = PairReader(
        files,
        Side.of(data.source, "data.source", square),
        Side.of(data.target, "data.target", square),
        make=_maker(data),
        keep=keep,
    )
    reader.read(0)
    return reader


def target_dtype(recipe: Pix2PixRecipe) -> DtypeName:
    """Return what targets are read as: the depth of the first one's file.

    Raises:
        DataError: If there are none, or the first does not suit.
    """
    data = recipe.data
    files = find_pairs(data.train, data)
    return dtype_of(paired_reader(files[:1], data, None, keep=False).read(0)[1])


def dtype_of(pixels: Array) -> DtypeName:
    """Return the name of a picture's dtype."""
    return cast(DtypeName, pixels.dtype.name)


def _maker(data: PairedData) -> Maker | None:
    if data.make == "grey":
        return lambda target, rng: to_channels(target, 1)
    config = data.degradation
    if config is None:
        return None
    return lambda target, rng: _as_bytes(degrade(as_unit(target), config, 1, rng))


def _as_bytes(image: Array) -> Array:
    # Multiples of 1/255 already, so nothing is lost, and pictures are as files are.
    return np.rint(image * np.float32(255)).astype(np.uint8)
