"""Progress of a batch on stderr: a bar on a terminal, plain lines elsewhere."""

import contextlib
import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING
from typing import Self
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import TaskID
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn

if TYPE_CHECKING:
    from imgan.inference.batch import Event
    from imgan.inference.report import FileRow


class BatchProgress:
    """Tells a person what a batch does; call it with each event.

    It writes to a descriptor of its own: descriptor 2 is held back while TensorFlow is
    imported, and what happens meanwhile must not be lost.

    Args:
        total: Pictures in the batch.
        quiet: Show failures only.
    """

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._total = total
        self._quiet = quiet
        self._ended = 0
        self._running: dict[int, float] = {}
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._file, self._own = _stderr()

    def __enter__(self) -> Self:
        """Begin to show the bar, where there is a terminal."""
        if not self._quiet and self._file.isatty():
            self._bar = Progress(
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}", markup=False),
                console=Console(file=self._file),
                redirect_stdout=False,
                redirect_stderr=False,
                transient=True,
            )
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __call__(self, event: "Event") -> None:
        """Show one event."""
        row: FileRow | None = getattr(event, "row", None)
        if row is None:
            if not self._quiet:
                self.line(getattr(event, "text", ""))
            return
        fraction = getattr(event, "fraction", None)
        if fraction is not None:
            self._running[id(row)] = fraction
        else:
            self._running.pop(id(row), None)
            self._ended += 1
            if not self._quiet:
                self._tell(row)
        if self._bar:
            done = self._ended + sum(self._running.values())
            self._bar.update(self._task, completed=done, description=row.input.name)

    def failure(self, row: "FileRow") -> None:
        """Write why a picture failed, with its name, on one line."""
        reason = row.error or "unknown reason"
        if _printable(str(row.input)) not in reason:
            reason = f"{row.input}: {reason}"
        self.line(f"imgan: {reason}")

    def line(self, text: str) -> None:
        """Write one line on stderr, above the bar if there is one."""
        text = _printable(text)
        with contextlib.suppress(OSError, ValueError):
            if self._bar:
                self._bar.console.print(
                    text, markup=False, highlight=False, soft_wrap=True
                )
                return
            self._file.write(text + "\n")
            self._file.flush()

    def close(self) -> None:
        """Give the descriptor back."""
        if self._own:
            with contextlib.suppress(OSError):
                self._file.close()

    def _tell(self, row: "FileRow") -> None:
        if row.status in ("failed", "not_done"):
            return  # Said at the end, where it is found.
        if not self._bar:
            count = f"[{self._ended}/{self._total}]"
            how = "there already" if row.status == "skipped" else f"{row.seconds:.1f} s"
            self.line(f"{count} {row.input} -> {row.output} ({how})")
        for warning in row.warnings:
            self.line(f"imgan: {row.input}: {warning}")


def _printable(text: str) -> str:
    # A file name may hold line ends, control characters and bytes that are no text.
    clean = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
    return clean.encode("utf-8", "backslashreplace").decode()


def _stderr() -> tuple[TextIO, bool]:
    """Return stderr on a descriptor of its own, and whether it must be closed."""
    try:
        if sys.stderr.fileno() != 2:
            return sys.stderr, False
        descriptor = os.dup(2)
    except (AttributeError, OSError, ValueError):
        return sys.stderr, False
    file = os.fdopen(
        descriptor, "w", encoding=sys.stderr.encoding, errors="backslashreplace"
    )
    return file, True
