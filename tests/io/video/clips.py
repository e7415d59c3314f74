"""Clips for the tests, made with PyAV from a photograph."""

from collections.abc import Callable
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from imgan.types import Array

SOUND_RATE = 44_100


def photograph(height: int, width: int, shift: int = 0) -> Array:
    """Return a part of a photograph, `(height, width, 3)` uint8; `shift` moves it."""
    from skimage import data

    whole = data.astronaut()
    repeated = np.tile(whole, (-(-height // 512), -(-(width + shift) // 512), 1))
    return np.ascontiguousarray(repeated[:height, shift : shift + width])


def make_clip(
    path: Path,
    *,
    size: tuple[int, int] = (48, 64),
    times: Sequence[int] = tuple(range(30)),
    time_base: Fraction = Fraction(1, 24),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    tags: tuple[int, int, int, int] = (6, 1, 2, 2),
    sound: bool = False,
    subtitle: str | None = None,
    draw: Callable[[int], Array] | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Make a clip: frames at `times`, and maybe a tone and two lines of text."""
    import av

    matrix, full, primaries, transfer = tags
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "A clip"
        stream: Any = container.add_stream(codec, rate=24)
        stream.height, stream.width = size
        stream.pix_fmt = pixel_format
        stream.time_base = stream.codec_context.time_base = time_base
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, full
        stream.codec_context.color_primaries = primaries
        stream.codec_context.color_trc = transfer
        stream.options = options or {"crf": "16", "preset": "ultrafast"}
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        streams = [_video(stream, size, times, time_base, draw, tags)]
        if sound:
            streams.append(_sound(container, times, time_base))
        if subtitle is not None:
            streams.append(_text(container, subtitle))
        for packets in streams:
            for packet in packets:
                container.mux(packet)
    return path


def _video(
    stream: Any,
    size: tuple[int, int],
    times: Sequence[int],
    time_base: Fraction,
    draw: Callable[[int], Array] | None,
    tags: tuple[int, int, int, int],
) -> Any:
    import av

    for index, pts in enumerate(times):
        pixels = draw(index) if draw else photograph(*size, shift=index)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.color_range = 2
        frame = frame.reformat(
            format=stream.pix_fmt,
            dst_colorspace=5 if tags[0] == 6 else tags[0],
            dst_color_range=tags[1],
        )
        frame.pts, frame.time_base = pts, time_base
        frame.colorspace, frame.color_range = tags[0], tags[1]
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _sound(container: Any, times: Sequence[int], time_base: Fraction) -> Any:
    """Yield a tone as long as the frames."""
    import av

    stream = container.add_stream("aac", rate=SOUND_RATE)
    length = round((times[-1] + 1) * time_base * SOUND_RATE)
    wave = np.sin(np.arange(length) * (2 * np.pi * 440 / SOUND_RATE)) * 0.3

    def packets() -> Any:
        for start in range(0, length, 1024):
            part = np.stack([wave[start : start + 1024]] * 2).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = SOUND_RATE, start
            frame.time_base = Fraction(1, SOUND_RATE)
            yield from stream.encode(frame)
        yield from stream.encode(None)

    return packets()


def _text(container: Any, codec: str) -> Any:
    import av

    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "fra"

    def packets() -> Any:
        for start, text in ((100, "Bonjour"), (600, "Ça va ?")):
            data = text.encode()
            if codec == "mov_text":
                data = len(data).to_bytes(2, "big") + data
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = start
            packet.duration = 300
            yield packet

    return packets()


def packets_of(path: Path, kind: str) -> list[tuple[float, bytes]]:
    """Return seconds and bytes of the packets of the first stream of a kind."""
    import av

    with av.open(str(path)) as container:
        stream = next(one for one in container.streams if one.type == kind)
        return [
            (round(float(packet.pts * packet.time_base), 3), bytes(packet))
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None
        ]


def decoded(path: Path) -> list[tuple[float, Array]]:
    """Return times in seconds and RGB pixels of the frames of a clip."""
    from imgan.io.video.probe import probe_clip
    from imgan.io.video.reading import ClipReader

    clip = probe_clip(path)
    return [
        (float(frame.pts * clip.time_base), frame.pixels)
        for frame in ClipReader(clip).frames()
        if frame.pixels is not None
    ]


def length_of(path: Path) -> float:
    """Return the seconds from the first frame's begin to the last one's end."""
    from imgan.io.video.probe import probe_clip
    from imgan.io.video.reading import ClipReader

    clip = probe_clip(path)
    frames = list(ClipReader(clip).frames(lambda index: False))
    ticks = frames[-1].pts + frames[-1].duration - frames[0].pts
    return float(ticks * clip.time_base)
