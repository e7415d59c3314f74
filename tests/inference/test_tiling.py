import itertools

import numpy as np
import pytest

from imgan.bundles.grid import Grid
from imgan.data.resize import resample_weights
from imgan.inference.tiling import pad_to_multiple
from imgan.inference.tiling import padded_size
from imgan.inference.tiling import plan_axis
from imgan.inference.tiling import plan_tiles
from imgan.types import Size

SIZES = [(1, 1), (1, 97), (2, 3), (16, 17), (31, 33), (61, 97), (97, 61)]
SWEEP = list(itertools.product(SIZES, (0, 1, 16, 33), (0, 1, 8), (1, 2, 4)))


@pytest.mark.parametrize(("size", "tile", "halo", "scale"), SWEEP)
def test_every_result_pixel_is_written_once(size, tile, halo, scale):
    written = np.zeros((size[0] * scale, size[1] * scale), int)
    for one in plan_tiles(Size(*size), Grid(tile, halo, scale)):
        written[one.place.slices()] += 1
    assert written.min() == written.max() == 1


@pytest.mark.parametrize(("size", "tile", "halo", "scale"), SWEEP)
def test_reads_hold_the_halo_or_end_at_the_border(size, tile, halo, scale):
    tiles = plan_tiles(Size(*size), Grid(tile, halo, scale))
    for one in tiles:
        for axis, (start, length) in enumerate(((0, 2), (1, 3))):
            first = one.place[start] // scale
            last = first + one.place[length] // scale
            assert 0 <= one.read[start] <= max(0, first - halo)
            stop = one.read[start] + one.read[length]
            assert min(size[axis], last + halo) <= stop <= size[axis]
            assert one.read[length] <= (tile or size[axis]) + 2 * halo
    # One shape, for which what computes the tiles is prepared once.
    assert len({one.read[2:] for one in tiles}) == 1


def test_tiles_of_an_axis_share_the_work():
    """600 pixels and 2 halos for each cut: 672, thirds of which are 224."""
    spans = plan_axis(600, Grid(tile=256, halo=18, scale=2))
    assert [span.read for span in spans] == [(0, 224), (188, 412), (376, 600)]
    assert [span.kept for span in spans] == [(0, 412), (412, 788), (788, 1200)]


def test_what_fits_with_its_halos_is_not_cut():
    grid = Grid(tile=256, halo=18)
    assert len(plan_axis(256 + 36, grid)) == 1
    assert len(plan_axis(256 + 37, grid)) == 2


def test_the_crop_is_the_kept_part_seen_from_the_read():
    for one in plan_tiles(Size(40, 50), Grid(16, 5, 3)):
        assert one.crop.top + one.read.top * 3 == one.kept.top == one.place.top
        assert one.crop.left + one.read.left * 3 == one.kept.left == one.place.left
        assert one.crop[2:] == one.kept[2:] == one.place[2:]
        assert one.crop.bottom <= one.read.height * 3


@pytest.mark.parametrize("multiple", [2, 8])
@pytest.mark.parametrize("length", [1, 15, 16, 33, 61])
def test_reads_are_multiples_inside_the_padded_picture(length, multiple):
    for span in plan_axis(length, Grid(10, 3, 1, multiple)):
        start, stop = span.read
        assert start % multiple == stop % multiple == 0
        assert stop <= padded_size(Size(length, 1), multiple).height
        assert start <= max(0, span.place[0] - 3)
        assert stop >= min(length, span.place[1] + 3)


@pytest.mark.parametrize(("scale", "ratio"), [(4, 0.625), (2, 1.5), (4, 0.1), (1, 3)])
@pytest.mark.parametrize("length", [1, 7, 61, 97])
def test_spans_keep_what_the_resampler_needs(length, scale, ratio):
    wanted = int(np.ceil(length * scale * ratio))
    taps, _ = resample_weights(length * scale, wanted, ratio)
    written = np.zeros(wanted, int)
    for span in plan_axis(length, Grid(16, 2, scale), taps):
        written[slice(*span.place)] += 1
        needed = taps[slice(*span.place)]
        assert span.kept == (needed.min(), needed.max() + 1)
        assert span.read[0] <= max(0, span.kept[0] // scale - 2)
        assert span.read[1] >= min(length, -(-span.kept[1] // scale) + 2)
    assert written.min() == written.max() == 1


@pytest.mark.parametrize("multiple", [1, 4])
@pytest.mark.parametrize(("first", "made"), [(0, 100), (701, 240), (1900, 100), (0, 1)])
def test_of_a_crop_only_what_it_looks_at_is_read(first, made, multiple):
    """Out of the 2,000 pixels of a result that is resampled to its half."""
    grid = Grid(32, 8, 2, multiple)
    taps, _ = resample_weights(4000, first + made, 0.5)
    taps = taps[first:]
    spans = plan_axis(2000, grid, taps)
    assert [span.place[0] for span in spans] == [
        0,
        *(span.place[1] for span in spans[:-1]),
    ]
    assert spans[-1].place[1] == made
    for span in spans:
        needed = taps[slice(*span.place)]
        assert span.kept == (needed.min(), needed.max() + 1)
        assert span.read[0] <= max(0, span.kept[0] // 2 - 8)
        assert span.read[1] >= min(2000, -(-span.kept[1] // 2) + 8)
    # A tile of 32 pixels is read with 8 more on both sides, and one tile at least.
    looked_at = (int(taps.max()) - int(taps.min())) // 2 + 1 + 2 * 8
    read = sum(stop - start for start, stop in (span.read for span in spans))
    assert read <= 48 / 32 * looked_at + 48


def test_padding_mirrors_and_repeats_where_it_cannot():
    image = np.arange(6).reshape(2, 3, 1)
    padded = pad_to_multiple(image, 4)
    assert padded[:, :, 0].tolist() == [[0, 1, 2, 1], [3, 4, 5, 4]] * 1 + [
        [3, 4, 5, 4],
        [3, 4, 5, 4],
    ]
    assert pad_to_multiple(image, 1) is image


def test_padding_mirrors_over_and_over_up_to_the_minimum():
    image = np.arange(4).reshape(4, 1, 1)
    padded = pad_to_multiple(image, 2, 9)
    assert padded.shape == (10, 10, 1)
    assert padded[:, 0, 0].tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert (padded == padded[:, :1]).all()
    assert padded_size(Size(4, 30), 4, 9) == (12, 32)


def test_impossible_grids_are_refused():
    with pytest.raises(ValueError, match="tile=-1"):
        plan_tiles(Size(4, 4), Grid(-1, 0))
    with pytest.raises(ValueError, match="height=0"):
        plan_tiles(Size(0, 4), Grid(1, 0))
