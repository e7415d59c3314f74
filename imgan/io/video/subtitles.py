"""Subtitles that are plain text, from the form of one container to that of another."""

import re

# The names of FFmpeg's decoders, which streams carry.
_PLAIN = {"srt", "subrip", "webvtt", "text"}
_LENGTH = 2  # bytes before the text of MP4's subtitles
_TAG = re.compile(rb"<[^<>]*>|\{\\[^{}]*\}")

_FORM_OF_CONTAINER = {
    "mp4": "mov_text",
    "mov": "mov_text",
    "matroska": "subrip",
    "webm": "webvtt",
}


def text_form(codec: str, container: str) -> str | None:
    """Return the form in which a container takes subtitles of some codec.

    Args:
        codec: Of the subtitles, as FFmpeg calls it.
        container: That they go into.

    Returns:
        FFmpeg's name of a codec; None if they are no text, or it takes none.
    """
    known = codec in _PLAIN or codec == "mov_text"
    return _FORM_OF_CONTAINER.get(container) if known else None


def to_form(data: bytes, codec: str, form: str) -> bytes | None:
    """Return one subtitle in another form.

    Styles that MP4 keeps apart from the text, and tags that it does not know, are lost.

    Args:
        data: Of a packet.
        codec: Its form now.
        form: What `text_form` returned.

    Returns:
        None for one that shows nothing, as MP4 has between others.
    """
    if codec == "mov_text":
        end = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
        text = data[_LENGTH:end]
    else:
        text = data
    if not text.strip():
        return None
    if form != "mov_text":
        return text
    if codec == "mov_text":
        return data
    text = _TAG.sub(b"", text)
    return len(text).to_bytes(_LENGTH, "big") + text
