"""What is imported computes what PyTorch computes: every layout, whole and in tiles."""

from typing import Any

import numpy as np
import pytest

from imgan.bundles.grid import Grid
from imgan.bundles.grid import padded_length
from imgan.importing.conversion import convert
from imgan.importing.detection import detect
from imgan.inference.tiling import plan_tiles
from imgan.networks.halo import halo
from imgan.types import Array
from imgan.types import Size
from tests.importing.parity import TOLERANCE
from tests.importing.parity import difference

pytest.importorskip("torch")

# They are written in PyTorch.
from tests.importing.layouts import FULL_SIZE
from tests.importing.layouts import SMALL
from tests.importing.layouts import Layout
from tests.importing.layouts import run
from tests.importing.layouts import tensors_of


@pytest.mark.parametrize("name", SMALL)
def test_imported_networks_equal_theirs(name: str) -> None:
    compare(SMALL[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL_SIZE)
def test_published_sizes(name: str) -> None:
    # Hundreds of convolutions, one after the other.
    compare(FULL_SIZE[name], 10 * TOLERANCE)


@pytest.mark.parametrize("name", [n for n in SMALL if SMALL[n].tiled])
def test_tiles_equal_the_whole(name: str) -> None:
    """With the halo that is read off the graph and borders of the picture's own."""
    layout = SMALL[name]
    theirs = layout.network()
    ours = imported(layout, tensors_of(theirs))
    reach = halo(ours)
    assert reach is not None
    # So long that neither half of the picture sees all of the other.
    unit = ours.size_multiple
    tile = (reach // unit + 2) * unit
    thin = padded_length(1, unit, ours.minimum_size)
    for size in ((2 * tile, thin), (thin, 2 * tile)):
        picture = layout.picture(size)
        expected = run(theirs, picture)
        scale = expected.shape[1] // size[0]
        grid = Grid(tile, reach, scale, unit, ours.minimum_size)
        made = np.full_like(expected, np.nan)
        for part in plan_tiles(Size(*size), grid):
            assert part.read[2:] != size
            outputs = ours(picture[:, *part.read.slices()], training=False)
            made[:, *part.place.slices()] = outputs[:, *part.crop.slices()]
        found = difference(ours, made, expected, layout.made, clipped=layout.clipped)
        assert found <= TOLERANCE


def compare(layout: Layout, tolerance: float = TOLERANCE) -> None:
    theirs = layout.network()
    ours = imported(layout, tensors_of(theirs))
    expected = run(theirs, layout.picture())
    assert np.ptp(expected) > 0.1
    if layout.made == (-1.0, 1.0):
        assert np.mean(np.abs(expected) > 0.99) < 0.5, "saturated"
    if layout.clipped:
        assert np.mean((expected == 0) | (expected == 1)) < 0.6, "mostly clipped"
    made = np.asarray(ours(layout.picture(), training=False))
    found = difference(ours, made, expected, layout.made, clipped=layout.clipped)
    assert found <= tolerance, f"{found:.2e} of its range"


def imported(layout: Layout, tensors: dict[str, Array]) -> Any:
    plan = detect(tensors)
    assert plan.family == layout.family
    assert {key: plan.arguments[key] for key in layout.arguments} == layout.arguments
    return convert(plan, tensors)
