"""What is asked for of clips."""

from dataclasses import dataclass

from imgan.io.video.codecs import EncodingChoice


@dataclass(frozen=True)
class MovingOptions:
    """What is asked for of clips, beside what is done with every picture."""

    encoding: EncodingChoice = EncodingChoice()
    fps: float | None = None
    """Frames a second of a clip made of pictures; None: 24."""
