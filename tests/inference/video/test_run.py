"""Clips, animations and sequences through a whole run."""

import os
import threading
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image
from PIL import ImageCms

from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.inference.predictor import Predictor
from imgan.inference.sizing import TargetSize
from imgan.inference.video import clip_sink
from imgan.inference.video.options import MovingOptions
from imgan.inference.video.plan import plan_moving
from imgan.inference.video.run import run_moving
from imgan.inference.work import BatchOptions
from imgan.io.animation import animation_frames
from imgan.io.animation import read_animation
from imgan.io.animation_writing import write_animation
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.video.codecs import EncodingChoice
from imgan.io.video.probe import probe_clip
from tests.io.video.clips import decoded
from tests.io.video.clips import length_of
from tests.io.video.clips import make_clip
from tests.io.video.clips import packets_of
from tests.io.video.clips import photograph

BICUBIC = BatchOptions(model="bicubic", scale=2)


@pytest.fixture(autouse=True)
def short_parts(monkeypatch):
    monkeypatch.setattr(clip_sink, "PART_FRAMES", 8)


def run(inputs, output, image_format="same", *, options=BICUBIC, **kwargs):
    inputs = inputs if isinstance(inputs, list) else [inputs]
    plan = plan_moving(inputs, output, image_format)
    assert not plan.stills
    moving = kwargs.pop("moving", MovingOptions())
    return run_moving(plan.jobs, options, moving, **kwargs)


def one_row(report):
    (row,) = report.files
    assert row.error is None
    return row


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "subtitle", "made", "kept"),
    [
        ("a.mkv", "subrip", "o.mp4", "mov_text"),
        ("a.mp4", "mov_text", "o.mkv", "srt"),
        ("a.mkv", "subrip", "o.mkv", "srt"),
        ("a.mp4", "mov_text", "o.mov", "mov_text"),
    ],
)
def test_a_clip_with_sound_and_subtitles(given, subtitle, made, kept, tmp_path):
    times = [index * 40 + index % 3 for index in range(30)]
    source = make_clip(
        tmp_path / given,
        times=times,
        time_base=Fraction(1, 1000),
        sound=True,
        subtitle=subtitle,
    )
    row = one_row(run(source, tmp_path / made))
    assert (row.status, row.frames, row.warnings) == ("done", 30, [])
    assert row.output_size == (96, 128)
    before, after = decoded(source), decoded(tmp_path / made)
    # Matroska begins at 0, and MP4 before it, with what its sound needs to start.
    offset = after[0][0]
    times = [time - offset for time, _ in after]
    assert times == pytest.approx([time for time, _ in before], abs=1e-6)
    assert length_of(tmp_path / made) == pytest.approx(length_of(source), abs=0.002)
    enlarge = Predictor.load("bicubic", scale=2)
    for (_, small), (_, large) in zip(before, after, strict=True):
        assert np.abs(enlarge(small).astype(int) - large).mean() < 3
    sound, kept_sound = (
        packets_of(source, "audio"),
        packets_of(tmp_path / made, "audio"),
    )
    assert [data for _, data in kept_sound] == [data for _, data in sound]
    for (time, _), (later, _) in zip(sound, kept_sound, strict=True):
        assert later - offset == pytest.approx(time, abs=0.002)
    texts = [data for _, data in packets_of(tmp_path / made, "subtitle")]
    assert b"Bonjour" in b"".join(texts)
    import av

    with av.open(str(tmp_path / made)) as container:
        assert container.streams.subtitles[0].codec_context.name == kept
        assert container.streams.subtitles[0].language == "fra"
        assert container.metadata["title"] == "A clip"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([given, made])


@pytest.mark.parametrize("made", ["o.mp4", "o.mkv", "o.avi"])
def test_colours_shape_and_rotation(made, tmp_path):
    def draw(index):
        pixels = np.zeros((48, 64, 3), np.uint8)
        pixels[:24, :32] = 200, 50, 100
        return pixels

    source = make_clip(
        tmp_path / "a.mp4",
        tags=(1, 2, 1, 1),
        rotation=90,
        aspect=Fraction(4, 3),
        draw=draw,
        times=range(9),
    )
    one_row(run(source, tmp_path / made))
    clip = probe_clip(tmp_path / made)
    assert clip.tags == probe_clip(source).tags
    pixels = decoded(tmp_path / made)[3][1].astype(int)
    if made == "o.avi":
        # Turned by 90 degrees counterclockwise: the top left comes to the bottom left.
        assert (clip.size, clip.rotation) == ((128, 96), 0)
        assert clip.aspect == Fraction(3, 4)
        coloured, black = pixels[96, 24], pixels[32, 24]
    else:
        assert (clip.size, clip.rotation) == ((96, 128), 90)
        assert clip.aspect == Fraction(4, 3)
        coloured, black = pixels[24, 32], pixels[72, 96]
    assert np.abs(coloured - (200, 50, 100)).max() <= 5
    assert black.max() <= 5


@pytest.mark.parametrize("made", ["o.mp4", "o.avi"])
def test_a_target_is_met_by_what_is_shown(made, tmp_path):
    """A telephone stores 64x48 and a turn, and shows 48x64: 96 wide means 96x128."""
    source = make_clip(tmp_path / "a.mp4", rotation=90, times=range(2))
    options = BatchOptions(model="bicubic", target=TargetSize(width=96))
    row = one_row(run(source, tmp_path / made, options=options))
    assert (row.input_size, row.output_size) == ((64, 48), (128, 96))
    clip = probe_clip(tmp_path / made)
    assert clip.size == ((96, 128) if clip.rotation else (128, 96))
    again = run(source, tmp_path / made, options=options)
    assert again.files[0].status == "skipped"


@pytest.mark.parametrize(
    ("codec", "name"), [("hevc", "o.mp4"), ("av1", "o.webm"), ("vp9", "o.webm")]
)
def test_other_codecs_in_parts(codec, name, tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(20))
    moving = MovingOptions(EncodingChoice(codec))
    one_row(run(source, tmp_path / name, moving=moving))
    after = decoded(tmp_path / name)
    assert len(after) == 20
    before = decoded(source)
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before])


def test_ten_bits_stay_ten(tmp_path):
    source = make_clip(
        tmp_path / "a.mkv",
        codec="ffv1",
        pixel_format="yuv420p10le",
        options={},
        times=range(4),
    )
    moving = MovingOptions(EncodingChoice("ffv1"))
    row = one_row(run(source, tmp_path / "o.mkv", moving=moving))
    assert row.warnings == []
    assert probe_clip(tmp_path / "o.mkv").pixel_format == "yuv420p10le"
    made = decoded(tmp_path / "o.mkv")[0][1]
    wanted = Predictor.load("bicubic", scale=2)(decoded(source)[0][1])
    # Quarters of a level of 8 bits, apart from colour, which is halved.
    assert np.abs(made.mean(2) - wanted.mean(2)).mean() < 257


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_ffv1_of_pictures_loses_nothing(dtype, suffix, tmp_path):
    """Columns of red and blue, which colour of half the width would make purple."""
    peak = np.iinfo(dtype).max
    made = np.zeros((24, 32, 3), dtype)
    made[:, ::2, 0], made[:, 1::2, 2] = peak, peak - peak // 3
    made[..., 1] = np.random.default_rng(0).integers(0, peak, (24, 32))
    write_image(Picture(made), tmp_path / "in" / "0.png")
    moving = MovingOptions(EncodingChoice("ffv1"), fps=24)
    options = BatchOptions(model="bicubic", scale=1)
    output = tmp_path / f"o.{suffix}"
    row = one_row(run(tmp_path / "in", output, moving=moving, options=options))
    assert row.warnings == []
    ((_, shown),) = decoded(output)
    np.testing.assert_array_equal(shown, made)
    # And once more, from a clip that is RGB already.
    again = tmp_path / "again.mkv"
    row = one_row(run(output, again, moving=replace(moving, fps=None), options=options))
    assert row.warnings == []
    ((_, shown),) = decoded(again)
    np.testing.assert_array_equal(shown, made)


def test_odd_sides(tmp_path):
    source = make_clip(
        tmp_path / "a.mkv", codec="ffv1", size=(45, 61), options={}, times=range(2)
    )
    options = BatchOptions(model="bicubic", scale=1)
    row = one_row(run(source, tmp_path / "o.mp4", options=options))
    assert probe_clip(tmp_path / "o.mp4").size == (46, 62)
    assert "62x46 instead of 61x45" in row.warnings[0]
    assert one_row(run(source, tmp_path / "o.mp4", options=options)).status == "skipped"


class StumbleError(Exception):
    """What ends a run in the tests."""


def stumbling(at):
    """Return a predictor that fails at the n-th frame."""
    predictor, calls, lock = Predictor.load("bicubic", scale=2), [], threading.Lock()
    usual = predictor.predict

    def predict(*args, **kwargs):
        with lock:
            calls.append(1)
            if len(calls) == at:
                raise StumbleError
        return usual(*args, **kwargs)

    predictor.predict = predict
    predictor.calls = calls
    return predictor


def test_a_run_that_failed_goes_on_and_ends_the_same(tmp_path):
    source = make_clip(tmp_path / "a.mkv", sound=True)
    one_row(run(source, tmp_path / "whole.mp4"))
    output = tmp_path / "o.mp4"
    (row,) = run(source, output, load=lambda: stumbling(21)).files
    assert (row.status, row.error) == ("failed", f"{source}: StumbleError:")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert folder.name.startswith(".o.mp4.")
    # Up to eight frames were on their way when it failed.
    there = 8 * len(list(folder.glob("*.part")))
    assert there in (8, 16)
    assert not output.exists()
    told, rest = [], stumbling(0)
    one_row(run(source, output, on_event=told.append, load=lambda: rest))
    assert any(f"{there} frames of" in getattr(event, "text", "") for event in told)
    assert len(rest.calls) == 30 - there
    assert output.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert not folder.exists()


def test_frames_of_one_tick_are_moved_on_after_a_stop_too(tmp_path):
    """AVI has only ticks of its rate: two frames of one are a part's last, and on."""
    ticks = [index - 0.9 * (index > 6) for index in range(30)]
    times = [round(1000 * tick / 24) for tick in ticks]
    source = make_clip(tmp_path / "a.mkv", times=times, time_base=Fraction(1, 1000))
    one_row(run(source, tmp_path / "whole.avi"))
    output = tmp_path / "o.avi"
    (row,) = run(source, output, load=lambda: stumbling(21)).files
    assert row.status == "failed"
    one_row(run(source, output))
    assert output.read_bytes() == (tmp_path / "whole.avi").read_bytes()


def test_other_settings_or_another_input_begin_anew(tmp_path):
    source = make_clip(tmp_path / "a.mkv")
    run(source, tmp_path / "o.mp4", load=lambda: stumbling(21))
    fresh = stumbling(0)
    moving = MovingOptions(EncodingChoice(crf=30))
    row = one_row(run(source, tmp_path / "o.mp4", moving=moving, load=lambda: fresh))
    assert len(fresh.calls) == 30
    assert "remove it if they are not wanted" in row.warnings[0]
    os.utime(source, (1, 1))
    fresh, again = stumbling(0), BatchOptions(model="bicubic", scale=2, overwrite=True)
    one_row(run(source, tmp_path / "o.mp4", options=again, load=lambda: fresh))
    assert len(fresh.calls) == 30


def test_a_clip_that_is_there_is_not_made_again(tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(3))
    one_row(run(source, tmp_path / "o.mp4"))
    calls = stumbling(0)
    row = one_row(run(source, tmp_path / "o.mp4", load=lambda: calls))
    assert (row.status, calls.calls) == ("skipped", [])
    larger = BatchOptions(model="bicubic", scale=3)
    (row,) = run(source, tmp_path / "o.mp4", options=larger).files
    assert "exists with 128x96 pixels, expected 192x144" in row.error
    (tmp_path / "t.mp4").write_text("no clip")
    (row,) = run(source, tmp_path / "t.mp4").files
    assert "exists and is not a clip" in row.error


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    source = make_clip(tmp_path / "a.mkv")

    def full(self, record):
        raise OutputError("Cannot write o.mp4: No space left on device")

    monkeypatch.setattr(clip_sink.PartWriter, "add", full)
    (row,) = run(source, tmp_path / "o.mp4").files
    assert row.error == "Cannot write o.mp4: No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_one_bad_clip_stops_no_other(tmp_path):
    good = make_clip(tmp_path / "good.mkv", times=range(3))
    bad = tmp_path / "bad.mkv"
    bad.write_bytes(good.read_bytes()[:300])
    report = run([bad, good], tmp_path / "out")
    assert [row.status for row in report.files] == ["failed", "done"]
    assert str(bad) in report.files[0].error
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.mkv"]
    assert report.to_json()["files"][1]["frames"] == 3


@pytest.mark.parametrize("name", ["o.gif", "o.webp", "o.png"])
def test_an_animation_stays_one(name, tmp_path):
    frames = []
    for index in range(3):
        alpha = np.full((24, 32), 255, np.uint8)
        alpha[4:12, 8 * index : 8 * index + 8] = 0
        frames.append(Picture(photograph(24, 32, 40 * index), alpha))
    source = tmp_path / "a.gif"
    write_animation(frames, [40, 200, 1000], source, "gif", loop=3)
    row = one_row(run(source, tmp_path / name))
    assert (row.frames, row.output_size) == (3, (48, 64))
    made = read_animation(tmp_path / name)
    assert (made.delays, made.loop, made.size) == ((40, 200, 1000), 3, (48, 64))
    for index, picture in enumerate(animation_frames(made)):
        assert picture.alpha[16, 16 * index + 8] == 0
        assert picture.alpha[40, 16 * index + 8] == 255
    assert one_row(run(source, tmp_path / name)).status == "skipped"


def test_a_clip_becomes_an_animation_of_the_same_length(tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(24), size=(16, 16))
    one_row(run(source, tmp_path / "o.gif"))
    delays = read_animation(tmp_path / "o.gif").delays
    assert sum(delays) == pytest.approx(1000, abs=10)
    assert set(delays) <= {40, 50}


@pytest.mark.parametrize(("rate", "told"), [(24, 0), (50, 0), (60, 1), (120, 1)])
def test_times_that_browsers_do_not_keep_are_told(rate, told, tmp_path):
    times, base = range(12), Fraction(1, rate)
    source = make_clip(tmp_path / "a.mp4", times=times, time_base=base)
    row = one_row(run(source, tmp_path / "o.gif"))
    assert [line[:8] for line in row.warnings] == ["browsers"] * told
    assert one_row(run(source, tmp_path / "o.webp")).warnings == []


def profile(name):
    """sRGB under a name of as many letters."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for encoding in ("ascii", "utf-16-be"):
        icc = icc.replace("sRGB".encode(encoding), name.encode(encoding))
    return icc


@pytest.mark.parametrize(("name", "told"), [("sRGB", False), ("wide", True)])
@pytest.mark.parametrize("kind", ["webp", "png", "pictures"])
def test_profiles_that_are_left_out_are_told(name, told, kind, tmp_path):
    frames = [Image.fromarray(photograph(24, 32, 9 * index)) for index in range(3)]
    options = {"icc_profile": profile(name)}
    if kind == "pictures":
        (tmp_path / "in").mkdir()
        for index, frame in enumerate(frames):
            frame.save(tmp_path / "in" / f"{index}.png", **options)
        row = one_row(run(tmp_path / "in", tmp_path / "o.mp4"))
    else:
        source = tmp_path / f"a.{kind}"
        frames[0].save(source, save_all=True, append_images=frames[1:], **options)
        row = one_row(run(source, tmp_path / f"o.{kind}"))
    assert any("colour profile is left out" in line for line in row.warnings) == told


def test_an_animation_becomes_a_clip(tmp_path):
    alpha = np.full((24, 32), 255, np.uint8)
    alpha[:8] = 0
    frames = [
        Picture(np.full((24, 32, 3), shade, np.uint8), alpha) for shade in (0, 90)
    ]
    write_animation(frames, [100, 300], tmp_path / "a.webp", "webp")
    row = one_row(run(tmp_path / "a.webp", tmp_path / "o.mp4"))
    assert "laid over white" in row.warnings[0]
    made = decoded(tmp_path / "o.mp4")
    assert [time for time, _ in made] == [0, pytest.approx(0.1)]
    assert length_of(tmp_path / "o.mp4") == pytest.approx(0.4)
    assert made[0][1][4, 20].min() > 245
    assert made[0][1][40, 20].max() < 10


def test_pictures_become_a_clip_and_a_clip_becomes_pictures(tmp_path):
    for index in (0, 1, 2, 10):
        write_image(
            Picture(photograph(24, 32, 9 * index)), tmp_path / f"in/{index}.png"
        )
    moving = MovingOptions(EncodingChoice("h264", crf=1), fps=12.5)
    one_row(run(tmp_path / "in", tmp_path / "o.mp4", moving=moving))
    made = decoded(tmp_path / "o.mp4")
    assert [time for time, _ in made] == pytest.approx([0, 0.08, 0.16, 0.24])
    row = one_row(run(tmp_path / "o.mp4", tmp_path / "frames", "png"))
    assert (row.status, row.frames) == ("done", 4)
    folder = tmp_path / "frames"
    names = [f"{index:06d}.png" for index in (1, 2, 3, 4)]
    assert sorted(path.name for path in folder.iterdir()) == names
    large = read_image(folder / names[3]).pixels[::4, ::4].astype(int)
    assert np.abs(large - photograph(24, 32, 90)).mean() < 20
    (folder / names[1]).unlink()
    kept = (folder / names[0]).stat().st_mtime_ns
    calls = stumbling(0)
    one_row(run(tmp_path / "o.mp4", folder, "png", load=lambda: calls))
    assert len(calls.calls) == 1
    assert (folder / names[0]).stat().st_mtime_ns == kept
    row = one_row(run(tmp_path / "o.mp4", folder, "png"))
    assert row.status == "skipped"


def test_frames_of_another_size_are_not_taken_for_results(tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(3))
    one_row(run(source, tmp_path / "frames", "png"))
    (tmp_path / "frames" / "000002.png").unlink()
    larger = replace(BICUBIC, scale=3)
    (row,) = run(source, tmp_path / "frames", "png", options=larger).files
    assert row.status == "failed"
    assert "000001.png exists with" in row.error
    assert "--overwrite" in row.error


def test_bits_that_frames_lose_are_told(tmp_path):
    ten = {"codec": "ffv1", "pixel_format": "yuv420p10le", "options": {}}
    source = make_clip(tmp_path / "a.mkv", times=range(2), **ten)
    row = one_row(run(source, tmp_path / "frames", "jpg"))
    assert row.warnings == ["JPEG holds 8 bits a channel: 16-bit values are rounded"]


def test_pictures_of_several_sizes_are_no_clip(tmp_path):
    for index in (0, 1):
        write_image(Picture(photograph(24, 32 + index)), tmp_path / f"in/{index}.png")
    (row,) = run(tmp_path / "in", tmp_path / "o.mp4").files
    assert "frames of a clip must be of one size" in row.error


def test_what_does_not_fit_clips(tmp_path):
    source = make_clip(tmp_path / "a.mkv", times=range(2))
    with pytest.raises(UsageError, match="holds no h264"):
        run(source, tmp_path / "o.webm", moving=MovingOptions(EncodingChoice("h264")))


def test_damage_is_told(tmp_path):
    source = make_clip(tmp_path / "a.mkv", codec="ffv1", times=range(60), options={})
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 3])
    row = one_row(run(source, tmp_path / "o.mp4"))
    assert "the file is cut off" in row.warnings[-1]
    assert len(decoded(tmp_path / "o.mp4")) == row.frames < 30


def test_the_picture_of_a_cover_is_no_film_and_is_kept(tmp_path):
    import av
    from av.stream import Disposition

    plain, source = make_clip(tmp_path / "a.mp4", sound=True), tmp_path / "b.mp4"
    write_image(Picture(photograph(40, 40)), tmp_path / "cover.png")
    with av.open(str(plain)) as given, av.open(str(source), "w") as made:
        cover = made.add_mux_stream("png", width=40, height=40)
        cover.disposition = Disposition.attached_pic
        twins = [
            made.add_stream_from_template(one, opaque=True) for one in given.streams
        ]
        packet = av.Packet((tmp_path / "cover.png").read_bytes())
        packet.stream, packet.time_base = cover, Fraction(1, 90_000)
        packet.pts = packet.dts = 0
        packet.is_keyframe = True
        made.mux(packet)
        for packet in given.demux():
            if packet.size:
                packet.stream = twins[packet.stream.index]
                made.mux(packet)
    row = one_row(run(source, tmp_path / "o.mp4"))
    assert (row.frames, row.warnings) == (30, [])
    with av.open(str(tmp_path / "o.mp4")) as container:
        kinds = {(one.type, one.codec_context.name) for one in container.streams}
    assert kinds == {("video", "h264"), ("video", "png"), ("audio", "aac")}
    (line,) = one_row(run(source, tmp_path / "o.mkv")).warnings
    assert "video stream 2 (png) is left out: .mkv does not hold it" in line


def test_attachments_and_chapters_are_kept(tmp_path):
    import av

    source = tmp_path / "a.mkv"
    plain = make_clip(tmp_path / "plain.mkv")
    with av.open(str(plain)) as given, av.open(str(source), "w") as made:
        twin = made.add_stream_from_template(given.streams[0], opaque=True)
        made.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        chapter = {"id": 1, "start": 0, "end": 500, "metadata": {"title": "One"}}
        made.set_chapters([{**chapter, "time_base": Fraction(1, 1000)}])
        for packet in given.demux():
            if packet.size:
                packet.stream = twin
                made.mux(packet)
    assert one_row(run(source, tmp_path / "o.mkv")).warnings == []
    with av.open(str(tmp_path / "o.mkv")) as container:
        assert [one.type for one in container.streams] == ["video", "attachment"]
        (kept,) = container.chapters()
        assert kept["metadata"]["title"] == "One"
        assert (kept["end"] - kept["start"]) * kept["time_base"] == Fraction(1, 2)
    (line,) = one_row(run(source, tmp_path / "o.mp4")).warnings
    assert "attachment stream 1" in line
    row = one_row(run(tmp_path / "o.mp4", tmp_path / "again.mp4"))
    assert row.warnings == []


def test_sound_alone_is_no_clip(tmp_path):
    import av

    plain, source = make_clip(tmp_path / "a.mp4", sound=True), tmp_path / "b.mp4"
    with av.open(str(plain)) as given, av.open(str(source), "w") as made:
        twin = made.add_stream_from_template(given.streams.audio[0], opaque=True)
        for packet in given.demux(given.streams.audio[0]):
            if packet.size:
                packet.stream = twin
                made.mux(packet)
    (row,) = run(source, tmp_path / "o.mp4").files
    assert "holds no video stream" in row.error


def test_what_a_container_refuses_at_its_start_is_left_out(tmp_path, monkeypatch):
    """Hours of parts are not given up for an attachment."""
    import av

    from imgan.io.video.muxing import Join
    from imgan.io.video.muxing import Twin

    plain, source = make_clip(tmp_path / "a.mkv", sound=True), tmp_path / "b.mkv"
    with av.open(str(plain)) as given, av.open(str(source), "w") as made:
        twins = [
            made.add_stream_from_template(one, opaque=True) for one in given.streams
        ]
        made.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        for packet in given.demux():
            if packet.size:
                packet.stream = twins[packet.stream.index]
                made.mux(packet)
    monkeypatch.setattr(
        Join,
        "_twin",
        lambda self, made, one: Twin(made.add_stream_from_template(one, opaque=True)),
    )
    (line,) = one_row(run(source, tmp_path / "o.mp4")).warnings
    assert "attachment stream 2" in line
    sound = packets_of(tmp_path / "o.mp4", "audio")
    assert [data for _, data in sound] == [
        data for _, data in packets_of(source, "audio")
    ]
