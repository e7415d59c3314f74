"""Scenes follow from their maps alone, from near by, and not from flat colours."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from imgan.types import Array
from tools import make_scenes
from tools.make_scenes import REACH
from tools.make_scenes import SURFACES
from tools.make_scenes import draw_map
from tools.make_scenes import paint


def maps(count: int, size: int = 96) -> list[Array]:
    return [draw_map(size, np.random.default_rng(seed)) for seed in range(count)]


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_scenes.main([str(tmp_path / "two"), "--count", "3", "--size", "64"])
    make_scenes.main(
        [str(tmp_path / "one"), "--count", "3", "--size", "64", "--combined"]
    )
    assert "3 pairs" in capsys.readouterr().out
    names = {f"{index:04}.png" for index in range(3)}
    assert {path.name for path in (tmp_path / "one").iterdir()} == names
    for name in names:
        sides = [
            cv2.imread(str(tmp_path / "two" / folder / name))
            for folder in ("labels", "scenes")
        ]
        assert sides[0].shape == sides[1].shape == (64, 64, 3)
        both = cv2.imread(str(tmp_path / "one" / name))
        np.testing.assert_array_equal(both, np.hstack(sides))
        colours = {tuple(colour) for colour in sides[0][..., ::-1].reshape(-1, 3)}
        assert colours <= {surface.label for surface in SURFACES}


def test_all_labels_are_used_and_maps_differ() -> None:
    drawn = maps(8)
    assert len({labels.tobytes() for labels in drawn}) == 8
    assert set(np.unique(np.stack(drawn))) == set(range(len(SURFACES)))
    np.testing.assert_array_equal(drawn[3], maps(4)[3])


def test_flat_colours_do_not_do() -> None:
    drawn = maps(8, 128)
    scenes = [paint(labels) for labels in drawn]
    assert 12 < make_scenes.mean_colour_psnr(drawn, scenes) < 18


def test_mean_colours_by_hand() -> None:
    """Half of a label is 0 and half 255: its mean 128 is off by 128 and 127.

    The mean square is (128² + 127²) / 2 = 16256.5, which is 6.021 dB below 255².
    """
    scene = np.zeros((4, 4, 3), np.uint8)
    scene[:2] = 255
    score = make_scenes.mean_colour_psnr([np.zeros((4, 4), np.uint8)], [scene])
    assert score == pytest.approx(6.021, abs=1e-3)


@pytest.mark.parametrize("label", range(len(SURFACES)))
def test_nothing_far_away_matters(label: int) -> None:
    """Beyond `REACH` pixels of depth, one of an outline and one of blur, it stays."""
    for labels in maps(3):
        changed = labels.copy()
        changed[40:44, 50:54] = label
        rows, columns = np.nonzero((paint(labels) != paint(changed)).any(axis=-1))
        assert rows.size == 0 or rows.min() >= 40 - REACH - 2
        assert rows.size == 0 or rows.max() <= 43 + REACH + 2
        assert columns.size == 0 or columns.min() >= 50 - REACH - 2
        assert columns.size == 0 or columns.max() <= 53 + REACH + 2


def test_shadow_falls_to_the_lower_right() -> None:
    labels = np.full((60, 60), make_scenes.GROUND, np.uint8)
    labels[20:30, 20:30] = make_scenes.TREE
    plain = np.full((60, 60), make_scenes.GROUND, np.uint8)
    ratio = paint(labels)[31:34, 26:32].mean() / paint(plain)[31:34, 26:32].mean()
    assert ratio < 0.7
    np.testing.assert_array_equal(paint(labels)[:18], paint(plain)[:18])
