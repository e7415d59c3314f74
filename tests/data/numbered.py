"""Small pictures that tell which one they are."""

from pathlib import Path

import numpy as np
import skimage.data

from imgan.data.images import ImageStore
from imgan.data.images import open_images
from imgan.types import Array

COUNT = 10


def numbered(dtype: str = "uint8") -> Array:
    """Pieces of a photograph whose corner tells which one it is."""
    photo = skimage.data.astronaut()
    images = np.stack([photo[40 * n : 40 * n + 8, 200:208] for n in range(COUNT)])
    images[:, 0, 0, 0] = np.arange(COUNT)
    images[:, 0, -1, 0] = np.arange(COUNT)
    return images.astype(dtype)


def numbered_store(folder: Path) -> ImageStore:
    """Return them with one of three labels each, from a file in a folder."""
    np.savez(folder / "a.npz", images=numbered(), labels=np.arange(COUNT) % 3)
    return open_images(str(folder / "a.npz"), image_size=8, channels=3)
