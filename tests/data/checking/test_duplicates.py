from pathlib import Path

import cv2
import numpy as np
import skimage.data

from imgan.data.checking.duplicates import find_duplicates
from imgan.data.checking.duplicates import find_leaks
from imgan.data.checking.looks import Look
from imgan.data.checking.looks import look_at
from imgan.types import Array


def look(name: str, pixels: Array) -> Look:
    return look_at(Path(name), np.ascontiguousarray(pixels))


def compressed(pixels: Array, quality: int) -> Array:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    decoded = cv2.imdecode(cv2.imencode(".jpg", pixels, options)[1], cv2.IMREAD_COLOR)
    return np.asarray(decoded)


def test_equal_compressed_and_resized_pictures_are_duplicates() -> None:
    cat = skimage.data.chelsea()
    half = cv2.resize(cat, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    looks = [
        look("a.png", cat),
        look("b.png", cat),
        look("c.png", compressed(cat, 30)),
        look("d.png", compressed(half, 75)),
        look("e.png", skimage.data.coffee()),
        look("f.png", cat[:, ::-1]),
    ]
    found = list(find_duplicates(looks))
    assert [[path.name for path in finding.files] for finding in found] == [
        ["b.png", "a.png"],
        ["c.png", "a.png"],
        ["d.png", "a.png"],
    ]
    assert found[0].message == "equals a.png"
    assert found[1].message == "shows the same as a.png"


def test_pictures_of_one_texture_are_no_duplicates() -> None:
    """Tiles of grass and gravel: alike in every statistic, different in content."""
    tiles = [
        look(f"{name}{top}-{left}", photo[top : top + 64, left : left + 64])
        for name, photo in (
            ("grass", skimage.data.grass()),
            ("gravel", skimage.data.gravel()),
        )
        for top in range(0, 512, 64)
        for left in range(0, 512, 64)
    ]
    assert len(tiles) == 128
    assert list(find_duplicates(tiles)) == []


def test_a_thing_that_moved_makes_another_picture() -> None:
    scene = skimage.data.coffee()
    before, after = scene.copy(), scene.copy()
    before[40:90, 40:90] = after[40:90, 200:250] = (250, 250, 250)
    assert list(find_duplicates([look("a", before), look("b", after)])) == []


def test_leaks_name_the_picture_of_the_training() -> None:
    cat, cup = skimage.data.chelsea(), skimage.data.coffee()
    train = [look("t/cup.png", cup), look("t/cat.png", cat)]
    found = list(find_leaks(train, [look("v/1.png", compressed(cat, 80))]))
    assert [finding.kind for finding in found] == ["leak"]
    assert found[0].files == (Path("v/1.png"), Path("t/cat.png"))


def test_empty_pictures_are_not_called_duplicates() -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    looks = [look("a", black), look("b", black)]
    assert looks[0].near_empty
    assert list(find_duplicates(looks)) == []
