"""Sizes of pictures and pairs, told by the headers of files."""

from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from imgan.data.pairs import file_name
from imgan.data.pixels import readable_size
from imgan.data.translation.records import PictureFile
from imgan.data.translation.records import TranslationFiles
from imgan.data.translation.records import shown
from imgan.errors import DataError
from imgan.types import Size

_MOST_SIZES = 3  # wrong ones that a message shows


def check_pair_sizes(pairs: Sequence[TranslationFiles], smallest: int = 1) -> None:
    """Look at the headers of all pictures.

    Args:
        pairs: As listed.
        smallest: Shortest side that is trained on, pixels.

    Raises:
        DataError: Names files of odd width that have two halves, pairs whose pictures
            are not of one size, and pictures that are too small.
        ImageReadError: If a file is no picture.
    """
    sizes = _read_sizes(picture for pair in pairs for picture in _pictures(pair))
    halved = {p.path for pair in pairs for p in _pictures(pair) if p.half != "whole"}
    odd = [
        f"{path.name} ({sizes[path]})"
        for path in sorted(halved)
        if sizes[path].width % 2
    ]
    if odd:
        raise DataError(
            f"{len(odd)} of {len(halved)} pictures in {pairs[0].target.path.parent} "
            "have no halves, as their width is odd: "
            f"{shown(odd, _MOST_SIZES)}. Their left half must be A and their right "
            "half B; make them again, or remove them."
        )
    unlike = [
        " and ".join(f"{file_name(p.path)} {sizes[p.path]}" for p in _pictures(pair))
        for pair in pairs
        if len({sizes[picture.path] for picture in _pictures(pair)}) > 1
    ]
    if unlike:
        raise DataError(
            f"{len(unlike)} of {len(pairs)} pairs have pictures of different sizes: "
            f"{shown(unlike, _MOST_SIZES, '; ')}. What belongs together must lie at "
            "the same place: make them again, or remove them."
        )
    check_smallest(
        {f"{pair.name} ({size})": size for pair, size in _sizes(pairs, sizes)},
        smallest,
        "pairs",
    )


def check_smallest(sizes: dict[str, Size], smallest: int, what: str) -> None:
    """Compare sizes with `data.image_size`.

    Args:
        sizes: By the names that a message shows.
        smallest: Shortest side that is trained on, pixels.
        what: The pictures of which these are sizes, in the plural.

    Raises:
        DataError: Names those that are too small.
    """
    small = [name for name, size in sizes.items() if min(size) < smallest]
    if small:
        raise DataError(
            f"{len(small)} of {len(sizes)} {what} are smaller than data.image_size="
            f"{smallest}: {shown(small, _MOST_SIZES)}. Remove them, train with a "
            "smaller data.image_size, or set data.load_size, which enlarges them."
        )


def size_of(picture: PictureFile) -> Size:
    """Return the size of a picture from its file's header.

    Raises:
        ImageReadError: If the file is no picture.
    """
    return _half_size(picture, readable_size(picture.path))


def _pictures(pair: TranslationFiles) -> tuple[PictureFile, ...]:
    return (*pair.source, pair.target)


def _read_sizes(pictures: Iterable[PictureFile]) -> dict[Path, Size]:
    sizes: dict[Path, Size] = {}
    for picture in pictures:
        if picture.path not in sizes:
            sizes[picture.path] = readable_size(picture.path)
    return sizes


def _half_size(picture: PictureFile, size: Size) -> Size:
    return size if picture.half == "whole" else Size(size.height, size.width // 2)


def _sizes(
    pairs: Sequence[TranslationFiles], sizes: dict[Path, Size]
) -> list[tuple[TranslationFiles, Size]]:
    return [(pair, _half_size(pair.target, sizes[pair.target.path])) for pair in pairs]
