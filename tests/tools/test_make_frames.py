"""Films are made by seed, and move at constant speed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import skimage.data

from imgan.io.images import read_image
from tools import make_frames


def test_files(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        words = [str(tmp_path / name), "--count", "3", "--size", "32"]
        make_frames.main([*words, "--photograph", "cat", "--seed", str(seed)])
    names = [path.name for path in sorted((tmp_path / "one").iterdir())]
    assert names == ["frame-0000.png", "frame-0001.png", "frame-0002.png"]
    films = {
        film: [read_image(tmp_path / film / name).pixels for name in names]
        for film in ("one", "again", "other")
    }
    assert films["one"][0].shape == (32, 32, 3)
    np.testing.assert_array_equal(films["one"], films["again"])
    assert not np.array_equal(films["one"], films["other"])


def test_the_ball_moves_by_as_much_from_frame_to_frame() -> None:
    """Of a black ground nothing but the ball is seen; its centre is that of its red."""
    ground = np.zeros((90, 120, 3), np.uint8)
    frames = make_frames.make_frames(ground, 12, 60, seed=0)
    rows, columns = np.mgrid[:60, :60]
    centres = np.array(
        [
            [np.average(place, weights=frame[..., 0]) for place in (rows, columns)]
            for frame in frames
        ]
    )
    assert centres.min() > 5
    assert centres.max() < 54
    steps = np.abs(np.diff(centres, axis=0))
    assert steps.min(axis=0).max() <= 60 / 12
    # At constant speed, except where it bounces.
    usual = np.median(steps, axis=0)
    assert (usual > 60 / 24 - 0.1).all()
    assert (np.abs(steps - usual) < 0.1).mean() > 0.75


def test_the_window_moves_over_the_photograph() -> None:
    frames = make_frames.make_frames(skimage.data.coffee(), 3, 40, seed=2)
    for frame, following in pairwise(frames):
        assert np.mean(frame != following) > 0.5
