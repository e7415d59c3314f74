"""Findings about single pictures: colour, depth, size, and whether there is any."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator

from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import Look
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.survey import Pair

_COLOURS = {1: "grey", 3: "RGB"}


def check_pictures(
    pictures: PictureSet, pairs: list[Pair], faulty: Iterable[int]
) -> Iterator[Finding]:
    """Judge each picture by itself, and against its twin and the others of its set.

    Args:
        pictures: The set.
        pairs: As `survey` returns them.
        faulty: Places of pairs that do not belong together: their twins say nothing.
    """
    looks = [pair.hr for pair in pairs if pair.hr is not None]
    apart = set(faulty)
    channels = pictures.channels or _usual(look.channels for look in looks)
    bits = _usual(look.bits for look in looks)
    for place, pair in enumerate(pairs):
        hr = pair.hr
        if hr is None:
            continue
        if hr.near_empty:
            yield Finding("near_empty", (hr.path,), "is practically of one colour")
        smallest = min(hr.size)
        if smallest < pictures.smallest:
            message = (
                f"is {hr.size}; expected at least {pictures.smallest} pixels on each "
                f"side, by {pictures.smallest_key}"
            )
            yield Finding("small", (hr.path,), message)
        side = pictures.image_size
        if side is not None and hr.size != (side, side):
            message = f"is {hr.size}; expected {side}x{side}, by data.image_size"
            yield Finding("wrong_size", (hr.path,), message)
        lr = None if place in apart else pair.lr
        yield from _channels(hr, lr, channels, fixed=pictures.channels is not None)
        yield from _depth(hr, lr, bits)


def _channels(
    hr: Look, lr: Look | None, expected: int, *, fixed: bool
) -> Iterator[Finding]:
    why = "as data.channels says" if fixed else "as most others are"
    if hr.channels != expected:
        message = f"is {_colour(hr)}; expected {_name(expected)}, {why}"
        yield Finding("channels", (hr.path,), message)
    elif lr is not None and lr.channels != expected:
        message = f"is {_colour(hr)}, but {lr.path.name} is {_colour(lr)}"
        yield Finding("channels", (hr.path, lr.path), message)


def _depth(hr: Look, lr: Look | None, expected: int) -> Iterator[Finding]:
    if hr.bits != expected:
        message = f"has {hr.bits} bits per value, most others {expected}"
        yield Finding("depth", (hr.path,), message)
    elif lr is not None and lr.bits != hr.bits:
        message = f"has {hr.bits} bits per value, but {lr.path.name} has {lr.bits}"
        yield Finding("depth", (hr.path, lr.path), message)


def _usual(values: Iterable[int]) -> int:
    """Return the most frequent value, the higher one of two; 0 of none."""
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value), default=0)


def _colour(look: Look) -> str:
    return _name(look.channels)


def _name(channels: int) -> str:
    return _COLOURS.get(channels, f"a file of {channels} bands")
