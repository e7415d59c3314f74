import io
import itertools

import pytest
from rich.console import Console

from imgan.cli.training_progress import TrainingProgress
from imgan.cli.training_progress import number_line

GAME = {
    "generator_loss": 1.2345,
    "generator_gradient_norm": 3.0,
    "discriminator_loss": 0.6512,
    "discriminator_real_accuracy": 0.714,
    "discriminator_fake_accuracy": 0.8,
    "validation_diversity": 0.834,
}


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        (GAME, "G 1.23  D 0.65  real 71%  fake 80%  div 0.83"),
        (
            {"generator_loss": 0.02134, "validation_psnr_y": 31.234},
            "G 0.0213  PSNR 31.2",
        ),
        (
            {"generator_loss": -123.4, "discriminator_distance": 3.14159},
            "G -123  distance 3.14",
        ),
        ({}, ""),
    ],
)
def test_every_kind_of_run_shows_its_numbers(
    numbers: dict[str, float], line: str
) -> None:
    assert number_line(numbers, width=44) == line


def test_what_does_not_fit_is_left_out_whole() -> None:
    assert number_line(GAME, width=43) == "G 1.23  D 0.65  real 71%  fake 80%"
    assert number_line(GAME, width=3) == ""


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_bar_never_wraps(width: int) -> None:
    """A line that wraps is drawn anew below itself, again and again."""
    terminal, seconds = io.StringIO(), itertools.count()
    console = Console(
        file=terminal,
        force_terminal=True,
        width=width,
        height=20,
        color_system=None,
        get_time=lambda: float(next(seconds)),
    )
    with TrainingProgress(console) as show:
        for step in range(1, 30):
            show(step, 20000, GAME)
    assert "29/20000" in terminal.getvalue()
    # A second line would be taken back by moving up.
    drawn, *_ = terminal.getvalue().rpartition("29/20000")
    assert "\x1b[1A" not in drawn
    if width >= 80:
        assert "G 1.23  D 0.65  real 71%  fake 80%  div 0.83" in terminal.getvalue()
