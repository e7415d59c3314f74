"""Training patches as a pure function of (seed, number of the sample).

Nothing is remembered between samples, so a run resumed at step 12,345 sees exactly what
an undisturbed run would have seen. Plain numpy: also feeds backends without tf.data.
"""

import logging
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from imgan.config.degradation import DegradationConfig
from imgan.config.super_resolution import SuperResolutionRecipe
from imgan.data.degradations.chain import degrade
from imgan.data.degradations.operations import resize
from imgan.data.degradations.operations import unsharp_mask
from imgan.data.pair_store import KEEP
from imgan.data.pair_store import ImagePair
from imgan.data.pair_store import PairStore
from imgan.data.pair_store import Reduce
from imgan.data.pairs import PairPaths
from imgan.data.pairs import check_sizes
from imgan.data.pairs import list_pairs
from imgan.data.pairs import list_pictures
from imgan.data.pixels import PixelFormat
from imgan.data.pixels import as_unit
from imgan.data.resize import resize_bicubic
from imgan.types import Array
from imgan.types import Size

_log = logging.getLogger(__name__)

# Low-resolution pixels beside a patch that MATLAB's bicubic reduction looks at.
_REACH = 2

# What the random generators of a run are for, beside its seed.
_ORDER, _CUT, _DEGRADE, _HELD_OUT = range(4)


class Patch(NamedTuple):
    """Twins cut at the same place, `(height, width, channels)` float32 in `[0, 1]`."""

    lr: Array
    hr: Array
    target: Array | None = None
    """`hr` sharpened, where losses on content compare with that."""


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
        degradation: How the low-resolution patch is made from the other; None: both
            are cut from the store.
        usm: Sharpen a copy of the high-resolution patch as the target.
        anywhere: Cut at any pixel of the high resolution, not only where one of the low
            resolution begins, and reduce each patch by itself: by `degradation`, or by
            MATLAB's bicubic. JPEG originals have blocks whose borders would otherwise
            always lie at the same places of a patch, and a discriminator asks for them.

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
        degradation: DegradationConfig | None = None,
        usm: bool = False,
        anywhere: bool = False,
    ) -> None:
        store.check_at_least(hr_patch_size)
        self.store = store
        self.size = hr_patch_size // store.scale
        self.seed = seed
        self.candidates = candidates
        self.augment = augment
        self.degradation = degradation
        self.usm = usm
        self.anywhere = anywhere
        self._order: tuple[int, Array] = (-1, np.empty(0, np.int64))

    def __call__(self, sample: int) -> Patch:
        """Return patch number `sample` of the endless sequence."""
        sample = int(sample)
        epoch, position = divmod(sample, len(self.store))
        index = int(self._permutation(epoch)[position])
        rng = np.random.default_rng((self.seed, _CUT, sample))
        pair = self.store[index]
        place = self._choose(pair, rng)
        if self.anywhere:
            lr, hr = self._cut_anywhere(pair, *place, rng)
        else:
            lr, hr = self._cut(pair, *place)
        if self.augment:
            symmetry = int(rng.integers(8))
            lr, hr = _turn(lr, symmetry), _turn(hr, symmetry)
        hr = as_unit(hr)
        sharp = unsharp_mask(hr) if self.usm else None
        if self.degradation is not None:
            rng = np.random.default_rng((self.seed, _DEGRADE, sample))
            # Of the target, or the network would learn to sharpen as well.
            made_of = hr if sharp is None else sharp
            lr = degrade(made_of, self.degradation, self.store.scale, rng)
        return Patch(as_unit(lr), hr, sharp)

    def _permutation(self, epoch: int) -> Array:
        # A tuple is replaced at once, so threads see a whole one; at worst two of them
        # compute the same permutation.
        known, order = self._order
        if known != epoch:
            order = np.random.default_rng((self.seed, _ORDER, epoch)).permutation(
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

    def _cut(self, pair: ImagePair, top: int, left: int) -> tuple[Array, Array]:
        scale, size = self.store.scale, self.size
        rows = slice(top * scale, (top + size) * scale)
        columns = slice(left * scale, (left + size) * scale)
        return pair.lr[top : top + size, left : left + size], pair.hr[rows, columns]

    def _cut_anywhere(
        self, pair: ImagePair, top: int, left: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        scale, side = self.store.scale, self.size * self.store.scale
        spans, kept = [], []
        for start, length in zip((top, left), pair.hr.shape, strict=False):
            first = min(start * scale + int(rng.integers(scale)), length - side)
            # What the widened kernel sees beyond the patch, as far as there is any.
            before = min(_REACH, first // scale)
            after = min(_REACH, (length - first - side) // scale)
            spans.append(slice(first - before * scale, first + side + after * scale))
            kept.append(slice(before, before + self.size))
        around = pair.hr[tuple(spans)]
        inner = tuple(slice(k.start * scale, k.stop * scale) for k in kept)
        if self.degradation is not None:
            return around[inner], around[inner]
        return resize_bicubic(around, Fraction(1, scale))[tuple(kept)], around[inner]


def open_patches(recipe: SuperResolutionRecipe) -> PatchSampler:
    """Return the patches that a recipe trains on.

    Raises:
        DataError: If pictures are missing, unpaired or smaller than a patch, or values
            of the first are not as `data` says.
    """
    data = recipe.data
    pairs = list_pairs(data.train.hr, data.train.lr, recipe.scale)
    check_sizes(pairs, recipe.scale)
    store = PairStore(
        pairs,
        recipe.scale,
        KEEP[data.cache],
        pixel_format=_format_of(pairs, recipe),
        # Only tells where detail is: patches are degraded one by one.
        reduce=_by_area(recipe.scale) if data.degradation else None,
    )
    in_workers = data.degradation and data.degradation.where == "workers"
    return PatchSampler(
        store,
        data.hr_patch_size,
        seed=recipe.seed,
        candidates=data.detail_candidates,
        augment=data.augment,
        degradation=data.degradation if in_workers else None,
        usm=data.usm_targets,
        anywhere=bool(data.degradation) or data.reduce == "patch",
    )


def open_validation(recipe: SuperResolutionRecipe) -> PairStore | None:
    """Return the held-out pairs of a recipe; None if it names none.

    Where low resolution is made by `data.degradation`, every picture has a seed of its
    own, so that it is always the same. Files that are also trained on are warned of.

    Raises:
        DataError: If pictures are missing or unpaired.
    """
    data, folders = recipe.data, recipe.data.validation
    if folders is None:
        return None
    pairs = list_pairs(folders.hr, folders.lr, recipe.scale)
    check_sizes(pairs, recipe.scale)
    _warn_of_leaks(pairs, recipe)
    return PairStore(
        pairs,
        recipe.scale,
        pixel_format=_format_of(pairs, recipe),
        reduce=_degraded(data.degradation, recipe) if data.degradation else None,
    )


def _format_of(
    pairs: Sequence[PairPaths], recipe: SuperResolutionRecipe
) -> PixelFormat:
    """Return how files are read; the first pair shows whether that suits them."""
    pixel_format = PixelFormat(recipe.data.channels, recipe.data.value_range)
    for path in (pairs[0].hr, pairs[0].lr):
        if path is not None:
            pixel_format.read(path)
    return pixel_format


def _warn_of_leaks(pairs: Sequence[PairPaths], recipe: SuperResolutionRecipe) -> None:
    trained = {path.resolve() for path in list_pictures(recipe.data.train.hr)}
    leaked = sum(pair.hr.resolve() in trained for pair in pairs)
    if leaked:
        _log.warning(
            "%d of %d pictures of data.validation.hr=%s are also trained on, in "
            "data.train.hr=%s: scores on them prove nothing, and the best by them is "
            "what was learnt by heart. Name other pictures, or data.validation=null",
            leaked,
            len(pairs),
            recipe.data.validation and recipe.data.validation.hr,
            recipe.data.train.hr,
        )


def _by_area(scale: int) -> Reduce:
    def reduce(hr: Array, index: int) -> Array:
        height, width = hr.shape[:2]
        return resize(as_unit(hr), Size(height // scale, width // scale), "area")

    return reduce


def _degraded(config: DegradationConfig, recipe: SuperResolutionRecipe) -> Reduce:
    def reduce(hr: Array, index: int) -> Array:
        rng = np.random.default_rng((recipe.seed, _HELD_OUT, index))
        return degrade(as_unit(hr), config, recipe.scale, rng)

    return reduce


def _turn(image: Array, symmetry: int) -> Array:
    """Apply one of the eight symmetries of the square."""
    turned = np.rot90(image, symmetry % 4)
    if symmetry >= 4:
        turned = turned[:, ::-1]
    return np.ascontiguousarray(turned)
