"""Pairs whose sides look different; the exchanged ones are known."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from imgan.data.checking.correspondence import LEAST_PAIRS
from imgan.data.checking.correspondence import Correspondence
from imgan.data.checking.correspondence import find_correspondence
from imgan.data.checking.sketches import SIDE
from imgan.data.checking.sketches import sketch
from imgan.types import Array
from tests.data.checking.faulty_pairs import crops


def grey(photo: Array) -> Array:
    return np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))


def inverted(photo: Array) -> Array:
    return 255 - photo


def edges(photo: Array) -> Array:
    return np.asarray(cv2.Canny(grey(photo), 60, 150))


# In crops of the sky or of a retina hardly any edge is left to tell them by.
_PICTURES = [crop for crop in crops(200, 96) if edges(crop).mean() > 0.05 * 255]


def posterised(photo: Array) -> Array:
    """Return a map of labels, whose numbers are in no order."""
    smooth = cv2.GaussianBlur(photo, (0, 0), 2) // 64
    numbers = smooth[..., 0] * 16 + smooth[..., 1] * 4 + smooth[..., 2]
    return np.random.default_rng(0).permutation(64).astype(np.uint8)[numbers]


def judge(firsts: list[Array], seconds: list[Array]) -> Correspondence:
    return find_correspondence(
        [sketch(picture) for picture in firsts],
        [sketch(picture) for picture in seconds],
        list(range(len(firsts))),
    )


def test_a_sketch_has_colours_and_edges_of_cells() -> None:
    """Left half black, right half white: one column of cells has an edge, whose mean
    over the four pixels of a cell is a quarter, of which the root is a half."""
    picture = np.zeros((100, 512), np.uint8)
    picture[:, 256:] = 255
    cells = sketch(picture)
    assert cells.shape == (SIDE, SIDE, 3)
    assert cells[:, : SIDE // 2, 0].max() == 0
    assert cells[:, SIDE // 2 :, 0].min() == 255
    expected = np.zeros((SIDE, SIDE), np.uint8)
    expected[:, SIDE // 2] = 128
    np.testing.assert_array_equal(cells[..., 1], expected)
    assert cells[..., 2].max() == 0


def test_a_sketch_of_many_bands_takes_four() -> None:
    assert sketch(np.zeros((20, 30, 9), np.float32)).shape == (SIDE, SIDE, 6)


@pytest.mark.slow
@pytest.mark.parametrize("make", [grey, inverted, edges, posterised])
def test_exchanged_partners_are_found_and_nothing_else(
    make: Callable[[Array], Array],
) -> None:
    targets = [make(photo) for photo in _PICTURES]
    clean = judge(_PICTURES, targets)
    assert clean.telling
    assert (clean.links, clean.strangers) == ({}, frozenset())
    targets[3], targets[21] = targets[21], targets[3]
    targets[7], targets[11], targets[40] = targets[11], targets[40], targets[7]
    found = judge(_PICTURES, targets)
    assert found.links == {3: 21, 21: 3, 7: 40, 11: 7, 40: 11}
    assert found.strangers == frozenset()


def test_a_foreign_partner_is_a_stranger() -> None:
    targets = [edges(photo) for photo in _PICTURES]
    photos = _PICTURES[:-1]
    targets[5] = targets.pop()
    found = judge(photos, targets)
    assert (found.links, found.strangers) == ({}, frozenset({5}))


def test_a_picture_without_a_partner_finds_it_among_the_free_ones() -> None:
    firsts = [sketch(photo) for photo in _PICTURES]
    seconds = [sketch(edges(photo)) for photo in _PICTURES]
    own: list[int | None] = list(range(len(firsts)))
    own[4] = own[9] = None
    seconds.append(sketch(np.zeros((8, 8), np.uint8)))
    assert find_correspondence(firsts, seconds, own).links == {4: 4, 9: 9}


def test_unrelated_sides_say_nothing() -> None:
    found = judge(_PICTURES[:20], [edges(photo) for photo in _PICTURES[20:40]])
    assert found.separation is not None
    assert not found.telling
    assert (found.links, found.strangers) == ({}, frozenset())


def test_few_pairs_say_nothing() -> None:
    few = _PICTURES[: LEAST_PAIRS - 1]
    assert judge(few, few) == Correspondence(None)


def test_more_pairs_than_are_compared_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exchanged across blocks, so that they meet in the second round only."""
    monkeypatch.setattr("imgan.data.checking.correspondence._BLOCK", 16)
    targets = [inverted(photo) for photo in _PICTURES]
    order = np.random.default_rng(0).permutation(len(targets)).tolist()
    one, two = order[1], order[2]  # of blocks 1 and 2 of 3
    targets[one], targets[two] = targets[two], targets[one]
    assert judge(_PICTURES, targets).links == {one: two, two: one}
