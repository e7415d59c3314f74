"""Pictures in arrays: `.npz` files, and the digits of scikit-learn."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgan.errors import DataError
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.types import Array

SKLEARN_PREFIX = "sklearn:"

# Names of this project, then those of Keras' data sets.
_KEYS = (("images", "labels"), ("x_train", "y_train"))
_KNOWN_SETS = ("digits",)
_FLOAT_TOLERANCE = 1e-3
# What numpy and zipfile raise about damaged, encrypted or invented files.
_DAMAGE = (
    OSError,
    ValueError,
    MemoryError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class ImageArrays:
    """Pictures in memory.

    Attributes:
        name: What they come from.
        images: `(pictures, height, width[, 1 to 4])`, uint8, uint16 or float32 in
            `[0, 1]`.
        labels: `(pictures,)` int32 from 0 without gaps, or None.
        label_names: What stands for each label in the source, or None.
    """

    name: str
    images: Array
    labels: Array | None = None
    label_names: tuple[str, ...] | None = None


def read_npz(path: Path) -> ImageArrays:
    """Read `images` and `labels`, or Keras' `x_train` and `y_train`, of an `.npz` file.

    Raises:
        DataError: With one line, if the file is damaged or its arrays are no pictures.
    """
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise DataError(
                    f"{path} is truncated, damaged or not an .npz file, as numpy.savez "
                    "writes it"
                )
            file.seek(0)
            archive = np.load(file, allow_pickle=False)
            images_key, labels_key = _keys(path, list(archive))
            # What is no array in the file comes as bytes.
            images = np.asarray(archive[images_key])
            labels = np.asarray(archive[labels_key]) if labels_key else None
    except FileNotFoundError as error:
        raise DataError(f"{path.absolute()} does not exist") from error
    except _DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if "allow_pickle" in reason:
            reason = "it holds Python objects, which are never loaded"
        raise DataError(f"{path} cannot be read as an .npz file: {reason}") from error
    images = _checked_images(path, images_key, images)
    if labels is None:
        return ImageArrays(str(path), images)
    codes, names = _checked_labels(path, labels_key, labels, len(images))
    return ImageArrays(str(path), images, codes, names)


def load_sklearn(source: str) -> ImageArrays:
    """Load `sklearn:digits`: 1,797 handwritten digits, 8x8, labels 0 to 9.

    Raises:
        UsageError: If it is another set.
        MissingExtraError: If scikit-learn is not installed.
    """
    name = source.removeprefix(SKLEARN_PREFIX)
    if name not in _KNOWN_SETS:
        hint = did_you_mean(name, _KNOWN_SETS)
        raise UsageError(
            f"{source!r} is not a known set of pictures.{hint} Known: "
            + ", ".join(SKLEARN_PREFIX + known for known in _KNOWN_SETS)
        )
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError(f"data.train={source}", "test") from error
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)
    names = tuple(str(name) for name in digits.target_names)
    return ImageArrays(source, images, digits.target.astype(np.int32), names)


def _keys(path: Path, found: list[str]) -> tuple[str, str]:
    for images_key, labels_key in _KEYS:
        if images_key in found:
            return images_key, labels_key if labels_key in found else ""
    raise DataError(
        f"{path} has no array named images (or x_train, as Keras has it). Received: "
        f"{', '.join(found) or 'no arrays'}"
    )


def _checked_images(path: Path, key: str, images: Array) -> Array:
    grey_or_channels = images.ndim == 3 or images.ndim == 4 and images.shape[3] <= 4
    if not grey_or_channels or 0 in images.shape[1:]:
        raise DataError(
            f"{path}: {key} must have shape (pictures, height, width) or (pictures, "
            f"height, width, channels). Received: {images.shape}"
        )
    if not len(images):
        raise DataError(f"{path} holds no pictures: {key} has shape {images.shape}")
    if images.dtype in (np.uint8, np.uint16):
        return images
    found = str(images.dtype)
    if images.dtype.kind == "f":
        _check_finite(path, images)
    if images.dtype.kind in "iuf":
        low, high = float(images.min()), float(images.max())
        within = low >= -_FLOAT_TOLERANCE and high <= 1 + _FLOAT_TOLERANCE
        if images.dtype.kind == "f" and within:
            return np.clip(images.astype(np.float32), 0.0, 1.0)
        found += f" from {low:g} to {high:g}"
    raise DataError(
        f"{path}: {key} holds {found}; expected uint8, uint16, or floats from 0 to 1. "
        "Convert it first."
    )


def _check_finite(path: Path, images: Array) -> None:
    # One picture at a time: a mask of all of them would take as much memory again.
    for index, image in enumerate(images):
        if not np.isfinite(image).all():
            raise DataError(f"{path}[{index}] holds a value that is not finite")


def _checked_labels(
    path: Path, key: str, labels: Array, pictures: int
) -> tuple[Array, tuple[str, ...]]:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (pictures,):
        raise DataError(
            f"{path}: {key} must hold one label for each of the {pictures} pictures. "
            f"Received shape: {labels.shape}"
        )
    if labels.dtype.kind not in "iubUS":
        raise DataError(
            f"{path}: {key} must be integers or text. Received: {labels.dtype}"
        )
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    values, codes = np.unique(labels, return_inverse=True)
    return codes.astype(np.int32), tuple(str(value) for value in values)
