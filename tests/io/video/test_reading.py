"""What is in a clip, and its frames with their times."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from imgan.errors import ImageReadError
from imgan.errors import MissingExtraError
from imgan.io.video.library import is_clip
from imgan.io.video.library import load_av
from imgan.io.video.probe import probe_clip
from imgan.io.video.reading import ClipReader
from tests.io.video.clips import make_clip
from tests.io.video.clips import photograph


def test_what_a_clip_says_of_itself(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "a.mp4", tags=(1, 2, 1, 1), rotation=90, aspect=Fraction(4, 3)
    )
    clip = probe_clip(path)
    assert (clip.size, clip.frames, clip.rate) == ((48, 64), 30, 24)
    assert (clip.tags.matrix, clip.tags.full_range) == (1, True)
    assert (clip.tags.primaries, clip.tags.transfer) == (1, 1)
    assert (clip.rotation, clip.aspect) == (90, Fraction(4, 3))
    assert not clip.deep
    assert not clip.grey
    assert clip.seconds == pytest.approx(30 / 24)


def test_frames_keep_times_that_vary(tmp_path: Path) -> None:
    times = [0, 3000, 10_500, 13_500, 14_000, 30_000, 33_003]
    path = make_clip(tmp_path / "a.mp4", times=times, time_base=Fraction(1, 90_000))
    frames = list(ClipReader(probe_clip(path)).frames())
    assert [frame.pts for frame in frames] == times
    assert [frame.duration for frame in frames[:-1]] == list(np.diff(times))
    for index, frame in enumerate(frames):
        error = np.abs(frame.pixels.astype(int) - photograph(48, 64, index))
        # Colour is kept for four pixels together.
        assert error.mean() < 8


def test_frames_that_are_not_wanted_are_not_converted(tmp_path: Path) -> None:
    clip = probe_clip(make_clip(tmp_path / "a.mkv"))
    frames = list(ClipReader(clip).frames(lambda index: index >= 28))
    assert [frame.index for frame in frames if frame.pixels is not None] == [28, 29]


@pytest.mark.parametrize("mode", ["0", "1"])
def test_transparency_beside_the_picture_is_told(mode: str, tmp_path: Path) -> None:
    """As browsers record it: FFmpeg's decoder of VP9 does not look there."""
    import av

    path, source = tmp_path / "b.webm", make_clip(tmp_path / "a.webm", codec="vp9")
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        stream.metadata["alpha_mode"] = mode
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
    notes = ("its transparency is left out",) if mode == "1" else ()
    assert probe_clip(path).notes == notes


@pytest.mark.parametrize(
    ("name", "deep", "grey"), [("yuv420p10le", True, False), ("gray", False, True)]
)
def test_depth_and_grey(name: str, deep: bool, grey: bool, tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "a.mkv", codec="ffv1", pixel_format=name, times=[0], options={}
    )
    clip = probe_clip(path)
    assert (clip.deep, clip.grey) == (deep, grey)
    (frame,) = ClipReader(clip).frames()
    assert frame.pixels.dtype == (np.uint16 if deep else np.uint8)
    assert frame.pixels.shape == ((48, 64) if grey else (48, 64, 3))


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_a_damaged_frame_is_counted_and_the_rest_is_read(
    codec: str, tmp_path: Path
) -> None:
    import av

    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    path = make_clip(
        tmp_path / "a.mkv", codec=codec, size=(96, 128), options={**options, "g": "9"}
    )
    with av.open(str(path)) as container:
        packets = [(one.pos, one.size) for one in container.demux(video=0) if one.size]
    data = bytearray(path.read_bytes())
    start, size = packets[10]
    third = size // 3
    data[start + third : start + 2 * third] = bytes(third)
    path.write_bytes(data)
    reader = ClipReader(probe_clip(path))
    times = [frame.pts for frame in reader.frames()]
    # Without a frame that others are made of, those are lost up to a key frame.
    assert 20 <= len(times) <= 30
    assert times[-1] == 1208  # The last of 30 at 24 a second, in milliseconds.
    assert reader.damaged == max(1, 30 - len(times))
    assert "damaged" in reader.warnings()[0]


def test_a_clip_that_is_cut_off_says_so(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", codec="ffv1", times=range(60), options={})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    reader = ClipReader(probe_clip(path))
    count = len(list(reader.frames()))
    assert 15 < count < 25
    assert "the file is cut off" in reader.warnings()[-1]


def test_files_that_are_no_clips(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:-500])
    text = tmp_path / "text.mkv"
    text.write_text("no clip")
    for path in (cut, text, tmp_path / "none.mp4", tmp_path):
        with pytest.raises(ImageReadError) as caught:
            probe_clip(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(ImageReadError, match="Raise --max-megapixels"):
        probe_clip(whole, max_megapixels=0.001)


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r'pip install "imgan\[video\]"'):
        load_av()


def test_suffixes_of_clips() -> None:
    assert is_clip("A.MP4")
    assert not is_clip("a.gif")
