"""From folders to sets of pictures: which holds what, and at which scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from imgan.data.checking.findings import CheckResult
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.pairs import list_pictures
from imgan.data.pairs import match_names
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.io.images import read_size

_TRAIN = ("train", "training")
_VALIDATION = ("validation", "valid", "val")
_SCALES = range(1, 17)
_MOST_SIZES = 200  # pairs whose headers are read to guess the scale


def open_folders(folders: Sequence[Path], scale: int | None = None) -> list[PictureSet]:
    """Return the sets that one or two folders hold.

    Args:
        folders: One folder of pictures; or one with `HR` and perhaps `LR` inside; or
            one with `train` and `validation` inside, each like the former two; or two
            folders of pictures, high and low resolution.
        scale: Ratio of high to low resolution; None: what most pairs have.

    Raises:
        UsageError: If there are more folders, or the low resolution comes first.
        DataError: If a folder is missing or holds no pictures.
    """
    if not 1 <= len(folders) <= 2:
        raise UsageError(
            "Expected a recipe, a folder of pictures, a folder with HR and LR inside, "
            "a folder with train and validation inside, or two folders: high and low "
            f"resolution. Received {len(folders)} folders."
        )
    if len(folders) == 2:
        return [_make_set("pictures", folders[0], folders[1], scale)]
    return [_open_set(name, part, scale) for name, part in find_parts(folders[0])]


def find_parts(folder: Path) -> list[tuple[str, Path]]:
    """Return `train` and `validation` inside of a folder, or `pictures`: it itself.

    Raises:
        DataError: If it is no folder.
    """
    if not folder.is_dir():
        list_pictures(folder)
    inside = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    train = _named(inside, _TRAIN)
    validation = _named(inside, _VALIDATION)
    if train is None or validation is None:
        return [("pictures", folder)]
    return [("train", train), ("validation", validation)]


def suggest_pairs(result: CheckResult, sets: Sequence[PictureSet]) -> CheckResult:
    """Add a remark where pairs of one size mostly show different things."""
    apart = result.counts.get("mismatched", 0) + result.counts.get("colors", 0)
    pairs = sum(len(one.lr or ()) for one in sets if one.scale == 1)
    if not pairs or 2 * apart < pairs:
        return result
    remark = "pairs of one size show different things: is this translation? Use --pairs"
    return replace(result, remarks=(*result.remarks, remark))


def _named(inside: dict[str, Path], names: Sequence[str]) -> Path | None:
    return next((inside[name] for name in names if name in inside), None)


def _open_set(name: str, folder: Path, scale: int | None) -> PictureSet:
    inside = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    if "hr" in inside:
        return _make_set(name, inside["hr"], inside.get("lr"), scale)
    if "lr" in inside:
        raise DataError(
            f"{folder.absolute()} has a folder LR, but none named HR. Give both "
            "folders, high resolution first."
        )
    return _make_set(name, folder, None, scale)


def _make_set(name: str, hr: Path, lr: Path | None, scale: int | None) -> PictureSet:
    hr_paths = tuple(list_pictures(hr))
    if lr is None:
        return PictureSet(name, hr_paths)
    lr_paths = tuple(list_pictures(lr))
    return PictureSet(
        name, hr_paths, lr_paths, scale or _guess_scale(hr_paths, lr_paths)
    )


def _guess_scale(hr_paths: Sequence[Path], lr_paths: Sequence[Path]) -> int:
    """Return the ratio that most pairs have; of median sizes where no names agree."""
    pairs = match_names(hr_paths, lr_paths, _SCALES).pairs[:_MOST_SIZES]
    ratios = Counter(
        round(high / low)
        for hr, lr in pairs
        if (high := _diagonal(hr)) and (low := _diagonal(lr))
    )
    if not ratios:
        sizes = [
            sorted(filter(None, map(_diagonal, paths[:_MOST_SIZES])))
            for paths in (hr_paths, lr_paths)
        ]
        if not all(sizes):
            return 1
        high, low = (values[len(values) // 2] for values in sizes)
        ratios[round(high / low)] = 1
    scale = ratios.most_common(1)[0][0]
    if scale < 1:
        raise UsageError(
            f"The pictures in {hr_paths[0].parent} are smaller than those in "
            f"{lr_paths[0].parent}. Give the high resolution first."
        )
    return scale


def _diagonal(path: Path) -> float:
    """Return a length that grows with the size; 0 where there is no telling."""
    try:
        height, width = read_size(path)
    except DataError:
        return 0.0
    return float((height**2 + width**2) ** 0.5)
