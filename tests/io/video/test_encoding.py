"""Codecs, qualities and pixel formats: what is chosen, and what is refused."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from imgan import machine
from imgan.errors import UsageError
from imgan.io.video.codecs import CODECS
from imgan.io.video.codecs import EncodingChoice
from imgan.io.video.codecs import check_choice
from imgan.io.video.colour import from_rgb
from imgan.io.video.encoding import choose_encoding
from imgan.io.video.encoding import make_encoder
from imgan.io.video.probe import probe_clip
from imgan.types import Size
from tests.io.video.clips import make_clip
from tests.io.video.clips import photograph

CHOICE = EncodingChoice()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    return probe_clip(make_clip(folder / "a.mkv", times=[0, 1]))


@pytest.mark.parametrize(
    ("name", "codec", "deep"),
    [
        ("a.mp4", "h264", "hevc"),
        ("a.MOV", "h264", "hevc"),
        ("a.mkv", "h264", "hevc"),
        ("a.webm", "vp9", "vp9"),
        ("a.avi", "h264", "h264"),
    ],
)
def test_the_container_chooses(name, codec, deep):
    assert check_choice(CHOICE, Path(name)) == codec
    assert check_choice(CHOICE, Path(name), deep=True) == deep


@pytest.mark.parametrize(
    ("choice", "name", "message"),
    [
        (EncodingChoice("h265"), "a.mp4", "must be one of h264"),
        (EncodingChoice("h264"), "a.webm", r"\.webm holds no h264; name the output"),
        (EncodingChoice("ffv1"), "a.mp4", r"name the output \.mkv, \.avi"),
        (EncodingChoice("ffv1", crf=3), "a.mkv", "ffv1 is lossless"),
        (EncodingChoice("h264", crf=52), "a.mkv", "from 0, best, to 51"),
        (EncodingChoice("ffv1", preset="slow"), "a.mkv", "no presets"),
        (EncodingChoice("av1", preset="slow"), "a.mkv", "is a number"),
        (EncodingChoice("h264", preset="4"), "a.mkv", "is a word"),
        (EncodingChoice("h264", preset="slwo"), "a.mkv", "one of .*slow"),
        (EncodingChoice("av1", preset="99"), "a.mkv", "one of 0, 1"),
    ],
)
def test_what_is_refused(choice, name, message):
    with pytest.raises(UsageError, match=message):
        check_choice(choice, Path(name))


@pytest.mark.parametrize("codec", CODECS)
def test_quality_and_preset_reach_the_encoder(codec, clip):
    path, size, usual = Path("a.mkv"), Size(96, 128), CODECS[codec].crf
    made = choose_encoding(EncodingChoice(codec), clip, path, size, 8)
    assert made.options.get("crf") == (None if usual is None else str(usual))
    if usual is None:
        return
    preset = "slow" if codec in ("h264", "hevc") else "3"
    other = EncodingChoice(codec, 33, preset)
    asked = choose_encoding(other, clip, path, size, 8)
    assert asked.options["crf"] == "33"
    assert preset in asked.options.values()


def test_depth_and_colour_are_kept_where_they_can_be(clip):
    def made(name, codec, pixel_format, bits):
        other = replace(clip, pixel_format=pixel_format)
        one = choose_encoding(
            EncodingChoice(codec), other, Path(name), Size(96, 128), bits
        )
        return one.pixel_format, len(one.notes)

    assert made("a.mp4", "hevc", "yuv420p10le", 16) == ("yuv420p10le", 0)
    assert made("a.mp4", "hevc", "yuv444p12le", 16) == ("yuv444p12le", 0)
    assert made("a.mp4", "h264", "yuv422p", 8) == ("yuv422p", 0)
    assert made("a.mp4", "h264", "gbrp", 8) == ("yuv444p", 0)
    assert made("a.mp4", "h264", "yuvj420p", 8) == ("yuv420p", 0)
    assert made("a.mp4", "h264", "yuv420p12le", 16) == ("yuv420p10le", 1)
    assert made("a.mkv", "av1", "yuv444p", 8) == ("yuv420p", 1)
    # A model that makes 8 bits of 10 has only those to be kept.
    assert made("a.mp4", "hevc", "yuv420p10le", 8) == ("yuv420p", 0)


def test_odd_sides_become_even_where_the_codec_wants_it(clip):
    def made(codec, pixel_format="yuv420p"):
        other = replace(clip, pixel_format=pixel_format)
        return choose_encoding(
            EncodingChoice(codec), other, Path("a.mkv"), Size(45, 61), 8
        )

    assert made("h264").size == (46, 62)
    assert "62x46 instead of 61x45" in made("h264").notes[0]
    assert made("h264", "yuv444p").size == (45, 61)
    assert made("vp9").size == (45, 61)


def test_avi_has_a_rate_and_no_times(clip):
    made = choose_encoding(CHOICE, clip, Path("a.avi"), Size(96, 128), 8)
    assert made.time_base == Fraction(1, 24)
    assert made.options["bf"] == "0"
    kept = choose_encoding(CHOICE, clip, Path("a.mp4"), Size(96, 128), 8)
    assert kept.time_base == clip.time_base


def test_the_key_knows_every_setting(clip):
    one, two = (
        choose_encoding(EncodingChoice(crf=crf), clip, Path("a.mp4"), Size(96, 128), 8)
        for crf in (18, 19)
    )
    assert one.key() != two.key()


@pytest.mark.parametrize("codec", CODECS)
def test_encoders_keep_to_the_cores_that_are_granted(clip, codec, monkeypatch):
    choice, output = EncodingChoice(codec), Path("a.mkv")
    made = choose_encoding(choice, clip, output, Size(96, 128), 8)
    for limit, count in ((None, 0), (1, 1)):
        monkeypatch.setattr(machine, "_limit", limit)
        encoder = make_encoder(made)
        before = set(os.listdir("/proc/self/task")) if limit else set()
        frame = from_rgb(photograph(96, 128), made.pixel_format, made.tags)
        frame.pts, frame.time_base = 0, made.time_base
        packets = [*encoder.encode(frame), *encoder.encode(None)]
        assert len(packets) == 1
        # FFmpeg resolves 0 when it opens some of them.
        assert encoder.thread_count == count or not limit
        if limit and codec != "av1":
            assert len(set(os.listdir("/proc/self/task")) - before) <= 2
