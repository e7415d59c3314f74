"""Tiles of networks that see all they are given: geometry, seams, order and memory."""

import itertools
import threading

import numpy as np
import pytest

from imgan.bundles.grid import Grid
from imgan.bundles.grid import ramp_length
from imgan.bundles.grid import tile_side
from imgan.errors import ImganError
from imgan.inference.blending import RowBlender
from imgan.inference.blending import blend_row
from imgan.inference.blending import is_blended
from imgan.inference.blending import plan_blended
from imgan.inference.blending import ramp_start
from imgan.inference.blending import ramp_weights
from imgan.inference.engines import NetworkEngine
from imgan.inference.graph import TileResult
from imgan.inference.predictor import Predictor
from imgan.inference.tiling import padded_size
from imgan.inference.tiling import plan_tiles
from imgan.types import Size

from .networks import NearestEngine
from .networks import picture
from .networks import translation_card

LENGTHS = (1, 2, 7, 15, 16, 17, 31, 33, 48, 61, 97, 129, 200)
SWEEP = list(itertools.product((1, 4, 16, 33), (1, 4, 8), (1, 7, 64), (1, 4, 16)))


def grid(tile=16, overlap=4, **more):
    return Grid(tile, 0, overlap=overlap, **more)


@pytest.mark.parametrize(("tile", "multiple", "overlap", "minimum"), SWEEP)
def test_ramps_lie_inside_overlaps_and_never_meet(tile, multiple, overlap, minimum):
    made = grid(tile, overlap, multiple=multiple, minimum=minimum)
    ramp, side = ramp_length(made), tile_side(made)
    assert ramp <= overlap
    for length in LENGTHS:
        row = plan_blended(Size(5, length), made)[0]
        places = [tile.place for tile in row]
        assert places[0].left == 0
        assert places[-1].right == length
        assert all(tile.read.width == row[0].read.width for tile in row)
        alone = padded_size(Size(1, length), multiple, minimum).width
        assert row[0].read.width in (side, alone)
        assert (len(row) > 1) == (length > side)
        settled = 0
        for left, right in itertools.pairwise(places):
            start = ramp_start((left.left, left.right), right.left, ramp)
            assert settled <= start
            assert right.left <= start
            settled = start + ramp
            assert settled <= left.right


@pytest.mark.parametrize("size", [(1, 1), (5, 97), (16, 16), (40, 61), (97, 33)])
@pytest.mark.parametrize("multiple", [1, 4, 8])
def test_reads_are_inside_the_padded_picture_and_fit_the_network(size, multiple):
    made = grid(18, 6, multiple=multiple, minimum=5)
    padded = padded_size(Size(*size), multiple, 5)
    for tile in itertools.chain(*plan_blended(Size(*size), made)):
        assert tile.read.bottom <= padded.height
        assert tile.read.right <= padded.width
        assert tile.read.height % multiple == tile.read.width % multiple == 0
        assert min(tile.read[2:]) >= 5
        assert tile.place.bottom <= size[0]
        assert tile.place.right <= size[1]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(7, 61), (61, 7), (50, 67), (97, 129)])
def test_parts_of_one_picture_blend_into_it(size, scale):
    """Where tiles agree, blending changes nothing at all: a + (a - a) w = a."""
    whole = picture(size[0] * scale, size[1] * scale, 2, dtype="float32")
    made = grid(16, 5, scale=scale)
    rows, ramp = plan_blended(Size(*size), made), ramp_length(made) * scale
    blender, result = RowBlender(rows, ramp), np.zeros_like(whole)
    for row in rows:
        parts = [whole[tile.place.slices()] for tile in row]
        top, settled = blender.add(blend_row(parts, row, ramp))
        result[top : top + len(settled)] = settled
    np.testing.assert_array_equal(result, whole)


def test_weights_rise_linearly_and_are_one_together():
    """Pixel k of 4 lies at (k + 1/2) / 4 of the way."""
    np.testing.assert_array_equal(ramp_weights(4), [0.125, 0.375, 0.625, 0.875])
    rising = ramp_weights(64)
    np.testing.assert_array_equal(rising + rising[::-1], np.ones(64, np.float32))


class Toned(NearestEngine):
    """Gives every tile a tone of its own: the nth call an nth of white, float32."""

    translates = True

    def __init__(self, overlap, tile=32, tones=None, **more):
        super().__init__(1, tile, halo=0, overlap=overlap, **more)
        self.tones = tones or [0.0]

    def run(self, pixels, crop, precision, *, quantise, compiled=False):
        tone = self.tones[len(self.shapes) % len(self.tones)]
        made = super().run(pixels, crop, precision, quantise=quantise)
        return made._replace(pixels=np.full_like(made.pixels, tone, np.float32))


@pytest.mark.parametrize("axis", [0, 1])
def test_from_one_tone_to_the_next_there_is_a_ramp_and_no_step(axis):
    shape = (80, 20) if axis == 0 else (20, 80)
    engine = Toned(8, tones=[0.0, 0.5, 1.0, 1.5])
    made = Predictor(engine)(np.zeros((*shape, 1), np.float32))[..., 0]
    assert len(engine.shapes) == 3
    profile = made.mean(1 - axis)
    np.testing.assert_allclose(
        made, np.broadcast_to(np.expand_dims(profile, 1 - axis), shape)
    )
    steps = np.diff(profile)
    assert steps.min() >= 0
    # Half of white over 8 pixels.
    assert steps.max() <= 0.5 / 8 + 1e-6
    assert set(np.unique(profile)) >= {0.0, 0.5, 1.0}


def test_corners_are_smooth_in_both_directions():
    engine = Toned(8, tones=[0.0, 1.0, 0.25])
    made = Predictor(engine)(np.zeros((80, 80, 1), np.float32))[..., 0]
    for axis in (0, 1):
        assert np.abs(np.diff(made, axis=axis)).max() <= 1 / 8 + 1e-6


def test_a_step_of_tones_is_one_level_at_most_in_eight_bits():
    """16 of 255 over 64 pixels: a quarter of a level for each."""
    tones = [0.25, 0.25 + 16 / 255]

    class Light(Toned):
        def dtype(self, dtype):
            return "uint8"

    engine = Light(64, tile=256, tones=tones)
    made = Predictor(engine)(np.zeros((9, 400, 1), np.uint8)).astype(int)
    assert np.abs(np.diff(made, axis=1)).max() == 1
    assert made.max() - made.min() == 16


def instance_norm(dtype="float32", channels=3):
    """Normalises each picture by its own mean and deviation."""
    import keras

    images = keras.Input((None, None, channels))
    x = keras.layers.Conv2D(4, 3, padding="same", kernel_initializer="ones")(images)
    x = keras.layers.GroupNormalization(groups=-1)(x)
    x = keras.layers.Conv2D(channels, 1, kernel_initializer="ones")(x)
    return keras.Model(images, keras.layers.Activation("tanh")(x * 0.1))


@pytest.fixture(scope="module")
def engine():
    card = translation_card(halo=None, tile=32, overlap=8)
    return NetworkEngine(card, instance_norm, "cpu")


def test_the_default_tile_is_the_cards_and_zero_is_the_whole_picture(engine):
    image = picture(32, 30, 3)
    whole = Predictor(engine, tile=0)(image)
    np.testing.assert_array_equal(Predictor(engine)(image), whole)
    outputs = instance_norm()(image[np.newaxis] / np.float32(127.5) - 1)
    expected = (np.asarray(outputs)[0] + 1) * 127.5
    assert np.abs(whole - expected).max() <= 0.51
    larger = picture(32, 61, 3)
    difference = Predictor(engine)(larger).astype(int) - Predictor(engine, tile=0)(
        larger
    )
    assert 0 < np.abs(difference).max() < 40


def test_instance_norm_shows_no_seam(engine):
    """A smooth picture of which each tile has another mean."""
    rows, columns = np.indices((60, 120))
    smooth = np.stack([(rows + columns) / 180] * 3, 2).astype(np.float32)
    made = Predictor(engine)(smooth)
    cut = Predictor(engine, tile=0)
    alone = [cut(smooth[:, start : start + 32]) for start in range(0, 96, 32)]
    seam = max(
        float(np.abs(left[:, -1] - right[:, 0]).max())
        for left, right in itertools.pairwise(alone)
    )
    inner = made[2:-2, 2:-2]
    steps = max(np.abs(np.diff(inner, axis=axis)).max() for axis in (0, 1))
    assert seam > 0.3
    assert steps < 0.1


def test_the_result_is_the_same_to_the_bit_whoever_is_first(engine):
    images = [picture(70 + k, 90 - k, 3) for k in range(4)]
    expected = [Predictor(engine)(image) for image in images]
    predictor, made = Predictor(engine), [None] * 4

    def work(index):
        made[index] = predictor(images[index])

    for _ in range(2):
        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one, other in zip(made, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_late_tiles_do_not_change_the_order_of_blending():
    class Shuffled(Toned):
        """Computes by what it is given, and the first of two tiles ends last."""

        def run(self, pixels, crop, precision, *, quantise, compiled=False):
            if pixels[0, 0, 0] < self.late:
                threading.Event().wait(0.01)
            made = np.sqrt(pixels[crop.slices()] + pixels.mean())
            return TileResult(made, finite=True, black=False)

    image = picture(100, 90, 1, dtype="float32")
    results = []
    for late in (0.0, 0.5, 9.0):
        engine = Shuffled(8)
        engine.late, engine.streams = late, 3
        results.append(Predictor(engine)(image))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


class Small(Toned):
    """Runs out of memory for tiles of more than 40 pixels a side, or of `limit`."""

    limit = 40

    def run(self, pixels, crop, precision, *, quantise, compiled=False):
        if max(pixels.shape) > self.limit:
            raise MemoryError
        return super().run(pixels, crop, precision, quantise=quantise)


@pytest.mark.parametrize("tile", [0, 64])
def test_out_of_memory_begins_anew_for_this_picture_alone(tile):
    image = picture(100, 90, 1, dtype="float32")
    predictor = Predictor(Small(8, tile=64, tones=[0.5]), tile=tile)
    made = predictor.predict(image)
    np.testing.assert_array_equal(made.pixels, np.full_like(image, 0.5))
    assert predictor.tile == tile
    assert len(made.warnings) == 1
    assert "changes the result" in made.warnings[0]
    assert predictor.predict(image[:30, :30]).warnings == []


def test_no_smaller_tile_than_the_network_takes():
    engine = Small(8, tile=64, multiple=64)
    with pytest.raises(ImganError, match="tiles of 64 pixels"):
        Predictor(engine)(picture(100, 90, 1, dtype="float32"))


def test_progress_counts_every_tile():
    seen = []
    Predictor(Toned(8)).predict(
        np.zeros((80, 80, 1), np.float32),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(k, 9) for k in range(1, 10)]


def test_a_grid_blends_only_what_is_larger_than_a_tile():
    made = grid(20, 4, multiple=8)
    assert not is_blended(Size(24, 24), made)
    assert is_blended(Size(25, 1), made)
    assert not is_blended(Size(99, 99), made._replace(tile=0))
    assert not is_blended(Size(99, 99), made._replace(overlap=0))
    with pytest.raises(ValueError, match="overlap"):
        plan_blended(Size(9, 9), made._replace(overlap=0))


def test_the_meaning_of_the_tile_is_said_in_a_sentence(engine):
    assert "tiles of 32 that are blended over 8" in Predictor(engine).describe_tiles()
    assert "tiles of 16 that are blended over 4" in (
        Predictor(engine, tile=16).describe_tiles()
    )
    assert Predictor(engine, tile=0).describe_tiles() == "Pictures are computed whole"
    exact = NearestEngine(tile=48)
    assert "tiles of 48 pixels, which change nothing" in (
        Predictor(exact).describe_tiles()
    )
    exact.grid = exact.grid._replace(error=0.00098)
    assert "at most 0.001 of its range" in Predictor(exact).describe_tiles()
    assert "whole, whatever" in Predictor(NearestEngine(tile=0)).describe_tiles()
    padded = NearestEngine(tile=48, multiple=16)
    assert "tiles of 32 pixels" in Predictor(padded, tile=17).describe_tiles()


def test_tiles_matter_to_pictures_that_are_larger(engine):
    for tile, side in ((None, 32), (16, 16), (0, 32)):
        predictor = Predictor(engine, tile=tile)
        assert not predictor.tiles_matter(Size(side, 1))
        assert predictor.tiles_matter(Size(1, side + 1))
    padded = Predictor(NearestEngine(tile=48, multiple=16), tile=17)
    # Side by side, what is no more than two halos larger than a tile is read whole.
    grid = padded.engine.grid._replace(tile=padded.tile)
    most = 32 + 2 * grid.halo
    assert len(plan_tiles(Size(most, 32), grid)) == 1
    assert not padded.tiles_matter(Size(most, 32))
    assert len(plan_tiles(Size(most + 1, 1), grid)) == 2
    assert padded.tiles_matter(Size(most + 1, 1))
    assert Predictor(NearestEngine(tile=0)).tiles_matter(Size(1, 1))


def test_side_by_side_reads_hold_the_least_that_a_network_takes():
    for length in (1, 5, 40, 97):
        size = Size(length, 33)
        padded = padded_size(size, 4, 30)
        for tile in plan_tiles(size, Grid(8, 1, 1, 4, 30)):
            assert min(tile.read[2:]) >= 32
            assert tile.read.bottom <= padded.height
            assert tile.read.right <= padded.width
            assert tile.crop.top + tile.crop.height <= tile.read.height
