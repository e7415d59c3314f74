"""What is measured of two generators, on ones whose output is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgan.data.translation.held_out_domains import HeldOutDomains
from imgan.io.images import read_image
from imgan.training import translation_validation
from imgan.training.domain_validation import DomainValidator
from imgan.training.run_folder import RunFolder
from imgan.types import Array


def framed(side: int, inner: float) -> Array:
    """Return ones of a side with a square of four pixels in their middle."""
    picture: Array = np.ones((side, side, 3), np.float32)
    edge = (side - 4) // 2
    picture[edge : edge + 4, edge : edge + 4] = inner
    return picture


def test_of_large_pictures_the_centre_goes_there_and_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The way back loses half of a centre of 0.5, so 0.25: 0.5 in units of [-1, 1]."""
    monkeypatch.setattr(translation_validation, "MOST_SIDE", 4)
    seen = []

    def same(source: Array) -> Array:
        seen.append(source.shape)
        return source

    pictures: Any = [framed(8, 0.5)]
    run = RunFolder(tmp_path)
    run.samples.mkdir()
    look = DomainValidator(
        {"a_to_b": same, "b_to_a": lambda made: 0.5 * same(made)},  # type: ignore[dict-item]
        HeldOutDomains(pictures, pictures, paired=False),
        run,
        direction="a_to_b",
    )(7)
    assert set(seen) == {(4, 4, 3)}
    assert look.scores == pytest.approx({"cycle_l1": 0.5})
    # Two rows of three pictures, a gap of two pixels between.
    assert read_image(run.sample_sheet(7)).pixels.shape == (10, 16, 3)
