"""Findings about single pictures: colour, depth, size, and whether there is any."""

from collections.abc import Iterable
from collections.abc import Iterator

from imgan.data.checking.findings import Finding
from imgan.data.checking.looks import COLOURS
from imgan.data.checking.looks import Look
from imgan.data.checking.looks import colour_name
from imgan.data.checking.looks import usual
from imgan.data.checking.picture_sets import PictureSet
from imgan.data.checking.survey import Pair
from imgan.data.pairs import file_name


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
    channels = pictures.channels or usual(look.channels for look in looks)
    bits = usual(look.bits for look in looks)
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
        yield from _channels(hr, lr, channels, pictures)
        yield from _depth(hr, lr, bits)


def find_remarks(pictures: PictureSet, pairs: list[Pair]) -> Iterator[str]:
    """Say what training converts by itself."""
    looks = [pair.hr for pair in pairs if pair.hr is not None]
    expected = pictures.channels or usual(look.channels for look in looks)
    others = sum(
        look.channels in COLOURS and look.channels != expected for look in looks
    )
    if not (others and pictures.converts and expected in COLOURS):
        return
    of_set = "" if pictures.name == "pictures" else f" of {pictures.name}"
    what = "grey" if expected == 3 else "RGB"
    how = "grey becomes three equal channels" if expected == 3 else "RGB becomes luma"
    yield (
        f"{others} of {len(looks)} pictures{of_set} {'is' if others == 1 else 'are'} "
        f"{what}, which training converts: {how}"
    )


def _channels(
    hr: Look, lr: Look | None, expected: int, pictures: PictureSet
) -> Iterator[Finding]:
    why = "as most others are" if pictures.channels is None else "as data.channels says"
    converted = pictures.converts and {hr.channels, expected} <= set(COLOURS)
    if hr.channels != expected and not converted:
        message = f"is {_colour(hr)}; expected {colour_name(expected)}, {why}"
        yield Finding("channels", (hr.path,), message)
    elif lr is not None and lr.channels != hr.channels:
        message = f"is {_colour(hr)}, but {file_name(lr.path)} is {_colour(lr)}"
        yield Finding("channels", (hr.path, lr.path), message)


def _depth(hr: Look, lr: Look | None, expected: int) -> Iterator[Finding]:
    if hr.bits != expected:
        message = f"has {hr.bits} bits per value, most others {expected}"
        yield Finding("depth", (hr.path,), message)
    elif lr is not None and lr.bits != hr.bits:
        message = (
            f"has {hr.bits} bits per value, but {file_name(lr.path)} has {lr.bits}"
        )
        yield Finding("depth", (hr.path, lr.path), message)


def _colour(look: Look) -> str:
    return colour_name(look.channels)
