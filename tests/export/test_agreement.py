from collections.abc import Callable

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.export.agreement import check_agreement
from imgan.export.agreement import difference
from imgan.export.tensors import Feed
from imgan.export.tensors import PortableNetwork
from imgan.types import Array
from tests.inference.networks import card


def enlarge(images: Array, training: bool) -> Array:
    """Repeat every pixel, in the range of -1 to 1."""
    assert not training
    return images.repeat(2, 1).repeat(2, 2) * np.float32(2) - np.float32(1)


PORTABLE = PortableNetwork(enlarge, card(output_range=(-1.0, 1.0)))


def off_by(amount: float, at: int = 1) -> Callable[[Feed], Array]:
    """Return a runtime that is wrong at every so many values."""

    def run(feed: Feed) -> Array:
        made = PORTABLE.compute(feed)
        made.flat[::at] += amount
        return made

    return run


def test_figures_are_shares_of_the_range() -> None:
    feed = PORTABLE.examples()[0]
    apart = difference(PORTABLE, PORTABLE.compute(feed), off_by(0.5, at=4)(feed))
    # 0.5 of 2, at a quarter of the values.
    assert apart.largest == pytest.approx(0.25, rel=1e-5)
    assert apart.mean == pytest.approx(0.0625, rel=1e-5)


def test_equal_results_are_called_so() -> None:
    line = check_agreement(PORTABLE, PORTABLE.compute, "float32")
    assert line == "parity with the bundle: equal (37x24 and 38x25)"


def test_small_differences_are_told() -> None:
    line = check_agreement(PORTABLE, off_by(1e-4, at=10), "float32")
    assert line == (
        "parity with the bundle: at most 5e-05 of the range apart, 5e-06 on average "
        "(37x24 and 38x25)"
    )


@pytest.mark.parametrize(
    ("precision", "within", "beyond", "advice"),
    [
        ("float32", 1.9e-4, 2.1e-4, "Report it"),
        ("float16", 1.9e-2, 2.1e-2, "Use --precision float32"),
        ("int8", 9.9e-2, 10.1e-2, "Calibrate on other pictures"),
    ],
)
def test_tolerances(precision: str, within: float, beyond: float, advice: str) -> None:
    check_agreement(PORTABLE, off_by(within), precision)
    with pytest.raises(CheckpointError, match=f"Received: .* in {precision}. {advice}"):
        check_agreement(PORTABLE, off_by(beyond), precision)


def test_int8_is_judged_by_its_mean() -> None:
    check_agreement(PORTABLE, off_by(1.0, at=20), "int8")
    with pytest.raises(CheckpointError, match=r"0\.5 at most in float16"):
        check_agreement(PORTABLE, off_by(1.0, at=20), "float16")


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_what_is_no_number_or_of_another_size_never_passes(precision: str) -> None:
    with pytest.raises(CheckpointError, match="Received: nan"):
        check_agreement(PORTABLE, off_by(np.nan, at=1000), precision)
    with pytest.raises(CheckpointError, match="Received: inf"):
        check_agreement(PORTABLE, lambda feed: PORTABLE.compute(feed)[:, 1:], precision)
