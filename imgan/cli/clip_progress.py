"""Progress of a batch with clips in it: by frames, with the time that is left."""

import time
from typing import TYPE_CHECKING
from typing import Any

from imgan.cli.batch_progress import BatchProgress

if TYPE_CHECKING:
    from imgan.inference.batch import Event

_PERIOD = 10.0  # seconds between lines, where there is no bar


class ClipProgress(BatchProgress):
    """As of pictures, and of each clip how many frames are done."""

    _next = 0.0

    def __call__(self, event: "Event") -> None:
        """Show one event."""
        super().__call__(event)
        done = getattr(event, "done", None)
        if done is None or self._quiet:
            return
        text = _frames(event)
        if self._bar:
            self._bar.update(self._task, description=text)
            return
        now = time.monotonic()
        if not self._next:
            self._next = now + _PERIOD
        elif now >= self._next:
            self._next = now + _PERIOD
            self.line(text)


def _frames(event: Any) -> str:
    """Return `clip.mp4: 120 of 240 frames, 0:12 left`."""
    # A file may promise fewer frames than it has.
    total = f" of {event.total}" if event.total >= event.done else ""
    text = f"{event.row.input.name}: {event.done}{total} frames"
    if event.left is None or not total:
        return text
    minutes, seconds = divmod(round(event.left), 60)
    hours, minutes = divmod(minutes, 60)
    clock = (
        f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    )
    return f"{text}, {clock} left"
