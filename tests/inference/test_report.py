"""What a batch says of itself in one line."""

from pathlib import Path

import pytest

from imgan.inference.report import FileRow
from imgan.inference.report import Report
from imgan.inference.report import rounded
from imgan.types import Size


@pytest.mark.parametrize(
    ("megapixels", "expected"),
    [
        (0.0, "0.00"),
        (0.000001, "0.000001"),
        (0.0006, "0.0006"),
        (0.002304, "0.0023"),
        (0.02, "0.02"),
        (0.0678, "0.068"),
        (0.09999, "0.10"),
        (0.125, "0.12"),
        (12.3456, "12.35"),
    ],
)
def test_small_areas_have_digits_that_say_something(
    megapixels: float, expected: str
) -> None:
    assert rounded(megapixels) == expected


def test_the_summary_of_a_tiny_picture_is_not_zero() -> None:
    row = FileRow(Path("a.png"), Path("b.png"), "done", input_size=Size(48, 48))
    report = Report("upscale", "x4", None, "cpu", "float32", [row], seconds=1.5)
    expected = ": 0.0023 megapixels in 1.5 s with x4 on cpu, float32"
    assert report.summary().endswith(expected)
