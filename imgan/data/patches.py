"""Training patches as a pure function of (seed, number of the sample).

Nothing is remembered between samples, so a run resumed at step 12,345 sees exactly what
an undisturbed run would have seen. Plain numpy: also feeds backends without tf.data.
"""

from typing import NamedTuple

import numpy as np

from imgan.data.sources import ImagePair
from imgan.data.sources import PairStore
from imgan.types import Array


class Patch(NamedTuple):
    """Twins cut at the same place, uint8 RGB."""

    lr: Array
    hr: Array


class PatchSampler:
    """Cuts patches where there is detail.

    Smooth sky teaches nothing, and large pictures are mostly smooth: several positions
    are drawn and one is kept with a probability proportional to its local contrast.

    Args:
        store: Decoded pairs.
        hr_patch_size: Side of a high-resolution patch, a multiple of the scale.
        seed: Of everything random here.
        candidates: Positions drawn for each patch.
        augment: Apply one of the eight symmetries of the square.

    Raises:
        DataError: If a picture is smaller than a patch.
    """

    def __init__(
        self,
        store: PairStore,
        hr_patch_size: int,
        *,
        seed: int,
        candidates: int = 6,
        augment: bool = True,
    ) -> None:
        store.check_at_least(hr_patch_size)
        self.store = store
        self.size = hr_patch_size // store.scale
        self.seed = seed
        self.candidates = candidates
        self.augment = augment
        self._order: tuple[int, Array] = (-1, np.empty(0, np.int64))

    def __call__(self, sample: int) -> Patch:
        """Return patch number `sample` of the endless sequence."""
        epoch, position = divmod(int(sample), len(self.store))
        index = int(self._permutation(epoch)[position])
        rng = np.random.default_rng((self.seed, 1, int(sample)))
        pair = self.store[index]
        patch = self._cut(pair, *self._choose(pair, rng))
        return _turn(patch, int(rng.integers(8))) if self.augment else patch

    def _permutation(self, epoch: int) -> Array:
        # A tuple is replaced at once, so threads see a whole one; at worst two of them
        # compute the same permutation.
        known, order = self._order
        if known != epoch:
            order = np.random.default_rng((self.seed, 0, epoch)).permutation(
                len(self.store)
            )
            self._order = (epoch, order)
        return order

    def _choose(self, pair: ImagePair, rng: np.random.Generator) -> tuple[int, int]:
        rows, columns = (side - self.size + 1 for side in pair.lr.shape[:2])
        tops = rng.integers(rows, size=self.candidates)
        lefts = rng.integers(columns, size=self.candidates)
        bottoms, rights = tops + self.size, lefts + self.size
        total = pair.detail
        detail = total[bottoms, rights] - total[tops, rights]
        detail += total[tops, lefts] - total[bottoms, lefts]
        # The floor keeps a flat picture from dividing by zero.
        weights = np.maximum(detail, 0) + 1e-3 * self.size**2
        chosen = rng.choice(self.candidates, p=weights / weights.sum())
        return int(tops[chosen]), int(lefts[chosen])

    def _cut(self, pair: ImagePair, top: int, left: int) -> Patch:
        scale, size = self.store.scale, self.size
        rows = slice(top * scale, (top + size) * scale)
        columns = slice(left * scale, (left + size) * scale)
        return Patch(
            pair.lr[top : top + size, left : left + size], pair.hr[rows, columns]
        )


def _turn(patch: Patch, symmetry: int) -> Patch:
    """Apply one of the eight symmetries to both twins alike."""
    turned = (np.rot90(image, symmetry % 4) for image in patch)
    if symmetry >= 4:
        turned = (image[:, ::-1] for image in turned)
    return Patch(*(np.ascontiguousarray(image) for image in turned))
