"""The books of a job on a cluster: who has begun what, and what came of it.

Ray gives the pictures of a dead worker to another, and cannot know how far the first
one came. Here it is written down before it counts, in a process that outlives workers.
"""

import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import NamedTuple
from typing import Protocol

# A dead worker's clock and that of the file system agree to the second or so.
_CLEARLY_LATER = 2_000_000_000  # nanoseconds


class FileState(NamedTuple):
    """What tells one version of a file from another."""

    inode: int
    size: int
    changed: int
    """In nanoseconds, by the file system's clock."""


def state_of(path: Path) -> FileState | None:
    """Return the state of a file; None: there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return FileState(status.st_ino, status.st_size, status.st_mtime_ns)


class Attempt(NamedTuple):
    """A worker that is about to make a picture."""

    machine: str
    pid: int
    output: FileState | None
    """Of what lies under the output's name, before this worker writes."""
    alone: bool
    """Whether the worker makes no other picture meanwhile."""


class Earlier(NamedTuple):
    """What the books say of a picture that a worker is about to make."""

    tries: int = 0
    """Workers that have begun it and did not end it."""
    machine: str = ""
    """Of the first one."""
    output: FileState | None = None
    """What the first one found under the output's name."""
    row: dict[str, Any] | None = None
    """Of the last one that had computed the picture, and could have written it."""

    def was_written(self, machine: str, now: FileState | None) -> bool:
        """Return whether a worker wrote the output before it died.

        Args:
            machine: Where this is asked.
            now: What lies under the output's name now.
        """
        if self.row is None or now is None:
            return False
        if self.output is None:
            return True
        if machine == self.machine:
            return now != self.output
        # Machines may number files differently, and round their times: what only
        # seems to be new would never be computed.
        return now.changed - self.output.changed > _CLEARLY_LATER


@dataclass(frozen=True)
class Begun:
    """A worker has begun a picture."""

    index: int
    machine: str
    pid: int
    tries: int
    """Workers that had begun it before."""


@dataclass(frozen=True)
class Advanced:
    """A picture is computed to some fraction."""

    index: int
    fraction: float


@dataclass(frozen=True)
class Ended:
    """A worker is through with a picture."""

    index: int
    outcome: dict[str, Any]


Note = Begun | Advanced | Ended


class Ledger(Protocol):
    """The books as a worker sees them."""

    def begin(self, index: int, attempt: Attempt) -> Earlier:
        """Write down that a worker begins a picture, and return what was there."""
        ...

    def computed(self, index: int, row: dict[str, Any]) -> None:
        """Write down what the row of a picture will be once its output is written."""
        ...

    def advance(self, index: int, fraction: float) -> None:
        """Pass on how far a picture is."""
        ...

    def load(self, worker: str) -> int:
        """Write down that a worker loads the model; return how often it began before.

        Only the times are counted after which nothing more was heard of it.
        """
        ...

    def loaded(self, worker: str) -> None:
        """Write down that a worker has loaded the model."""
        ...


class Books:
    """The books themselves; called from many threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._pages: dict[int, Earlier] = {}
        self._loads: Counter[str] = Counter()
        self._notes: list[Note] = []

    def begin(self, index: int, attempt: Attempt) -> Earlier:
        """See `Ledger`. A picture that was begun before is begun alone, or not yet."""
        with self._condition:
            earlier = self._pages.get(index, Earlier())
            if earlier.tries and not attempt.alone:
                return earlier
            self._note(Begun(index, attempt.machine, attempt.pid, earlier.tries))
            first = Earlier(machine=attempt.machine, output=attempt.output)
            page = earlier if earlier.tries else first
            self._pages[index] = page._replace(tries=earlier.tries + 1)
            return earlier

    def computed(self, index: int, row: dict[str, Any]) -> None:
        """See `Ledger`."""
        with self._condition:
            self._pages[index] = self._pages[index]._replace(row=row)

    def advance(self, index: int, fraction: float) -> None:
        """See `Ledger`."""
        with self._condition:
            self._note(Advanced(index, fraction))

    def load(self, worker: str) -> int:
        """See `Ledger`."""
        with self._condition:
            self._loads[worker] += 1
            return self._loads[worker] - 1

    def loaded(self, worker: str) -> None:
        """See `Ledger`."""
        with self._condition:
            del self._loads[worker]

    def end(self, index: int, outcome: dict[str, Any]) -> None:
        """Write down that a picture is through."""
        with self._condition:
            self._note(Ended(index, outcome))

    def read_on(self, seconds: float) -> list[Note]:
        """Return the notes since the last call; wait a while for one."""
        with self._condition:
            self._condition.wait_for(lambda: bool(self._notes), seconds)
            notes, self._notes = self._notes, []
            return notes

    def _note(self, note: Note) -> None:
        self._notes.append(note)
        self._condition.notify_all()


class DistantBooks:
    """The books as they are reached from another process.

    Args:
        handle: Ray's, of the actor that keeps them.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def begin(self, index: int, attempt: Attempt) -> Earlier:
        """See `Ledger`."""
        earlier: Earlier = self._ask("begin", index, attempt)
        return earlier

    def computed(self, index: int, row: dict[str, Any]) -> None:
        """See `Ledger`."""
        self._ask("computed", index, row)

    def advance(self, index: int, fraction: float) -> None:
        """See `Ledger`; nobody waits for it."""
        self._handle.advance.remote(index, fraction)

    def load(self, worker: str) -> int:
        """See `Ledger`."""
        begun: int = self._ask("load", worker)
        return begun

    def loaded(self, worker: str) -> None:
        """See `Ledger`."""
        self._ask("loaded", worker)

    def _ask(self, method: str, *arguments: Any) -> Any:
        import ray

        return ray.get(getattr(self._handle, method).remote(*arguments))
