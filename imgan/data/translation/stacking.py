"""Several pictures as one: channel after channel, in their order."""

from collections.abc import Sequence

import numpy as np

from imgan.data.pixels import as_unit
from imgan.errors import DataError
from imgan.types import Array
from imgan.types import Size


def stack(pictures: Sequence[Array]) -> Array:
    """Return pictures on top of each other, as networks of `num_frames` take them.

    Args:
        pictures: Each `(height, width, channels)` or, grey, `(height, width)`; uint8,
            uint16, or float32 in `[0, 1]`. The first comes first.

    Returns:
        `(height, width, channels of all)` in the dtype of the pictures, and float32 in
        `[0, 1]` if they have several.

    Raises:
        DataError: If they are not of one size.
    """
    sizes = {Size(*picture.shape[:2]) for picture in pictures}
    if len(sizes) != 1:
        raise DataError(
            "Pictures that are stacked must be of one size. Received: "
            + ", ".join(str(Size(*picture.shape[:2])) for picture in pictures)
        )
    deep = [p[..., np.newaxis] if p.ndim == 2 else p for p in pictures]
    if len({picture.dtype for picture in deep}) > 1:
        deep = [as_unit(picture) for picture in deep]
    return deep[0] if len(deep) == 1 else np.concatenate(deep, axis=2)
