"""What a batch did, picture by picture, and as the JSON that scripts lean on."""

import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any
from typing import Literal

from imgan import __version__
from imgan.errors import ImganError
from imgan.errors import OutputError
from imgan.types import Size

Status = Literal["done", "skipped", "failed", "not_done", "planned"]
"""not_done: the batch was stopped before; planned: what a dry run would compute."""


@dataclass
class FileRow:
    """One picture of a batch."""

    input: Path
    output: Path | None
    status: Status = "failed"
    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    precision: str | None = None
    seconds: float = 0.0
    """Reading, computing and writing it, without waiting."""
    input_size: Size | None = None
    """After orientation."""
    output_size: Size | None = None
    frames: int | None = None
    """Of a clip or an animation; None: a single picture."""

    def fail(self, error: Exception) -> None:
        """Close the row of a picture that failed, with the reason on one line."""
        reason = str(error)
        if isinstance(error, MemoryError):
            reason = f"{self.input}: out of memory"
        elif not isinstance(error, ImganError):
            reason = f"{self.input}: {type(error).__name__}: {error}"
        self.status = "failed"
        self.error = " ".join(reason.split())

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        values = {
            "input": str(self.input),
            "output": None if self.output is None else str(self.output),
            "status": self.status,
            "error": self.error,
            "warnings": self.warnings,
            "precision": self.precision,
            "seconds": round(self.seconds, 3),
            "input_size": None if self.input_size is None else list(self.input_size),
            "output_size": None if self.output_size is None else list(self.output_size),
        }
        return values if self.frames is None else {**values, "frames": self.frames}


@dataclass
class Report:
    """A whole batch."""

    command: str
    model: str
    weights_sha256: str | None
    device: str
    precision: str
    files: list[FileRow]
    fidelity: float | None = None
    """Between 0, the adversarial model, and 1, its partner; None: the model itself."""
    seed: int | None = None
    """Of dropout, where it was on; None: results are the same every time."""
    ignored: int = 0
    """Files without a picture's suffix."""
    excluded: int = 0
    """Pictures that patterns left out."""
    estimate: dict[str, Any] | None = None
    """Of a dry run, as JSON values: what the rest would take."""
    seconds: float = 0.0
    network_seconds: float = 0.0
    """Time in which at least one picture was being computed."""

    def count(self, status: Status) -> int:
        """Return how many pictures ended so."""
        return sum(row.status == status for row in self.files)

    @property
    def input_megapixels(self) -> float:
        """Area of the pictures that were computed, in millions of input pixels."""
        return sum(
            row.input_size.megapixels * (row.frames or 1)
            for row in self.files
            if row.status == "done" and row.input_size is not None
        )

    @property
    def megapixels_per_second(self) -> float:
        """Input megapixels done per second of the whole batch, start-up included."""
        return self.input_megapixels / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of `--report`."""
        values = {
            "imgan": __version__,
            "command": self.command,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "device": self.device,
            "precision": self.precision,
            "fidelity": self.fidelity,
            "seed": self.seed,
            "files": [row.to_json() for row in self.files],
            "totals": {
                "done": self.count("done"),
                "skipped": self.count("skipped"),
                "failed": self.count("failed"),
                "not_done": self.count("not_done"),
                "ignored": self.ignored,
                "excluded": self.excluded,
                "seconds": round(self.seconds, 3),
                "network_seconds": round(self.network_seconds, 3),
                "input_megapixels": round(self.input_megapixels, 6),
                "megapixels_per_second": round(self.megapixels_per_second, 6),
            },
        }
        if self.estimate is not None:
            values["dry_run"] = self.estimate
        return values

    def to_text(self) -> str:
        """Return the JSON as text. File names that are no text keep their bytes."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    def summary(self) -> str:
        """Return the batch in one line."""
        counts = f"{self.count('done')} done, {self.count('skipped')} skipped"
        counts += f", {self.count('failed')} failed"
        if self.count("not_done"):
            counts += f", {self.count('not_done')} not done"
        if self.excluded:
            counts += f", {self.excluded} left out by patterns"
        if self.ignored:
            files = "file" if self.ignored == 1 else "files"
            counts += f", {self.ignored} other {files} ignored"
        if self.count("skipped"):
            counts += " (of the right size, whatever made them; --overwrite computes "
            counts += "them again)"
        if not self.count("done"):
            return counts
        return (
            f"{counts}: {rounded(self.input_megapixels)} megapixels in "
            f"{self.seconds:.1f} s with {self.model} on {self.device}, {self.precision}"
        )


class BusyClock:
    """Measures the time in which at least one thread was inside."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = 0
        self._since = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time inside the block, once however many threads are in it."""
        with self._lock:
            if not self._inside:
                self._since = time.perf_counter()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self.seconds += time.perf_counter() - self._since


def rounded(megapixels: float) -> str:
    """Return an area with two decimals, or as many as show two digits of a small one.

    A pixel is a millionth, so there are no more than six.
    """
    decimals = 2
    if 0 < megapixels < 0.1:
        decimals = min(6, 1 - math.floor(math.log10(megapixels)))
    text = f"{megapixels:.{decimals}f}"
    while decimals > 2 and text.endswith("0"):
        text, decimals = text[:-1], decimals - 1
    return text


def write_report(report: Report, path: Path) -> None:
    """Write the report as JSON.

    Raises:
        OutputError: If the file cannot be written.
    """
    try:
        path.write_text(report.to_text(), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}") from error
