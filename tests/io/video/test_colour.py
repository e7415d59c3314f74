"""Colours of a clip: known ones come back, by every matrix and range."""

from pathlib import Path

import numpy as np
import pytest

from imgan.io.video.colour import ColourTags
from imgan.io.video.colour import bits_of
from imgan.io.video.colour import chroma_of
from imgan.io.video.colour import from_rgb
from imgan.io.video.colour import pad_to_even
from imgan.io.video.colour import to_rgb
from imgan.io.video.probe import probe_clip
from tests.io.video.clips import make_clip

COLOURS = np.array(
    [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
        [0, 0, 0],
        [128, 128, 128],
        [200, 50, 100],
        [30, 180, 220],
    ],
    np.uint8,
)
# Weights of red and blue in luma, of the recommendations themselves.
WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def patches(scale: int = 1) -> np.ndarray:
    """Return 32x32 patches beside each other, `(32, 256, 3)`."""
    kind = np.uint8 if scale == 1 else np.uint16
    row = (COLOURS.astype(np.uint32) * scale).astype(kind)
    return np.repeat(np.repeat(row[None], 32, axis=0), 32, axis=1)


def expected_yuv(matrix: int, full: bool, bits: int) -> np.ndarray:
    """Return what the recommendation says, for every colour."""
    red, blue = WEIGHTS[matrix]
    unit = COLOURS / 255
    luma = unit @ np.array([red, 1 - red - blue, blue])
    chroma = [
        (unit[:, 2] - luma) / 2 / (1 - blue),
        (unit[:, 0] - luma) / 2 / (1 - red),
    ]
    step, peak = 2 ** (bits - 8), 2**bits - 1
    if full:
        return np.stack([luma * peak, *(c * peak + 128 * step for c in chroma)], 1)
    limited = [c * 224 * step + 128 * step for c in chroma]
    return np.stack([luma * 219 * step + 16 * step, *limited], 1)


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_colours_there_and_back(matrix: int, full: bool, name: str) -> None:
    bits = bits_of(name)
    tags = ColourTags(matrix, full)
    frame = from_rgb(patches(1 if bits == 8 else 257), name, tags)
    kind = np.uint8 if bits == 8 else np.uint16
    halved = chroma_of(name) == "420"
    parts = (1, 2, 2) if halved else (1, 1, 1)
    seen = []
    for plane, part in zip(frame.planes, parts, strict=True):
        values = np.frombuffer(plane, kind).reshape(plane.height, -1)
        seen.append(values[16 // part, 16 // part :: 32 // part][:8])
    error = np.abs(np.stack(seen, 1) - expected_yuv(matrix, full, bits)).max()
    assert error / 2 ** (bits - 8) <= 1  # In levels of 8 bits.
    back = to_rgb(frame, tags, deep=bits > 8)[16, 16::32]
    back = back if bits == 8 else back / 257
    assert np.abs(back.astype(float) - COLOURS).max() <= 2


def test_the_wrong_matrix_would_show() -> None:
    """What the test above would miss if tags were ignored."""
    frame = from_rgb(patches(), "yuv444p", ColourTags(1, False))
    back = to_rgb(frame, ColourTags(6, False), deep=False)[16, 16::32]
    assert np.abs(back.astype(float) - COLOURS).max() > 10


@pytest.mark.parametrize(("height", "matrix"), [(48, 6), (578, 1)])
def test_a_matrix_that_is_not_said_is_guessed_by_the_height(
    height: int, matrix: int, tmp_path: Path
) -> None:
    clip = probe_clip(
        make_clip(
            tmp_path / "a.mkv", size=(height, 64), times=[0, 1], tags=(2, 0, 2, 2)
        )
    )
    assert clip.tags == ColourTags(matrix, False)


def test_names_of_pixel_formats() -> None:
    names = ("yuv420p", "yuv422p10le", "yuv444p", "gray", "rgb24", "gbrp10le", "nv12")
    kinds = ["420", "422", "444", "420", "444", "444", "420"]
    assert [chroma_of(name) for name in names] == kinds
    assert [bits_of(name) for name in names] == [8, 10, 8, 8, 8, 10, 8]


def test_floats_are_sixteen_bits() -> None:
    tags, unit = ColourTags(1, False), (patches() / 255).astype(np.float32)
    made = to_rgb(from_rgb(unit, "yuv444p10le", tags), tags, deep=True)
    wanted = to_rgb(from_rgb(patches(257), "yuv444p10le", tags), tags, deep=True)
    assert np.array_equal(made, wanted)


def test_odd_sides_repeat_their_last_pixel() -> None:
    pixels = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    padded = pad_to_even(pixels)
    assert padded.shape == (4, 6, 3)
    assert (padded[:3, :5] == pixels).all()
    assert (padded[3, :5] == pixels[2]).all()
    assert pad_to_even(padded) is padded
