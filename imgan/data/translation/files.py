"""Which files make which pair; whatever is wrong with them is found by headers."""

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imgan.config.translation import PairedData
from imgan.config.translation import PairSource
from imgan.data.pairs import file_name
from imgan.data.pairs import list_pictures
from imgan.data.pairs import match_names
from imgan.data.translation.manifest import read_manifest
from imgan.errors import DataError
from imgan.io.images import read_size
from imgan.io.paths import natural_key
from imgan.types import Size

_MOST_NAMES = 10
_MOST_SIZES = 3  # wrong ones that a message shows

Half = Literal["whole", "left", "right"]


@dataclass(frozen=True)
class PictureFile:
    """A picture: a file, or one half of it."""

    path: Path
    half: Half = "whole"


@dataclass(frozen=True)
class TranslationFiles:
    """What one pair is read from.

    Attributes:
        name: Of the pair; no other of the set has the same.
        source: Pictures that are stacked as the source, in their order; empty where it
            is made of the target.
        target: The truth.
    """

    name: str
    source: tuple[PictureFile, ...]
    target: PictureFile


def list_translation_pairs(
    source: PairSource, data: PairedData, *, held_out: bool = False
) -> tuple[TranslationFiles, ...]:
    """List the pairs of one part of a recipe, and look at all headers.

    Args:
        source: `data.train` or `data.validation`.
        data: Says what is made of it.
        held_out: Whether pictures are looked at whole, so that any size will do.

    Raises:
        DataError: If there are no pairs, or some without a partner, of two sizes, that
            cannot be halved, or too small to be trained on.
        ImageReadError: If a file is no picture.
    """
    pairs = find_pairs(source, data)
    cut_out = data.load_size is None and not held_out
    check_pair_sizes(pairs, smallest=data.image_size if cut_out else 1)
    return pairs


def find_pairs(source: PairSource, data: PairedData) -> tuple[TranslationFiles, ...]:
    """List the pairs of one part of a recipe by names alone.

    Raises:
        DataError: If there are none, or some without a partner.
    """
    if source.frames is not None:
        return _follow_frames(source.frames, data.num_frames)
    if source.pictures is not None:
        listed = list_pictures(source.pictures)
        names = unique_names(listed, source.pictures)
        return tuple(
            TranslationFiles(name, (), PictureFile(path))
            for name, path in zip(names, listed, strict=True)
        )
    if source.combined is not None:
        listed = list_pictures(source.combined)
        sides = [(PictureFile(p, "left"), PictureFile(p, "right")) for p in listed]
        folder = source.combined
    elif source.manifest is not None:
        sides = [(PictureFile(a), PictureFile(b)) for a, b in read_manifest(source)]
        folder = source.manifest.parent
    else:
        sides = [(PictureFile(a), PictureFile(b)) for a, b in _match_folders(source)]
        folder = source.a or Path()
    names = unique_names([a.path for a, _ in sides], folder)
    forward = data.direction == "a_to_b"
    return tuple(
        TranslationFiles(name, (a if forward else b,), b if forward else a)
        for name, (a, b) in zip(names, sides, strict=True)
    )


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
    return _half_size(picture, read_size(picture.path))


def unique_names(paths: Sequence[Path], root: Path) -> list[str]:
    """Return a name for each file: its stem, or more where stems come twice."""
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [_below(path, root).replace("/", "_") for path in paths]
    taken: set[str] = set()
    for place, name in enumerate(names):
        # A file of several rows of a manifest, or `a.png` beside `a.jpg`.
        names[place] = name if name not in taken else f"{name}_{place + 1}"
        taken.add(name)
    return names


def shown(names: Sequence[str], most: int, separator: str = ", ") -> str:
    """Return the first names of a message, and how many more there are."""
    more = len(names) - most
    return separator.join(names[:most]) + (f" and {more} more" if more > 0 else "")


def match_folders(a: Path, b: Path) -> list[tuple[Path, Path]]:
    """Return the files of two folders that have one name, whatever their suffixes.

    Raises:
        DataError: If a folder is missing or empty, both are one, or pictures of either
            have no partner.
    """
    if a.resolve() == b.resolve():
        raise DataError(
            f"a and b are the same folder, {a.absolute()}: nothing would be learnt. "
            "Name two folders"
        )
    pairs, a_alone, b_alone = match_names(list_pictures(a), list_pictures(b), [])
    if a_alone or b_alone:
        faults = [
            f"in {folder}, {len(paths)} without a partner: "
            + shown([path.name for path in paths], _MOST_NAMES)
            for paths, folder in ((a_alone, a), (b_alone, b))
            if paths
        ]
        raise DataError(
            f"Pictures do not pair up: {'; '.join(faults)}. Partners have the same "
            "name, except for the suffix. Rename or remove them, or list pairs in a "
            "manifest."
        )
    return pairs


def _match_folders(source: PairSource) -> list[tuple[Path, Path]]:
    if source.a is None or source.b is None:
        raise ValueError(f"source must name a and b. Received: {source!r}")
    return match_folders(source.a, source.b)


def _follow_frames(folder: Path, num_frames: int) -> tuple[TranslationFiles, ...]:
    listed = sorted(
        list_pictures(folder), key=lambda path: (natural_key(Path(path.name)), path)
    )
    if len(listed) <= num_frames:
        raise DataError(
            f"{folder.absolute()} holds {len(listed)} pictures; expected more than "
            f"data.num_frames={num_frames}, which are followed by the one to predict."
        )
    frames = [PictureFile(path) for path in listed]
    names = unique_names(listed, folder)
    return tuple(
        TranslationFiles(
            names[place], tuple(frames[place - num_frames : place]), frames[place]
        )
        for place in range(num_frames, len(frames))
    )


def _pictures(pair: TranslationFiles) -> tuple[PictureFile, ...]:
    return (*pair.source, pair.target)


def _read_sizes(pictures: Iterable[PictureFile]) -> dict[Path, Size]:
    sizes: dict[Path, Size] = {}
    for picture in pictures:
        if picture.path not in sizes:
            sizes[picture.path] = read_size(picture.path)
    return sizes


def _half_size(picture: PictureFile, size: Size) -> Size:
    return size if picture.half == "whole" else Size(size.height, size.width // 2)


def _sizes(
    pairs: Sequence[TranslationFiles], sizes: dict[Path, Size]
) -> list[tuple[TranslationFiles, Size]]:
    return [(pair, _half_size(pair.target, sizes[pair.target.path])) for pair in pairs]


def _below(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).with_suffix("").as_posix()
    except ValueError:
        return f"{path.parent.name}/{path.stem}"
