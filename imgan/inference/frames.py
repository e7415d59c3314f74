"""What a model reads of a picture: the file itself, and maybe those before it."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from imgan.bundles.card import Card
from imgan.bundles.kinds import frame_channels
from imgan.bundles.kinds import reads_bands
from imgan.bundles.trained import label_sides
from imgan.data.pixels import to_channels
from imgan.errors import DataError
from imgan.inference.pictures import read_model_bands
from imgan.io.bands import band_losses
from imgan.io.formats import PICTURE_SUFFIXES
from imgan.io.images import Picture
from imgan.io.images import bleed_colour
from imgan.io.images import read_image
from imgan.io.paths import natural_key
from imgan.io.temporaries import is_temporary
from imgan.types import Array


class FrameFolders:
    """The pictures of folders, each folder a sequence in natural order of its names.

    Args:
        num_frames: Frames that a network is given at once.
    """

    def __init__(self, num_frames: int) -> None:
        self._num_frames = num_frames
        self._listed: dict[Path, list[Path]] = {}

    def earlier(self, path: Path) -> tuple[Path, ...]:
        """Return the pictures before one in its own folder, inputs or not.

        Returns:
            `num_frames - 1` paths, oldest first; fewer for the first of a folder.

        Raises:
            DataError: If the folder cannot be listed.
        """
        if path.parent not in self._listed:
            self._listed[path.parent] = _list_frames(path.parent)
        frames = self._listed[path.parent]
        index = bisect_left(frames, _frame_key(path), key=_frame_key)
        return tuple(frames[max(0, index - self._num_frames + 1) : index])


class FrameReader:
    """Reads the pictures of a batch; keeps the last few, of which the next are made.

    Args:
        card: Of the model; None reads pictures of light.
        max_megapixels: Largest area accepted.
    """

    def __init__(self, card: Card | None, max_megapixels: float) -> None:
        self._card = card
        self._max_megapixels = max_megapixels
        self._kept: OrderedDict[Path, Picture] = OrderedDict()

    def read(self, path: Path, earlier: Sequence[Path]) -> tuple[Picture, Picture]:
        """Return a picture, and what the network is given in its place.

        Frames that are stacked have colours under their transparency, each by its own;
        what is left of that is the last one's.

        Args:
            path: Of the picture.
            earlier: The frames before it, oldest first. Where they are fewer than the
                model wants, the first frame stands for those that are missing.

        Raises:
            ImageReadError: If a file cannot be read as one picture.
            DataError: If a file has other bands than the model takes, or colours where
                it takes numbers of labels, or frames differ in size or depth.
        """
        picture = self._read(path)
        if self._card is None or self._card.num_frames == 1:
            return picture, picture
        # What belongs to training loads much that a single picture does not need.
        from imgan.data.translation.stacking import stack

        channels = frame_channels(self._card)
        frames = []
        for other in earlier:
            frame = self._read(other)
            _check_alike(path, picture, other, frame)
            frames.append(to_channels(_bled(frame), channels))
        frames.append(to_channels(_bled(picture), channels))
        frames = [frames[0]] * (self._card.num_frames - len(frames)) + frames
        return picture, replace(picture, pixels=stack(frames))

    def _read(self, path: Path) -> Picture:
        kept = self._kept.get(path)
        if kept is not None:
            return kept
        picture = self._decode(path)
        count = self._card.num_frames if self._card else 1
        if count > 1:
            self._kept[path] = picture
            while len(self._kept) > count:
                self._kept.popitem(last=False)
        return picture

    def _decode(self, path: Path) -> Picture:
        card = self._card
        if card is None or not reads_bands(card):
            picture = read_image(path, self._max_megapixels)
            if card and picture.pixels.ndim == 3:
                _check_labels(path, card)
            return picture
        pixels = read_model_bands(path, card, self._max_megapixels)
        return Picture(pixels, warnings=band_losses(path))


def _check_labels(path: Path, card: Card) -> None:
    """Refuse a coloured picture where the luma of colours would merge labels."""
    if frame_channels(card) == 1 and label_sides(card)[0]:
        raise DataError(
            f"{path} is in colour; model {card.name!r} takes maps of labels as grey "
            "pictures, and the luma of colours would merge them. Save the numbers of "
            "the labels as a grey picture"
        )


def _bled(picture: Picture) -> Array:
    if picture.alpha is None:
        return picture.pixels
    return bleed_colour(picture.pixels, picture.alpha)


def _list_frames(folder: Path) -> list[Path]:
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES
            and not path.name.startswith("._")
            and not is_temporary(path)
            and path.is_file()
        ]
    except OSError as error:
        raise DataError(
            f"Cannot list {folder}, where the frames before a picture are looked for: "
            f"{error.strerror}"
        ) from error
    return sorted(found, key=_frame_key)


def _frame_key(path: Path) -> tuple[object, str]:
    return natural_key(Path(path.name)), path.name


def _check_alike(path: Path, last: Picture, other: Path, frame: Picture) -> None:
    received = (last.size, last.pixels.dtype), (frame.size, frame.pixels.dtype)
    if received[0] != received[1]:
        (size, dtype), (other_size, other_dtype) = received
        raise DataError(
            f"{path} and the frame before it, {other.name}, must be of one size and "
            f"depth. Received: {size} {dtype} and {other_size} {other_dtype}. Put "
            "every sequence into a folder of its own"
        )
