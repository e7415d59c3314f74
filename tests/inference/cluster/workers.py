"""Steps of a picture that leave a trace, and such as end their process.

Ray's workers import this module; what they share is in the folder above the results.
"""

import os
import signal
import threading
import time
from pathlib import Path

from imgan.inference.predictor import Predictor
from imgan.inference.predictor import Progress
from imgan.inference.work import Item
from imgan.inference.work import Worker

FATAL = "3.png"
"""The picture that something happens to."""


def shared(item: Item) -> Path:
    """Return the folder that holds those of inputs and outputs."""
    assert item.row.output is not None
    return item.row.output.parent.parent


def traces(folder: Path) -> list[tuple[str, int]]:
    """Return which picture was computed by which process, as often as it was."""
    lines = (folder / "traces").read_text().splitlines()
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def await_processes(folder: Path, count: int) -> None:
    """Let pictures of `AwaitsOthers` wait until `count` processes have begun one."""
    partial = folder / "awaited.new"
    partial.write_text(str(count))
    partial.replace(folder / "awaited")


def waiting_process(folder: Path, count: int) -> int:
    """Return a process that has a picture in hand and waits for `count` processes."""
    held, end = folder / f"held-{count}", time.monotonic() + 60
    while not held.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return int(held.read_text())


def die() -> None:
    """End this process as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # Until the signal has come.


class Traced(Worker):
    """Takes half a second for a picture, and writes down that it was computed."""

    def compute(
        self,
        item: Item,
        predictor: Predictor,
        progress: Progress,
        cancelled: threading.Event,
    ) -> None:
        """Leave a trace, wait and compute."""
        with (shared(item) / "traces").open("a") as file:
            file.write(f"{item.row.input.name} {os.getpid()}\n")
        time.sleep(0.5)
        super().compute(item, predictor, progress, cancelled)
        self.hold(item)

    def hold(self, item: Item) -> None:
        """Wait with a picture that was computed, before it is written."""


class AwaitsOthers(Traced):
    """Holds a picture back until as many processes have begun as the test asks for.

    How long a process takes to begin is the machine's affair: without this, one that
    is quick to begin may do everything before the others come.
    """

    def hold(self, item: Item) -> None:
        """Wait for the other processes."""
        folder, end = shared(item), time.monotonic() + 120
        while time.monotonic() < end:
            awaited = int((folder / "awaited").read_text())
            if len({pid for _, pid in traces(folder)}) >= awaited:
                break
            mine = folder / f"held-by-{item.row.input.name}"
            mine.write_text(str(os.getpid()))
            mine.replace(folder / f"held-{awaited}")
            time.sleep(0.1)


class DiesOnce(Traced):
    """Ends its process once, when a picture was computed and before it is written."""

    def write(self, item: Item, cancelled: threading.Event) -> None:
        """Write, or end."""
        if self.is_time(item):
            die()
        super().write(item, cancelled)

    def is_time(self, item: Item) -> bool:
        """Return whether to end: once for all processes."""
        if item.row.input.name != FATAL:
            return False
        try:
            (shared(item) / "died").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class DiesAfterWriting(DiesOnce):
    """Ends its process once, when a picture has its name and nobody knows."""

    def write(self, item: Item, cancelled: threading.Event) -> None:
        """Write, and maybe end."""
        Worker.write(self, item, cancelled)
        if self.is_time(item):
            die()


class DiesAlways(Traced):
    """Ends its process whenever it is given a certain picture."""

    def write(self, item: Item, cancelled: threading.Event) -> None:
        """Write, or end."""
        if item.row.input.name == FATAL:
            die()
        super().write(item, cancelled)
