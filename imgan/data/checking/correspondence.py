"""Which pictures of two sides belong together, though they look nothing alike.

A label map and a photograph have no colour in common, but over a set of pairs one says
something about the other. Where it says enough for partners to stand out among all
pictures of the other side, a pair that does not is wrong.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

import numpy as np

from imgan.data.checking.coherence import Scores
from imgan.data.checking.coherence import score
from imgan.types import Array

LEAST_PAIRS = 16
"""Pairs below which nothing is said."""

_BLOCK = 400  # pairs that are compared with each other at once
_MOST_POOLED = 1600  # pictures that are, where more pairs are suspicious

# In standard deviations of pictures that do not belong together. Partners that have
# nothing to do with each other stand out by 0 to 1.5 in the median, facades and their
# label maps by 12, photographs and their edges by 34.
_TELLING = 5.0
_CERTAIN = 8.0
_SUSPICIOUS = 3.0  # of 360 true facades the second least has 4.2
_STRANGE = 2.5
_LINK = 5.0
_LINK_GAIN = 3.0
_FAINT = 0.35  # of the usual strength; fainter pictures say too little


@dataclass(frozen=True)
class Correspondence:
    """What became clear of a set.

    Attributes:
        separation: How far partners stand out in the median, in standard deviations
            of pictures that do not belong together; None: there are too few pairs.
        links: For first pictures whose partner is missing or another one, the second
            picture that certainly is theirs.
        strangers: First pictures whose partner certainly is none and whose true one
            was not found.
    """

    separation: float | None
    links: Mapping[int, int] = field(default_factory=dict)
    strangers: frozenset[int] = frozenset()

    @property
    def telling(self) -> bool:
        """Whether the sides say enough about each other to tell partners."""
        return self.separation is not None and self.separation >= _TELLING


def find_correspondence(
    firsts: Sequence[Array], seconds: Sequence[Array], own: Sequence[int | None]
) -> Correspondence:
    """Find pairs that do not belong together, and what belongs together instead.

    Args:
        firsts: Sketches of one side.
        seconds: Sketches of the other side.
        own: For each of `firsts` the place of its partner by name in `seconds`, or
            None. No two have the same.
    """
    pairs = [(a, b) for a, b in enumerate(own) if b is not None]
    if len(pairs) < LEAST_PAIRS:
        return Correspondence(None)
    order = np.random.default_rng(0).permutation(len(pairs))
    count = -(-len(pairs) // _BLOCK)
    blocks = [[pairs[n] for n in order[start::count]] for start in range(count)]
    claimed = {b for _, b in pairs}
    firsts_alone = [a for a, b in enumerate(own) if b is None]
    seconds_alone = [b for b in range(len(seconds)) if b not in claimed]
    pool = blocks[0]
    separations: list[float] = []
    if count > 1:
        # Suspicious pairs of all blocks meet among the good ones of the first.
        own_fits = [_own_fits(firsts, seconds, block) for block in blocks]
        separations = [float(np.median(fits)) for fits in own_fits]
        suspects = [
            pair
            for block, fits in zip(blocks[1:], own_fits[1:], strict=True)
            for pair, fit in zip(block, fits, strict=True)
            if fit < _SUSPICIOUS
        ]
        pool = pool + suspects[:_MOST_POOLED]
    pool_firsts = [a for a, _ in pool] + firsts_alone[:_MOST_POOLED]
    pool_seconds = [b for _, b in pool] + seconds_alone[:_MOST_POOLED]
    scores = score(
        [firsts[a] for a in pool_firsts],
        [seconds[b] for b in pool_seconds],
        [(n, n) for n in range(len(pool))],
    )
    separation = float(np.median(separations or scores.fits.diagonal()[: len(pool)]))
    if separation < _TELLING:
        return Correspondence(separation)
    links, strangers = _decide(scores, len(pool), separation)
    return Correspondence(
        separation,
        {pool_firsts[a]: pool_seconds[b] for a, b in links.items()},
        frozenset(pool_firsts[a] for a in strangers),
    )


def _own_fits(
    firsts: Sequence[Array], seconds: Sequence[Array], block: Sequence[tuple[int, int]]
) -> Array:
    scores = score(
        [firsts[a] for a, _ in block],
        [seconds[b] for _, b in block],
        [(n, n) for n in range(len(block))],
    )
    return scores.fits.diagonal()


def _decide(
    scores: Scores, pairs: int, separation: float
) -> tuple[dict[int, int], list[int]]:
    """Return links and strangers, by places in a pool.

    Args:
        scores: Of a pool whose first `pairs` pictures are partners by name.
        pairs: How many.
        separation: Of the set.
    """
    fits = scores.fits
    own = fits.diagonal()[:pairs]
    first_own = np.full(len(fits), -np.inf)
    second_own = np.full(fits.shape[1], -np.inf)
    first_own[:pairs] = second_own[:pairs] = own
    best_second, best_first = fits.argmax(axis=1), fits.argmax(axis=0)
    links = {}
    for a in np.flatnonzero(first_own < _SUSPICIOUS).tolist():
        b = int(best_second[a])
        known = max(first_own[a], second_own[b], 0.0)
        if (
            best_first[b] == a
            and second_own[b] < _SUSPICIOUS
            and fits[a, b] > max(_LINK, known + _LINK_GAIN)
        ):
            links[a] = b
    if separation < _CERTAIN:
        return links, []
    taken = set(links.values())
    logs = np.log(np.maximum(own, 1.0))
    typical = float(np.median(logs))
    scatter = float(np.median(np.abs(logs - typical))) / 0.6745
    limit = min(_STRANGE, float(np.exp(typical - 4 * scatter)))
    strangers = [
        place
        for place in range(pairs)
        if place not in links
        and (
            place in taken
            or (
                own[place] < limit
                and own[place] < min(fits[place].max(), fits[:, place].max())
                and scores.first_strength[place] > _FAINT
                and scores.second_strength[place] > _FAINT
            )
        )
    ]
    return links, strangers
