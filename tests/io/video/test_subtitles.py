"""Text of subtitles between containers."""

import pytest

from imgan.io.video.subtitles import text_form
from imgan.io.video.subtitles import to_form

MOV = b"\x00\x05Salut"


@pytest.mark.parametrize(
    ("codec", "container", "form"),
    [
        ("srt", "mp4", "mov_text"),
        ("mov_text", "matroska", "subrip"),
        ("subrip", "webm", "webvtt"),
        ("ass", "mp4", None),
        ("dvd_subtitle", "mp4", None),
        ("srt", "avi", None),
    ],
)
def test_forms(codec, container, form):
    assert text_form(codec, container) == form


@pytest.mark.parametrize(
    ("data", "codec", "form", "made"),
    [
        (b"<i>Salut</i>", "srt", "mov_text", MOV),
        (rb"{\an8}Salut", "srt", "mov_text", MOV),
        (MOV + b"\x00\x00\x00\x08styl", "mov_text", "subrip", b"Salut"),
        (MOV + b"\x00\x00\x00\x08styl", "mov_text", "mov_text", None),
        (b"\x00\x00", "mov_text", "mov_text", None),
        (b" ", "srt", "mov_text", None),
        (b"<i>a</i>", "srt", "webvtt", b"<i>a</i>"),
    ],
)
def test_text(data, codec, form, made):
    if data[7:]:
        made = made or data  # Styles stay where nothing is changed.
    assert to_form(data, codec, form) == made
