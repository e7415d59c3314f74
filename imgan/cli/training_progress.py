"""Progress of a training on a terminal: one line that fits, whatever is trained."""

from collections.abc import Callable
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import ProgressColumn
from rich.progress import Task
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn
from rich.text import Text

# Of the columns beside the bar, the count and the numbers: time left, speed, spaces.
_FIXED_WIDTH = 7 + 7 + 4

# On a terminal of less than `_WIDE` columns the numbers need the room.
_WIDE = 100
_SHORT_BAR, _LONG_BAR = 6, 24


def _plain(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= abs(value) < 100 else f"{value:.3g}"


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _tenths(value: float) -> str:
    return f"{value:.1f}"


def _hundredths(value: float) -> str:
    return f"{value:.2f}"


# What a person watches, the most telling first: what does not fit is left out.
_NUMBERS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("generator_loss", "G", _plain),
    ("discriminator_loss", "D", _plain),
    ("validation_psnr_y", "PSNR", _tenths),
    ("discriminator_real_accuracy", "real", _percent),
    ("discriminator_fake_accuracy", "fake", _percent),
    ("discriminator_distance", "distance", _plain),
    ("validation_diversity", "div", _hundredths),
)


class TrainingProgress:
    """A bar with steps, time left, speed and the numbers of the kind of run.

    Call it with steps done, steps in all and the latest numbers.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar_width = _LONG_BAR if console.width >= _WIDE else _SHORT_BAR
        self._bar = Progress(
            BarColumn(self._bar_width),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            _SpeedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            # A validation takes long, and the time left must survive it.
            speed_estimate_period=300,
        )
        self._task = self._bar.add_task("", total=None)
        self._shown: dict[str, float] = {}
        self._line = ""

    def __enter__(self) -> Self:
        """Begin to show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def __call__(self, step: int, steps: int, numbers: Mapping[str, float]) -> None:
        """Show the state after a step."""
        # Numbers change at a log line, steps all the time.
        if numbers != self._shown:
            self._shown = dict(numbers)
            beside = _FIXED_WIDTH + self._bar_width + 2 * len(str(steps)) + 1
            self._line = number_line(numbers, self._console.width - beside)
        self._bar.update(
            self._task, completed=step, total=steps, description=self._line
        )


def number_line(numbers: Mapping[str, float], width: int) -> str:
    """Return the numbers that matter, with short names, in at most `width` columns.

    Args:
        numbers: By their names in `metrics.jsonl`.
        width: Columns there are; what does not fit is left out whole.
    """
    line = ""
    for key, name, written in _NUMBERS:
        if key not in numbers:
            continue
        longer = f"{line}  {name} {written(numbers[key])}".strip()
        if len(longer) > width:
            break
        line = longer
    return line


class _SpeedColumn(ProgressColumn):
    """Steps in a second."""

    def render(self, task: Task) -> Text:
        """Return at most seven columns up to 99,999 steps in a second."""
        speed = task.speed
        if not speed:
            return Text("")
        digits = 0 if speed >= 100 else 1 if speed >= 1 else 2
        return Text(f"{speed:.{digits}f}/s", style="progress.data.speed")
