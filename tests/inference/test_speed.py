from typing import Any

import pytest

from imgan.inference import speed


def test_counts_input_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 x 100 pixels in a thousandth of a second are 10 megapixels per second."""
    ticks = iter([0.0, 0.0, 1.0, 1.001, 9.0])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(ticks))
    identity: Any = lambda picture: picture  # noqa: E731
    assert speed.measure_speed(identity, side=100) == pytest.approx(10.0)
