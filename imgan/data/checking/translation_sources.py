"""From recipes and folders of translation to the sets that are checked."""

from collections.abc import Sequence
from pathlib import Path

from imgan.config import Recipe
from imgan.config.cyclegan import CycleGANRecipe
from imgan.config.pix2pix import Pix2PixRecipe
from imgan.config.translation import DomainFolders
from imgan.config.translation import PairedData
from imgan.config.translation import PairSource
from imgan.config.translation import UnpairedData
from imgan.data.checking.findings import Finding
from imgan.data.checking.folders import find_parts
from imgan.data.checking.translation_sets import Item
from imgan.data.checking.translation_sets import SideRules
from imgan.data.checking.translation_sets import TranslationSet
from imgan.data.pairs import list_pictures
from imgan.data.pairs import match_names
from imgan.data.translation.files import find_pairs
from imgan.data.translation.manifest import is_file
from imgan.data.translation.manifest import read_manifest
from imgan.data.translation.manifest import read_rows
from imgan.data.translation.records import PictureFile
from imgan.errors import DataError
from imgan.errors import UsageError

_SIDES = (("a", "b"), ("source", "target"), ("input", "target"))
_ANY = (SideRules("A", is_target=False), SideRules("B"))


def open_translation(recipe: Recipe) -> list[TranslationSet] | None:
    """Return the sets of a recipe of translation; None for other recipes.

    Raises:
        DataError: If a folder or a manifest cannot be listed at all.
    """
    if isinstance(recipe, Pix2PixRecipe):
        paired = recipe.data
        parts = (("train", paired.train), ("validation", paired.validation))
        return [_paired(name, part, paired) for name, part in parts if part]
    if isinstance(recipe, CycleGANRecipe):
        data = recipe.data
        sets = [_unpaired("train", data.train, data)]
        if data.validation is not None:
            sets.append(_unpaired("validation", data.validation, data))
        return sets
    return None


def open_pair_folders(folders: Sequence[Path]) -> list[TranslationSet]:
    """Return the sets of two folders, or of one that holds them.

    Args:
        folders: Folders A and B; or one with A and B inside, or source and target; or
            one with train and validation inside, each like the former.

    Raises:
        UsageError: If there are more.
        DataError: If a folder is missing or holds no pictures.
    """
    if len(folders) == 2:
        return [TranslationSet("pictures", _match(folders[0], folders[1]), _ANY)]
    if len(folders) != 1:
        raise UsageError(
            "--pairs takes two folders, A and B, or one with A and B inside. Received "
            f"{len(folders)} folders"
        )
    return [
        TranslationSet(name, _match(*_two_inside(part)), _ANY)
        for name, part in find_parts(folders[0])
    ]


def open_combined_folders(folders: Sequence[Path]) -> list[TranslationSet]:
    """Return the sets of a folder of A|B pictures.

    Args:
        folders: One; train and validation may be inside.

    Raises:
        UsageError: If there are more.
        DataError: If a folder is missing or holds no pictures.
    """
    if len(folders) != 1:
        raise UsageError(
            f"--combined takes one folder of A|B pictures. Received {len(folders)}"
        )
    return [
        TranslationSet(name, _halves(part), _ANY)
        for name, part in find_parts(folders[0])
    ]


def _two_inside(folder: Path) -> tuple[Path, Path]:
    inside = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    for a, b in _SIDES:
        if a in inside and b in inside:
            return inside[a], inside[b]
    raise DataError(
        f"{folder.absolute()} has no folders A and B inside. Give two folders"
    )


def _paired(name: str, source: PairSource, data: PairedData) -> TranslationSet:
    forward = data.direction == "a_to_b"
    rules = (
        SideRules("A" if forward else "B", data.source, "data.source", False),
        SideRules("B" if forward else "A", data.target, "data.target", True),
    )
    items, findings = _list(source, data)
    return TranslationSet(
        name,
        tuple(items),
        rules if forward else rules[::-1],
        paired=not (source.frames or source.pictures),
        film=source.frames is not None,
        smallest=data.image_size if name == "train" and not data.load_size else 1,
        findings=tuple(findings),
    )


def _list(
    source: PairSource, data: PairedData
) -> tuple[Sequence[Item], Sequence[Finding]]:
    if source.combined is not None:
        return _halves(source.combined), ()
    if source.a is not None and source.b is not None:
        return _match(source.a, source.b), ()
    if source.manifest is not None:
        return _rows(source, source.manifest)
    if source.frames is not None:
        find_pairs(source, data)  # are there enough?
        return _targets(source.frames), ()
    return _targets(source.pictures or Path()), ()


def _unpaired(name: str, folders: DomainFolders, data: UnpairedData) -> TranslationSet:
    paired = name == "validation" and data.validation_pairs
    a, b = list_pictures(folders.a), list_pictures(folders.b)
    alone: list[Item] = [(PictureFile(path), None) for path in a]
    alone += [(None, PictureFile(path)) for path in b]
    return TranslationSet(
        name,
        _match(folders.a, folders.b) if paired else tuple(alone),
        (SideRules("A", data.a, "data.a"), SideRules("B", data.b, "data.b")),
        paired=paired,
        smallest=data.image_size if name == "train" and not data.load_size else 1,
    )


def _match(a: Path, b: Path) -> tuple[Item, ...]:
    if a.resolve() == b.resolve():
        raise DataError(f"A and B are the same folder, {a.absolute()}. Name two")
    pairs, a_alone, b_alone = match_names(list_pictures(a), list_pictures(b), [])
    items: list[Item] = [(PictureFile(one), PictureFile(two)) for one, two in pairs]
    items += [(PictureFile(path), None) for path in a_alone]
    items += [(None, PictureFile(path)) for path in b_alone]
    return tuple(items)


def _halves(folder: Path) -> tuple[Item, ...]:
    return tuple(
        (PictureFile(path, "left"), PictureFile(path, "right"))
        for path in list_pictures(folder)
    )


def _targets(folder: Path) -> tuple[Item, ...]:
    return tuple((None, PictureFile(path)) for path in list_pictures(folder))


def _rows(source: PairSource, path: Path) -> tuple[list[Item], list[Finding]]:
    """Return the rows of a manifest that are whole, and findings about the others."""
    try:
        listed = read_manifest(source)
    except DataError as error:
        return _faulty_rows(path, error)
    return [(PictureFile(a), PictureFile(b)) for a, b in listed], []


def _faulty_rows(path: Path, error: DataError) -> tuple[list[Item], list[Finding]]:
    try:
        rows = read_rows(path)
    except DataError:
        raise error from None
    items: dict[Item, int] = {}
    findings = []
    for line, row in rows:
        a, b = (path.parent / name if name else None for name in row)
        gone = [str(file) for file in (a, b) if file and not is_file(file)]
        item = (PictureFile(a), PictureFile(b)) if a and b else None
        if a is None or b is None:
            message = f"line {line} names no {'A' if a is None else 'B'}"
            findings.append(Finding("missing", (path,), message))
        elif gone:
            message = f"line {line} names {' and '.join(gone)}, which is not there"
            findings.append(Finding("missing", (path,), message))
        elif item in items:
            message = f"line {line} repeats line {items[item]}"
            findings.append(Finding("duplicate", (path,), message))
        elif item is not None:
            items[item] = line
    if not findings:
        raise error
    return list(items), findings
