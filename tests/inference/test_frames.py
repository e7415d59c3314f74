"""Maps of labels are read as numbers, or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.bundles.card import Card
from imgan.bundles.card import NetworkSpec
from imgan.bundles.trained import label_sides
from imgan.bundles.trained import trained_direction
from imgan.errors import DataError
from imgan.inference.frames import FrameReader
from imgan.io.images import Picture
from imgan.io.images import write_image

LABELS = {"channels": 1, "labels": True}


def card(recipe: dict[str, Any] | None, channels: int = 1) -> Card:
    return Card(
        imgan_version="0",
        name="maps",
        task="translation",
        family="pix2pix",
        network=NetworkSpec(path="none:None", config={}, parameters=0),
        scale=1,
        halo=None,
        input_channels=channels,
        output_channels=3,
        recipe=recipe,
    )


@pytest.mark.parametrize(
    ("recipe", "direction", "labels"),
    [
        (None, "a_to_b", (False, False)),
        ({"data": {"source": LABELS}}, "a_to_b", (True, False)),
        (
            {"data": {"target": LABELS, "source": {}, "direction": "b_to_a"}},
            "b_to_a",
            (False, True),
        ),
        ({"data": {"a": LABELS, "b": {}}}, "a_to_b", (True, False)),
        ({"data": {"a": LABELS}, "direction": "b_to_a"}, "b_to_a", (False, True)),
    ],
)
def test_the_recipe_says_which_side_holds_labels(
    recipe: dict[str, Any] | None, direction: str, labels: tuple[bool, bool]
) -> None:
    assert trained_direction(card(recipe)) == direction
    assert label_sides(card(recipe)) == labels


def test_colours_are_no_numbers_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    write_image(Picture(np.full((4, 5, 3), (9, 9, 200), np.uint8)), path)
    recipe = {"data": {"source": LABELS}}
    with pytest.raises(DataError, match=r"x\.png is in colour; model 'maps'"):
        FrameReader(card(recipe), 1.0).read(path, ())
    for fitting in (card(None), card(recipe, 3), None):
        picture, given = FrameReader(fitting, 1.0).read(path, ())
        assert picture.pixels.shape == given.pixels.shape == (4, 5, 3)
    write_image(Picture(np.full((4, 5), 9, np.uint8)), path)
    assert FrameReader(card(recipe), 1.0).read(path, ())[0].pixels.max() == 9
