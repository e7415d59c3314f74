"""Animated GIF, WebP and PNG: times, loops and transparency come back."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgan.errors import ImageReadError
from imgan.errors import OutputError
from imgan.io.animation import animation_frames
from imgan.io.animation import is_animation
from imgan.io.animation import read_animation
from imgan.io.animation_writing import write_animation
from imgan.io.images import Picture
from imgan.io.images import write_image

DELAYS = [40, 200, 1000]
COLOURS = [(200, 30, 30), (30, 160, 60), (20, 60, 200)]


def frames(*, clear: bool) -> list[Picture]:
    """Return three frames of one colour each; with `clear`, a hole that moves."""
    made = []
    for index, colour in enumerate(COLOURS):
        pixels = np.full((24, 32, 3), colour, np.uint8)
        alpha = np.full((24, 32), 255, np.uint8)
        alpha[4:12, 8 * index : 8 * index + 8] = 0
        made.append(Picture(pixels, alpha if clear else None))
    return made


@pytest.mark.parametrize("image_format", ["gif", "webp", "png"])
@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("loop", [0, 3])
def test_everything_comes_back(
    image_format: str, clear: bool, loop: int, tmp_path: Path
) -> None:
    path, given = tmp_path / f"a.{image_format}", frames(clear=clear)
    write_animation(given, DELAYS, path, image_format, loop=loop)
    assert is_animation(path)
    animation = read_animation(path)
    assert animation.size == (24, 32)
    assert animation.delays == tuple(DELAYS)
    assert animation.loop == loop
    back = list(animation_frames(animation))
    assert len(back) == 3
    for one, other in zip(given, back, strict=True):
        seen = np.ones((24, 32), bool) if one.alpha is None else one.alpha > 0
        error = np.abs(one.pixels.astype(int) - other.pixels)[seen]
        assert error.mean() < (0.01 if image_format != "webp" else 4)
        if clear:
            assert other.alpha is not None
            assert (other.alpha == one.alpha).all()
        else:
            assert other.alpha is None
    assert sorted(tmp_path.iterdir()) == [path]


def test_stills_are_no_animations(tmp_path: Path) -> None:
    still = Picture(np.zeros((8, 8, 3), np.uint8))
    for name in ("a.png", "a.webp", "a.jpg"):
        write_image(still, tmp_path / name)
        assert not is_animation(tmp_path / name)
    write_animation([still], [100], tmp_path / "a.gif", "gif")
    (tmp_path / "b.gif").write_bytes(b"GIF89a")
    (tmp_path / "c.png").write_bytes(b"")
    for name in ("a.gif", "b.gif", "c.png", "none.gif"):
        assert not is_animation(tmp_path / name)


def test_the_picture_for_other_viewers_is_no_frame(tmp_path: Path) -> None:
    from PIL import Image

    images = [Image.new("RGB", (8, 8), colour) for colour in ("white", "red", "blue")]
    images[0].save(
        tmp_path / "a.png",
        save_all=True,
        append_images=images[1:],
        default_image=True,
        duration=[50, 70],
    )
    animation = read_animation(tmp_path / "a.png")
    assert animation.delays == (50, 70)
    first = next(animation_frames(animation))
    assert first.pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("image_format", ["webp", "png"])
def test_a_truncated_animation_is_one_line(image_format: str, tmp_path: Path) -> None:
    path = noisy(tmp_path / f"a.{image_format}", image_format)
    with pytest.raises(ImageReadError) as caught:
        list(animation_frames(read_animation(path)))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_gif_says_so(tmp_path: Path) -> None:
    animation = read_animation(noisy(tmp_path / "a.gif", "gif"))
    assert animation.cut_off
    assert len(list(animation_frames(animation))) == len(animation.delays) < 4


def noisy(path: Path, image_format: str) -> Path:
    """Write an animation of four frames and cut its last third off."""
    noise = np.random.default_rng(0).integers(0, 256, (4, 24, 32, 3), np.uint8)
    frames_ = [Picture(one) for one in noise]
    write_animation(frames_, [50] * 4, path, image_format)
    if image_format == "gif":
        assert not read_animation(path).cut_off
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    return path


def test_what_no_format_holds(tmp_path: Path) -> None:
    wide = [Picture(np.zeros((1, 17_000, 3), np.uint8))]
    with pytest.raises(OutputError, match="at most 16,383 pixels a side"):
        write_animation(wide, [10], tmp_path / "a.webp", "webp")
    with pytest.raises(OutputError, match="JPEG holds no animation"):
        write_animation(wide, [10], tmp_path / "a.jpg", "jpg")
    path = tmp_path / "b.gif"
    write_animation(frames(clear=False), DELAYS, path, "gif")
    with pytest.raises(ImageReadError, match="Raise --max-megapixels"):
        read_animation(path, max_megapixels=0.0001)


@pytest.mark.parametrize("image_format", ["gif", "png"])
def test_a_delay_of_nothing_is_what_browsers_show(
    image_format: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{image_format}"
    first, *others = (
        Image.fromarray(np.full((8, 9, 3), shade, np.uint8)) for shade in (0, 90, 200)
    )
    first.save(path, save_all=True, append_images=others, duration=[0, 0, 40], loop=0)
    assert read_animation(path).delays == (100, 100, 40)


def test_large_frames_are_limited_by_our_own_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [Picture(np.full((40, 50, 3), shade, np.uint8)) for shade in (0, 90)]
    write_animation(frames, [50, 50], tmp_path / "a.png", "png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert len(list(animation_frames(read_animation(tmp_path / "a.png")))) == 2
    assert Image.MAX_IMAGE_PIXELS == 100
    with pytest.raises(ImageReadError, match="Raise --max-megapixels"):
        read_animation(tmp_path / "a.png", max_megapixels=0.001)
