"""Pair folders with a known number of faults of each kind."""

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import skimage.data

from imgan.data.resize import resize_bicubic
from imgan.types import Array

Degrade = Callable[[Array, int], Array]
"""From a high-resolution picture and the number of the pair to the low one."""

FAULTS = {"unpaired": 12, "swapped": 3, "wrong_size": 2, "misregistered": 1, "leak": 4}


class FaultyPairs(NamedTuple):
    """Folders, and the name of the picture that each fault is in."""

    train: Path
    validation: Path
    faults: dict[str, set[str]]


def crops(count: int, side: int, seed: int = 0) -> list[Array]:
    """Cut squares out of photographs, none of which overlap."""
    names = ("astronaut", "coffee", "chelsea", "rocket", "hubble_deep_field", "retina")
    found = []
    for name in names:
        photo = getattr(skimage.data, name)()
        for top in range(0, photo.shape[0] - side + 1, side):
            for left in range(0, photo.shape[1] - side + 1, side):
                crop = photo[top : top + side, left : left + side]
                if crop.std() > 12:
                    found.append(np.ascontiguousarray(crop))
    order = np.random.default_rng(seed).permutation(len(found))
    return [found[place] for place in order[:count]]


def bicubic(hr: Array, number: int, scale: int = 4) -> Array:
    """Reduce and do nothing else."""
    return resize_bicubic(hr, 1 / scale)


def camera(hr: Array, number: int, scale: int = 4) -> Array:
    """Blur by 1.2 pixels, reduce, add noise of 5 levels, compress as JPEG 40."""
    small = resize_bicubic(cv2.GaussianBlur(hr, (0, 0), 1.2), 1 / scale)
    noise = np.random.default_rng(number).normal(0, 5, small.shape)
    noisy = np.clip(small + noise, 0, 255).round().astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def make_faulty_pairs(
    root: Path,
    pictures: Sequence[Array],
    degrade: Degrade,
    *,
    held_out: int = 8,
    shift: int = 3,
    seed: int = 0,
) -> FaultyPairs:
    """Write `train` and `validation`, each with HR and LR, and `FAULTS`.

    Args:
        root: Folder to write into.
        pictures: RGB, at least 22 and `held_out` of them.
        degrade: Makes low resolution.
        held_out: Pictures for validation.
        shift: Of one picture, high-resolution pixels to the right.
        seed: Of the choice of pictures.
    """
    train = {f"t{place:03}": hr for place, hr in enumerate(pictures[held_out:])}
    validation = {f"v{place:03}": hr for place, hr in enumerate(pictures[:held_out])}
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(sorted(train))]
    renamed, swapped = names[:12], names[12:15]
    resized, shifted, copied = names[15:17], names[17], names[18:22]
    leaked = sorted(validation)[:4]
    validation |= dict(zip(leaked, (train[name] for name in copied), strict=True))
    lows = {name: degrade(hr, place) for place, (name, hr) in enumerate(train.items())}
    moved = cv2.copyMakeBorder(train[shifted], 0, 0, shift, 0, cv2.BORDER_REFLECT_101)
    lows[shifted] = degrade(np.ascontiguousarray(moved[:, :-shift]), 900)
    cycle = [lows[name] for name in swapped]
    lows |= dict(zip(swapped, [*cycle[1:], cycle[0]], strict=True))
    for name in resized:
        lows[name] = cv2.resize(lows[name], None, fx=0.75, fy=0.75)
    _write(root / "train" / "HR", train)
    wrong = dict(zip(renamed, rng.permutation(9000)[:12] + 1000, strict=True))
    renamed_lows = {f"img{wrong[k]}" if k in wrong else k: lows[k] for k in lows}
    _write(root / "train" / "LR", renamed_lows)
    _write(root / "validation" / "HR", validation)
    few = {k: degrade(hr, 500 + i) for i, (k, hr) in enumerate(validation.items())}
    _write(root / "validation" / "LR", few)
    faults = {
        "unpaired": set(renamed),
        "swapped": set(swapped),
        "wrong_size": set(resized),
        "misregistered": {shifted},
        "leak": set(leaked),
    }
    return FaultyPairs(root / "train", root / "validation", faults)


def _write(folder: Path, pictures: dict[str, Array]) -> None:
    folder.mkdir(parents=True)
    for name, image in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), image[..., ::-1])
