"""The pairs that a translation model is scored on, as its card and its recipe say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from imgan.bundles.card import Card
from imgan.bundles.kinds import frame_channels
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.bundles.trained import label_sides
from imgan.bundles.trained import trained_direction
from imgan.config.translation import DIRECTIONS
from imgan.config.translation import Direction
from imgan.config.translation import PairedData
from imgan.config.translation import PairSource
from imgan.data.translation.files import list_translation_pairs
from imgan.data.translation.held_out import HeldOut
from imgan.data.translation.pairs import paired_reader
from imgan.errors import CheckpointError
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.io.bands import read_bands
from imgan.types import Array
from imgan.types import dtype_peak


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs, and how they were found and read.

    Attributes:
        pairs: Whole pairs by index.
        form: `folders`, `manifest`, `combined`, `frames` or `pictures`, of which the
            sources are made.
        direction: Which side is the source; None where there are no sides.
        square: Side in pixels of the squares that pictures were squeezed to; None: they
            have the size of their files.
    """

    pairs: HeldOut
    form: str
    direction: Direction | None
    square: int | None


def open_scored_pairs(
    card: Card,
    truth: Path,
    source_dir: Path | None = None,
    direction: str | None = None,
    *,
    full_size: bool = False,
) -> ScoredPairs:
    """Return the pairs of a truth that the user names.

    Args:
        card: Of a translation model.
        truth: Folder of targets beside `source_dir`; without that a folder of combined
            pictures, a CSV manifest, a folder of frames or one of targets, whichever
            the model was trained on.
        source_dir: Folder of sources, named like the targets.
        direction: Of combined pictures and manifests; that of the training if None.
        full_size: Leave pictures as they are where the training squeezed them.

    Raises:
        UsageError: If there is no such direction, or the pairs have none, or a model
            of several frames is given other pairs.
        DataError: If pictures are missing, mispaired, of two sizes, or not as the model
            takes them.
        CheckpointError: If the recipe in the card is damaged.
    """
    recipe = card.recipe or {}
    data = recipe.get("data") or {}
    form = _form(card, truth, source_dir, data.get("train") or {})
    used = _direction(form, direction, trained_direction(card))
    described = _describe(card, data, form, truth, source_dir, used)
    files = list_translation_pairs(described.train, described, held_out=True)
    square = None
    if described.load_size is not None and not full_size:
        square = described.image_size
    reader = paired_reader(files, described, square, keep=None)
    seed = recipe.get("seed")
    pairs = HeldOut(reader, seed if isinstance(seed, int) else 0)
    return ScoredPairs(pairs, form, used, square)


def source_values(card: Card, pairs: HeldOut, index: int, source: Array) -> Array:
    """Return a source in the values of its file, as `imgan translate` would read it.

    Args:
        card: Of a translation model.
        pairs: As opened.
        index: Of the pair.
        source: Of that pair, `(height, width, channels)`.

    Raises:
        DataError: If the model cannot be given such a picture.
        ImageReadError: If the file cannot be read.
    """
    try:
        result_channels(card, source.shape[2])
    except ValueError as error:
        raise DataError(f"{pairs.reader.files[index].name}: {error}") from error
    if card.pixel_range is None:
        return source
    low, high = card.pixel_range
    values = source * np.float32(high - low) + np.float32(low)
    files = pairs.reader.files[index].source
    if result_dtype(card, "uint8") != "uint8" or not files:
        return values
    # The result has the depth of the source then, to which it is rounded.
    dtype = read_bands(files[0].path).dtype
    if dtype == np.float32:
        return values
    return np.clip(np.rint(values), 0, dtype_peak(dtype)).astype(dtype)


def _form(
    card: Card, truth: Path, source_dir: Path | None, trained: dict[str, Any]
) -> str:
    form = next((key for key in ("frames", "pictures") if trained.get(key)), "combined")
    if source_dir is not None:
        form = "folders"
    elif truth.suffix.lower() == ".csv" and not truth.is_dir():
        form = "manifest"
    elif card.num_frames > 1:
        form = "frames"
    if card.num_frames > 1 and form != "frames":
        raise UsageError(
            f"Model {card.name!r} takes {card.num_frames} frames in a row. Name a "
            "folder of frames as TRUTH, no manifest, and leave out --source-dir"
        )
    return form


def _direction(form: str, wanted: str | None, trained: Direction) -> Direction | None:
    if form not in ("combined", "manifest"):
        if wanted is not None:
            raise UsageError(
                "--direction is for combined pictures and manifests; here it is clear "
                "which is the source. Leave it out"
            )
        return None
    asked = wanted or trained
    found = next((one for one in DIRECTIONS if one == asked), None)
    if found is None:
        raise UsageError(
            f"--direction must be one of {', '.join(DIRECTIONS)}. Received: {asked}"
        )
    return found


def _describe(
    card: Card,
    data: dict[str, Any],
    form: str,
    truth: Path,
    source_dir: Path | None,
    direction: Direction | None,
) -> PairedData:
    """Return the data section of a recipe that would be trained on these pairs."""
    source: dict[str, Any] = {form: truth}
    if form == "folders":
        source = {"a": source_dir, "b": truth}
    of_source, of_target = label_sides(card)
    made = ("make", "degradation") if form == "pictures" else ()
    frames = {"num_frames": card.num_frames} if form == "frames" else {}
    try:
        return PairedData.model_validate(
            {
                "train": PairSource(**source),
                "direction": direction or "a_to_b",
                "source": {
                    "channels": frame_channels(card),
                    "value_range": card.pixel_range,
                    "labels": of_source,
                },
                "target": {
                    "channels": card.output_channels,
                    "value_range": card.output_pixel_range,
                    "labels": of_target,
                },
                "load_size": data.get("load_size"),
                "image_size": data.get("image_size") or 256,
                **{key: data.get(key) for key in made},
                **frames,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise CheckpointError(
            f"The recipe in the card of {card.name!r} cannot be used to read pairs: "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from error
