"""What comes from a cluster, made into the rows and events of a batch."""

import os
import time
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imgan import errors
from imgan.errors import ClusterError
from imgan.inference.cluster.books import Advanced
from imgan.inference.cluster.books import Begun
from imgan.inference.cluster.books import Ended
from imgan.inference.cluster.books import Note
from imgan.inference.report import FileRow
from imgan.inference.stages import Finished
from imgan.inference.stages import OnEvent
from imgan.inference.stages import Progressed
from imgan.inference.stages import Told
from imgan.io.temporaries import discard_temporary
from imgan.io.temporaries import temporary_of
from imgan.types import Size

_LONG = 30.0
"""Seconds without a worker after which something is said."""
_BLIND = 16
"""Pictures that workers do not see, and none that they see, before all is given up."""
_KINDS: dict[str, type[errors.ImganError]] = {
    kind.__name__: kind
    for kind in (
        errors.UsageError,
        errors.DataError,
        errors.CheckpointError,
        errors.UnknownModelError,
        errors.OutputError,
    )
}


class Follower:
    """Takes the notes of a job, closes the rows of its pictures, and tells of both.

    Args:
        rows: Of all pictures of the batch, by the numbers that the notes have.
        left: Numbers of those that the cluster makes.
        on_event: Told in the caller's thread.
    """

    def __init__(
        self, rows: Sequence[FileRow], left: Sequence[int], on_event: OnEvent
    ) -> None:
        self._rows = rows
        self._left = dict.fromkeys(left)
        self._on_event = on_event
        self._since = time.monotonic()
        self._begun: set[tuple[Path, int, str]] = set()
        self._told: set[str] = set()
        self._devices: dict[str, str] = {}
        self._precisions: set[str] = set()
        self._computing: list[tuple[float, float]] = []
        self._blind = self._seeing = 0

    @property
    def device(self) -> str | None:
        """What computed, such as "2 x gpu"; None: nothing did."""
        counts = Counter(self._devices.values())
        return ", ".join(f"{counts[kind]} x {kind}" for kind in sorted(counts)) or None

    @property
    def precision(self) -> str | None:
        """In what it computed: more than one where the processors differ."""
        return ", ".join(sorted(self._precisions)) or None

    @property
    def network_seconds(self) -> float:
        """Time in which at least one picture was being computed."""
        total, until = 0.0, 0.0
        for began, ended in sorted(self._computing):
            total += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return total

    def take(self, note: Note) -> None:
        """Take one note.

        Raises:
            ImganError: If it says that the job cannot go on.
        """
        row = self._rows[note.index]
        if isinstance(note, Begun):
            output = Path(os.path.abspath(str(row.output)))
            self._begun.add((output, note.pid, note.machine))
            if note.tries and note.index in self._left:
                self._tell(f"{row.input} is made once more: its worker died")
        elif isinstance(note, Advanced):
            if note.index in self._left:
                self._on_event(Progressed(row, note.fraction))
        else:
            self._end(note, row)

    def wait(self) -> None:
        """Say so when no worker has begun for long."""
        if not self._begun and time.monotonic() - self._since > _LONG:
            self._tell("waiting for the cluster: its devices may be busy")

    def close(self) -> None:
        """Close the rows of pictures of which nothing was heard."""
        for index in list(self._left):
            row = self._rows[index]
            lost = ClusterError(
                f"{row.input}: given up by the cluster, whose workers died again and "
                "again. Run the same command once more"
            )
            row.fail(lost)
            self._finish(index, row)

    def clean(self) -> bool:
        """Remove what workers that died were writing; return whether there was any.

        Only for after the job: its living workers have ended all they began by then.
        """
        found = False
        for begun in self._begun:
            temporary = temporary_of(*begun)
            found |= temporary.exists()
            discard_temporary(temporary)
        return found

    def _end(self, note: Ended, row: FileRow) -> None:
        outcome = note.outcome
        if "fatal" in outcome:
            name, message = outcome["fatal"]
            raise _KINDS.get(name, ClusterError)(message)
        if note.index not in self._left:
            return
        self._devices[outcome["worker"]] = outcome["device"]
        self._precisions.add(outcome["precision"])
        if "computing" in outcome:
            self._computing.append(tuple(outcome["computing"]))
        if "tiles" in outcome:
            self._tell(outcome["tiles"])
        _fill(row, outcome["row"])
        self._finish(note.index, row)
        self._check_sight(row, blind=outcome.get("blind", False))

    def _check_sight(self, row: FileRow, *, blind: bool) -> None:
        self._blind += blind
        self._seeing += not blind
        if not self._seeing and (self._blind >= _BLIND or not self._left):
            raise ClusterError(
                f"No machine of the cluster sees the pictures. {row.error}"
            )

    def _finish(self, index: int, row: FileRow) -> None:
        del self._left[index]
        self._on_event(Finished(row))

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._on_event(Told(text))


def _fill(row: FileRow, values: Mapping[str, Any]) -> None:
    """Put what a worker says of a picture into its row, with the user's own paths."""
    row.status = values["status"]
    row.error = _as_given(values["error"], row)
    row.warnings = [str(_as_given(warning, row)) for warning in values["warnings"]]
    row.precision = values["precision"]
    row.seconds += values["seconds"]
    if values["input_size"] is not None:
        row.input_size = Size(*values["input_size"])
    if values["output_size"] is not None:
        row.output_size = Size(*values["output_size"])


def _as_given(text: str | None, row: FileRow) -> str | None:
    for path in (row.input, row.output):
        if text is not None and path is not None:
            text = text.replace(os.path.abspath(path), str(path))
    return text
