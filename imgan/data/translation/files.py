"""Which files make which pair; whatever is wrong with them is found by headers."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from imgan.config.translation import PairedData
from imgan.config.translation import PairSource
from imgan.data.pairs import list_pictures
from imgan.data.pairs import match_names
from imgan.data.translation.manifest import read_manifest
from imgan.data.translation.records import PictureFile
from imgan.data.translation.records import TranslationFiles
from imgan.data.translation.records import shown
from imgan.data.translation.sizes import check_pair_sizes
from imgan.errors import DataError
from imgan.io.paths import natural_key

_MOST_NAMES = 10


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


def unique_names(paths: Sequence[Path], root: Path) -> list[str]:
    """Return a name for each file: its stem, or more where stems come twice."""
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [_below(path, root).replace("/", "_") for path in paths]
    # A file of several rows of a manifest, or `a.png` beside `a.jpg`: the first keeps
    # its name, and others get none that a file has itself.
    taken, met = set(names), set()
    for place, name in enumerate(names):
        if name in met:
            numbered = (f"{name}_{number}" for number in count(2))
            names[place] = next(free for free in numbered if free not in taken)
        taken.add(names[place])
        met.add(name)
    return names


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


def _below(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).with_suffix("").as_posix()
    except ValueError:
        return f"{path.parent.name}/{path.stem}"
