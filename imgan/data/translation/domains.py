"""Pictures of two domains as a pure function of (seed, number of the sample)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from typing import NamedTuple
from typing import get_args

import numpy as np

from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.translation import DomainFolders
from imgan.config.translation import UnpairedData
from imgan.data.pair_store import KEEP
from imgan.data.pairs import list_pictures
from imgan.data.pixels import as_unit
from imgan.data.translation.files import unique_names
from imgan.data.translation.jitter import Order
from imgan.data.translation.jitter import draw_cut
from imgan.data.translation.pairs import DtypeName
from imgan.data.translation.pairs import dtype_of
from imgan.data.translation.records import PictureFile
from imgan.data.translation.sizes import check_smallest
from imgan.data.translation.sizes import size_of
from imgan.data.translation.store import PictureStore
from imgan.data.translation.store import Side
from imgan.data.translation.store import fit_in_memory
from imgan.errors import DataError
from imgan.types import Array
from imgan.types import Size

Domain = Literal["a", "b"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)

# What the random generators of a run are for, beside its seed: of domains a and b.
_ORDERS, _CUTS = (0, 1), (2, 3)


class DomainPictures:
    """Pictures of one domain by index, as their files hold them.

    Args:
        names: Of the pictures.
        paths: Their files.
        side: How they are read.
        keep: Keep decoded pictures.
    """

    def __init__(
        self,
        names: Sequence[str],
        paths: Sequence[Path],
        side: Side,
        keep: bool = False,
    ) -> None:
        self.names = tuple(names)
        self.side = side
        self.files = tuple(PictureFile(path) for path in paths)
        self._store = PictureStore([(file, side) for file in self.files], keep)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Array:
        """Return a picture, `(height, width, channels)`.

        uint8, uint16, or float32 where 0 and 1 are the ends of the value range.

        Raises:
            DataError: If the file does not suit the recipe.
            ImageReadError: If it cannot be read.
        """
        return self._store.read([(self.files[index], self.side)])[0]

    @property
    def channels(self) -> int:
        """Channels of every picture."""
        return self.side.pixel_format.channels


class UnpairedPictures(NamedTuple):
    """A picture of each domain, `(image_size, image_size, channels)` float32 in [0, 1].

    They have nothing to do with each other.
    """

    domain_a: Array
    domain_b: Array


class DomainSampler:
    """Cuts squares out of pictures of two domains.

    Each domain has epochs of its own, so that while the larger one is gone through
    once, the smaller one is gone round as often as needed. Orders, cuts and mirrors of
    the two are drawn independently.

    Args:
        a: Pictures of domain A.
        b: Pictures of domain B.
        image_size: Side of the squares, pixels.
        seed: Of everything random here.
        flip: Mirror half of the pictures from left to right.
    """

    def __init__(
        self,
        a: DomainPictures,
        b: DomainPictures,
        image_size: int,
        *,
        seed: int,
        flip: bool = True,
    ) -> None:
        self.a = a
        self.b = b
        self.image_size = image_size
        self.seed = seed
        self.flip = flip
        self._orders = [
            Order(len(pictures), seed, purpose)
            for pictures, purpose in zip((a, b), _ORDERS, strict=True)
        ]

    def __len__(self) -> int:
        """Return the number of samples of an epoch: that of the larger domain."""
        return max(len(self.a), len(self.b))

    def __call__(self, sample: int) -> UnpairedPictures:
        """Return number `sample` of the endless sequence."""
        sample = int(sample)
        return UnpairedPictures(
            self._cut(self.a, 0, sample), self._cut(self.b, 1, sample)
        )

    def _cut(self, pictures: DomainPictures, domain: int, sample: int) -> Array:
        picture = pictures[self._orders[domain](sample)]
        rng = np.random.default_rng((self.seed, _CUTS[domain], sample))
        size = Size(*picture.shape[:2])
        return as_unit(draw_cut(size, self.image_size, self.flip, rng)(picture))


def open_domains(recipe: CycleGANRecipe) -> DomainSampler:
    """Return the pictures of two domains that a recipe trains on.

    Raises:
        DataError: If pictures are missing or too small, or the first of a domain are
            not as `data` says.
    """
    data = recipe.data
    check_domain_sizes(data)
    keep = KEEP[data.cache]
    if keep is None:
        # Once for both, which share the memory.
        keep = fit_in_memory(
            (PictureFile(path), _side(domain, data, data.load_size))
            for domain in DOMAINS
            for path in list_pictures(getattr(data.train, domain))
        )
    a, b = (
        open_domain(domain, data.train, data, data.load_size, keep)
        for domain in DOMAINS
    )
    return DomainSampler(a, b, data.image_size, seed=recipe.seed, flip=data.flip)


def open_domain(
    domain: Domain,
    folders: DomainFolders,
    data: UnpairedData,
    square: int | None,
    keep: bool = False,
) -> DomainPictures:
    """Return the pictures of one folder; the first has been read.

    Args:
        domain: Which of the two.
        folders: `data.train` or `data.validation`.
        data: Says how they are read.
        square: Side of the squares that they are squeezed to; None: as they are.
        keep: Keep decoded pictures.

    Raises:
        DataError: If there are none, or the first does not suit.
    """
    folder: Path = getattr(folders, domain)
    paths = list_pictures(folder)
    pictures = DomainPictures(
        unique_names(paths, folder), paths, _side(domain, data, square), keep
    )
    pictures[0]
    return pictures


def check_domain_sizes(data: UnpairedData) -> None:
    """Look at the headers of all pictures that are trained on.

    Raises:
        DataError: If both domains are one folder, there are no pictures, or some are
            too small.
        ImageReadError: If a file is no picture.
    """
    folders = data.train
    if folders.a.resolve() == folders.b.resolve():
        raise DataError(
            f"data.train.a and data.train.b are the same folder, {folders.a}: nothing "
            "would be learnt. Name two folders"
        )
    for folder in (folders.a, folders.b):
        sizes = {path: size_of(PictureFile(path)) for path in list_pictures(folder)}
        check_smallest(
            {f"{path.name} ({size})": size for path, size in sizes.items()},
            1 if data.load_size else data.image_size,
            f"pictures in {folder}",
        )


def domain_dtype(recipe: CycleGANRecipe, domain: Domain) -> DtypeName:
    """Return what pictures of a domain are read as: the depth of the first one's file.

    Raises:
        DataError: If there are none, or the first does not suit.
    """
    data = recipe.data
    return dtype_of(open_domain(domain, data.train, data, None)[0])


def _side(domain: Domain, data: UnpairedData, square: int | None) -> Side:
    return Side.of(getattr(data, domain), f"data.{domain}", square)
