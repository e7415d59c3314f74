"""Finds the true partners of files that are named wrongly."""

from imgan.data.checking.fingerprints import detail_vector
from imgan.data.checking.looks import Look
from imgan.data.checking.names import near_names
from imgan.data.checking.partners import assign
from imgan.data.checking.survey import Pair

_CERTAIN = 0.9  # likeness of twins that are not compared with others
_LEAST_LIKENESS = 0.35  # of partners with different names
_BETTER = 0.4  # share of the unlikeness to the twin that a better partner may leave
_BETTER_BY = 0.1
_LITTLE_LIKENESS = 0.2  # of partners when nothing else is left
_CONTRADICTED = 0.1  # likeness below which near names mean nothing


def find_partners(pairs: list[Pair]) -> dict[int, Pair]:
    """Find the low resolution of pictures whose twin by name is missing or another.

    Args:
        pairs: As `survey` returns them.

    Returns:
        For places in `pairs` the pair whose low-resolution file it is. Nobody's file
        is given to two.
    """
    places = [place for place, pair in enumerate(pairs) if _is_open(pair)]
    highs = [(place, look) for place in places if (look := pairs[place].hr)]
    lows = [(place, look) for place in places if (look := pairs[place].lr)]
    column = {place: index for index, (place, _) in enumerate(lows)}
    matches = assign(
        [look.thumb for _, look in highs],
        [look.thumb for _, look in lows],
        [column.get(place) for place, _ in highs],
        _LEAST_LIKENESS,
    )
    found = {}
    for match in matches:
        here, there = highs[match.hr][0], lows[match.lr][0]
        if here != there and _is_better(pairs[here], match.likeness):
            found[here] = pairs[there]
    found |= _by_names(pairs, found)
    return found | _left_over(pairs, found)


def _is_open(pair: Pair) -> bool:
    """Return whether a file of this pair may belong to another one."""
    looks = [look for look in (pair.hr, pair.lr) if look is not None]
    if pair.unreadable or any(look.near_empty for look in looks[:1]):
        return False
    return pair.comparison is None or pair.comparison.likeness < _CERTAIN


def _is_better(pair: Pair, likeness: float) -> bool:
    """Return whether a partner is far more like than the twin by name, if any."""
    if pair.comparison is None:
        return True
    own = pair.comparison.likeness
    if pair.comparison.shift is not None:
        own = max(own, pair.comparison.shift.correlation)
    return 1 - likeness < _BETTER * (1 - own) and likeness > own + _BETTER_BY


def _by_names(pairs: list[Pair], found: dict[int, Pair]) -> dict[int, Pair]:
    """Pair what is left alone by near names, where pictures do not contradict."""
    high_places, low_pairs = _alone(pairs, found)
    highs = {path: n for n in high_places if (path := pairs[n].hr_path)}
    lows = {path: pair for pair in low_pairs if (path := pair.lr_path)}
    return {
        highs[hr]: lows[lr]
        for hr, lr in near_names(list(highs), list(lows))
        if _may_belong(pairs[highs[hr]].hr, lows[lr].lr)
    }


def _left_over(pairs: list[Pair], found: dict[int, Pair]) -> dict[int, Pair]:
    """Pair what nothing else claims, where it is at least a little alike."""
    high_places, low_pairs = _alone(pairs, found)
    highs = [(place, look) for place in high_places if (look := pairs[place].hr)]
    lows = [(pair, look) for pair in low_pairs if (look := pair.lr)]
    matches = assign(
        [look.thumb for _, look in highs],
        [look.thumb for _, look in lows],
        [None] * len(highs),
        _LITTLE_LIKENESS,
    )
    return {highs[match.hr][0]: lows[match.lr][0] for match in matches}


def _alone(pairs: list[Pair], found: dict[int, Pair]) -> tuple[list[int], list[Pair]]:
    """Return places of pictures and pairs of files that still have no partner."""
    taken = {id(pair) for pair in found.values()}
    return (
        [
            place
            for place, pair in enumerate(pairs)
            if pair.lr_path is None and place not in found
        ],
        [pair for pair in pairs if pair.hr_path is None and id(pair) not in taken],
    )


def _may_belong(hr: Look | None, lr: Look | None) -> bool:
    if hr is None or lr is None or hr.near_empty:
        return True
    likeness = float(detail_vector(hr.thumb) @ detail_vector(lr.thumb))
    return likeness > _CONTRADICTED
