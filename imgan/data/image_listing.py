"""Folders of pictures, and folders of class folders, told apart by looking."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.data.pairs import list_pictures
from imgan.errors import DataError
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.types import Array


@dataclass(frozen=True)
class ImageListing:
    """Files of pictures, with their labels if they lie in class folders.

    Attributes:
        paths: One file for each picture.
        labels: `(pictures,)` int32, or None for a flat folder.
        label_names: Names of the class folders in the order of the labels, or None.
    """

    paths: tuple[Path, ...]
    labels: Array | None = None
    label_names: tuple[str, ...] | None = None


def list_images(folder: Path) -> ImageListing:
    """List the pictures of a folder, or those of its class folders, by name.

    Folders whose name starts with a dot are no classes.

    Raises:
        DataError: If there are no pictures, none in one of the class folders, or some
            beside class folders.
    """
    if not folder.is_dir():
        return ImageListing(tuple(list_pictures(folder)))
    classes = sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )
    filled = [path for path in classes if _first_picture(path)]
    beside = _first_picture(folder)
    if not filled:
        return ImageListing(tuple(list_pictures(folder)))
    if beside is not None:
        raise DataError(
            f"{folder.absolute()} holds pictures ({beside.name}) and also folders of "
            f"pictures ({filled[0].name}). Give either pictures or class folders."
        )
    for path in classes:
        if path not in filled:
            raise DataError(
                f"{path.absolute()} is a class folder without pictures. Add some or "
                "remove it."
            )
    groups = [list_pictures(path) for path in classes]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return ImageListing(
        tuple(path for group in groups for path in group),
        labels.astype(np.int32),
        tuple(path.name for path in classes),
    )


def _first_picture(folder: Path) -> Path | None:
    """Return the first picture by name, so that messages do not vary."""
    return min(
        (
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
        ),
        default=None,
    )
