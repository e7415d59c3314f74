import itertools

import numpy as np
import pytest
import tensorflow as tf

from imgan.bundles.grid import Grid
from imgan.export.tiled_graph import TiledGraph
from imgan.export.tiled_graph import mirrored
from imgan.export.tiled_graph import plan_axis
from imgan.inference.blending import plan_blended
from imgan.inference.blending import ramp_length
from imgan.inference.blending import ramp_start
from imgan.inference.tiling import pad_to_multiple
from imgan.inference.tiling import plan_axis as plan_spans
from imgan.types import Size
from tests.inference.networks import picture
from tests.marks import thorough

LENGTHS = [*range(1, 40), *range(40, 98, 3)]


@pytest.mark.slow
@pytest.mark.parametrize("multiple", [thorough(1), 4, thorough(16)])
@pytest.mark.parametrize("scale", [thorough(1), 2, thorough(3)])
def test_exact_tiles_are_those_of_the_batch_tools(multiple: int, scale: int) -> None:
    for tile, halo, minimum in itertools.product((16, 17, 32), (0, 3, 8), (1, 20)):
        grid = Grid(tile, halo, scale, multiple, minimum)
        for length in LENGTHS:
            expected = [[*span.read, *span.kept] for span in plan_spans(length, grid)]
            assert plan_axis(tf.constant(length), grid).numpy().tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize("multiple", [thorough(1), 4, thorough(16)])
@pytest.mark.parametrize("scale", [thorough(1), 2])
def test_blended_tiles_are_those_of_the_batch_tools(multiple: int, scale: int) -> None:
    for tile, overlap in itertools.product((16, 24, 32), (1, 4, 9)):
        grid = Grid(tile, 0, scale, multiple, overlap=overlap)
        ramp = ramp_length(grid) * scale
        for length in LENGTHS:
            row = plan_blended(Size(1, length), grid)[0]
            places = [(tile.place.left, tile.place.right) for tile in row]
            fades = [
                ramp_start(first, second[0], ramp)
                for first, second in itertools.pairwise(places)
            ]
            settled = zip([0, *fades], [*fades, length * scale], strict=True)
            expected = [
                [one.read.left, one.read.right, *ends]
                for one, ends in zip(row, settled, strict=True)
            ]
            assert plan_axis(tf.constant(length), grid).numpy().tolist() == expected


def test_pixels_beyond_the_end_are_mirrored_as_before_a_network() -> None:
    for length, wanted in itertools.product(range(1, 12), (1, 3, 8, 20)):
        expected = pad_to_multiple(np.arange(length)[:, None, None], 1, wanted)
        indices = mirrored(tf.range(max(length, wanted)), tf.constant(length))
        assert indices.numpy().tolist() == expected[:, 0, 0].tolist()


def repeat(grid: Grid, seen: list[tuple[int, ...]]) -> TiledGraph:
    """Return a function that repeats pixels, and notes what it is given at once."""

    def compute(pixels: tf.Tensor) -> tf.Tensor:
        seen.append(tuple(pixels.shape))
        values = tf.cast(pixels, tf.float32)
        return tf.repeat(tf.repeat(values, grid.scale, 1), grid.scale, 2)

    def settle(outputs: tf.Tensor, marks: tf.Tensor) -> tf.Tensor:
        added = tf.cast(marks, tf.float32)[:, None, None, None]
        return tf.cast(outputs + added, tf.uint8)

    return TiledGraph(grid, 16 * 16, compute, settle, 3, "uint8")


@pytest.mark.parametrize(
    "grid",
    [
        Grid(16, 3, 2),
        Grid(16, 3, 2, multiple=4, minimum=20),
        Grid(16, 0, 2, overlap=5),
        Grid(16, 0, 1, multiple=4, overlap=4),
        Grid(0, 0, 2, multiple=4),
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (5, 16), (16, 17), (33, 50)])
def test_pictures_come_back_whole(grid: Grid, size: tuple[int, int]) -> None:
    pictures = np.stack([picture(*size, 3) // 2, picture(*size, 3)[::-1] // 2])
    made = repeat(grid, [])(tf.constant(pictures), tf.constant([0, 7]))
    expected = pictures.repeat(grid.scale, 1).repeat(grid.scale, 2)
    np.testing.assert_array_equal(made[0], expected[0])
    np.testing.assert_array_equal(made[1], expected[1] + 7)


def test_small_pictures_are_computed_together_and_large_ones_in_tiles() -> None:
    grid, seen = Grid(16, 2, 1), []
    repeat(grid, seen)(tf.zeros((40, 4, 8, 3), tf.uint8), tf.zeros(40, tf.int32))
    assert seen == [(8, 4, 8, 3)] * 5
    seen.clear()
    repeat(grid, seen)(tf.zeros((2, 8, 40, 3), tf.uint8), tf.zeros(2, tf.int32))
    # 40 pixels and two halos of 2 for each of two cuts: 48 in three.
    assert seen == [(1, 8, 16, 3)] * 6
