import inspect
import threading

import numpy as np
import pytest

import imgan
from imgan.data.resize import resize_bicubic
from imgan.errors import ImganError
from imgan.errors import UnknownModelError
from imgan.errors import UsageError
from imgan.inference.engines import BicubicEngine
from imgan.inference.engines import NetworkEngine
from imgan.inference.graph import TileResult
from imgan.inference.predictor import Cancelled
from imgan.inference.predictor import Predictor

from .networks import NearestEngine
from .networks import card
from .networks import convolutions
from .networks import picture

SIZES = [(1, 1), (1, 61), (5, 3), (33, 16), (61, 97)]


@pytest.fixture(scope="module")
def engine():
    """A small network, traced once for the whole module."""
    return NetworkEngine(card(), convolutions, "cpu")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("size", SIZES)
def test_tiled_equals_whole(engine, size, precision):
    image = picture(*size, 3)
    whole = Predictor(engine, tile=0, precision=precision)(image)
    assert whole.shape == (size[0] * 2, size[1] * 2, 3)
    for tile in (16, 33):
        tiled = Predictor(engine, tile=tile, precision=precision)(image)
        np.testing.assert_array_equal(tiled, whole)


@pytest.mark.parametrize("scale", [1.5, 2.5, 0.7])
def test_a_resampled_result_does_not_show_tiles(engine, scale):
    image = picture(61, 47, 3)
    whole = Predictor(engine, tile=0, scale=scale)(image)
    tiled = Predictor(engine, tile=16, scale=scale)(image)
    assert whole.shape == (int(np.ceil(61 * scale)), int(np.ceil(47 * scale)), 3)
    np.testing.assert_array_equal(tiled, whole)


def test_resampling_is_in_float_before_quantising(engine):
    image = picture(20, 24, 3)
    exact = Predictor(engine, scale=2)(image.astype(np.float32) / 255)
    expected = resize_bicubic(exact, 0.75)
    made = Predictor(engine, precision="float32")(image, scale=1.5)
    assert np.abs(made - np.clip(expected, 0, 1) * 255).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_result_has_the_type_and_rank_of_the_picture(engine, dtype):
    for more in ((), (1,), (3,)):
        made = Predictor(engine, tile=16)(picture(20, 18, *more, dtype=dtype))
        assert made.dtype == dtype
        assert made.shape == (40, 36, *more)


def test_the_network_sees_its_own_range_and_gives_it_back():
    wide = card(scale=1, input_range=(-1, 1), output_range=(-1, 1), halo=0)
    image = picture(9, 7, 3, dtype="uint16")
    made = Predictor(NetworkEngine(wide, lambda dtype: lambda x, training: x))(image)
    np.testing.assert_allclose(made.astype(int), image, atol=1)


def test_grey_stays_grey_and_is_the_mean_of_the_channels(engine):
    image = picture(12, 14)
    made = Predictor(engine, precision="float32")(image.astype(np.float32) / 255)
    colour = np.repeat(image[..., np.newaxis], 3, 2).astype(np.float32) / 255
    outputs = np.asarray(convolutions()(colour[np.newaxis]))[0].mean(2)
    np.testing.assert_allclose(made, np.clip(outputs, 0, 1), atol=1e-6)


@pytest.mark.parametrize("scale", [None, 1.5])
def test_grey_stored_as_colour_stays_grey(engine, scale):
    """Even where the difference to colour would be a single value at the end."""
    grey = picture(90, 14)
    alike = np.repeat(grey[..., np.newaxis], 3, 2)
    one = Predictor(engine, tile=16)(grey, scale)
    made = Predictor(engine, tile=16)(alike, scale)
    np.testing.assert_array_equal(made, np.repeat(one[..., np.newaxis], 3, 2))
    alike[-1, -1, 1] ^= 1
    assert np.ptp(Predictor(engine, tile=16)(alike, scale), axis=2).max() > 0


def test_colour_goes_channel_by_channel_through_a_network_for_grey():
    grey = card(input_channels=1, output_channels=1)
    engine = NetworkEngine(grey, lambda dtype: convolutions(dtype, channels=1))
    image = picture(12, 14, 3)
    made = Predictor(engine)(image)
    for channel in range(3):
        alone = Predictor(engine)(np.ascontiguousarray(image[..., channel]))
        np.testing.assert_array_equal(made[..., channel], alone)


def test_pictures_the_network_cannot_take_are_refused(engine):
    with pytest.raises(ValueError, match="4"):
        Predictor(engine)(picture(4, 4, 4))
    with pytest.raises(TypeError, match="int64"):
        Predictor(engine)(np.zeros((4, 4, 3), np.int64))
    with pytest.raises(ValueError, match="shape"):
        Predictor(engine)(np.zeros((0, 4, 3), np.uint8))


@pytest.mark.parametrize("scale", [4, 2.5, 1.3])
@pytest.mark.parametrize("more", [(), (3,)])
def test_bicubic_equals_the_reference(scale, more):
    image = picture(61, 37, *more)
    made = Predictor(BicubicEngine(), tile=16, scale=scale)(image)
    np.testing.assert_array_equal(made, resize_bicubic(image, scale))


@pytest.mark.parametrize("multiple", [4, 8])
def test_sides_are_padded_to_the_multiple_and_cut_again(multiple):
    for size in ((1, 1), (5, 13), (33, 20)):
        engine = NearestEngine(multiple=multiple)
        image = picture(*size, 3)
        made = Predictor(engine, tile=10)(image)
        np.testing.assert_array_equal(made, image.repeat(2, 0).repeat(2, 1))
        assert all(h % multiple == w % multiple == 0 for h, w, _ in engine.shapes)


class Spoilt(NearestEngine):
    """Gives values that are not numbers, or black, in one precision or in all."""

    def __init__(self, precisions, finite=False, **options):
        super().__init__(**options)
        self.precisions, self.finite = precisions, finite
        self.asked = []

    def run(self, pixels, crop, precision, *, quantise, compiled=False):
        self.asked.append(precision)
        made = super().run(pixels, crop, precision, quantise=quantise)
        if precision not in self.precisions:
            return made
        return TileResult(made.pixels * 0, finite=self.finite, black=self.finite)


@pytest.mark.parametrize("finite", [False, True])
def test_spoilt_tiles_are_computed_again_in_float32(finite):
    engine = Spoilt({"bfloat16"}, finite)
    image = picture(64, 100, 3)
    made = Predictor(engine, precision="bfloat16").predict(image)
    np.testing.assert_array_equal(made.pixels, image.repeat(2, 0).repeat(2, 1))
    assert engine.asked.count("float32") == 2
    assert "2 tiles" in made.warnings[0]
    assert "float32" in made.warnings[0]


def test_values_that_are_no_numbers_in_float32_fail_the_picture():
    with pytest.raises(ImganError, match="nearest.*row 0, column 0"):
        Predictor(Spoilt({"float32", "bfloat16"}))(picture(4, 4, 3))


def test_black_in_every_precision_is_kept_with_a_warning():
    made = Predictor(Spoilt({"float32", "bfloat16"}, finite=True), precision="bfloat16")
    result = made.predict(picture(8, 8, 3))
    assert result.pixels.max() == 0
    assert len(result.warnings) == 1
    assert "black" in result.warnings[0]


def test_a_graph_notices_what_is_not_finite_or_black():
    import tensorflow as tf

    one = card(scale=1, halo=0)
    image = picture(8, 8, 3)
    networks = {
        "nan": lambda x, training: tf.math.log(-x - 1),
        "black": lambda x, training: x - 9,
    }
    for name, network in networks.items():
        engine = NetworkEngine(one, lambda dtype, network=network: network)
        made = engine.run(image, _everything(image), "float32", quantise=True)
        assert (made.finite, made.black) == (name == "black", name == "black")
        dark = image // 64
        made = engine.run(dark, _everything(dark), "float32", quantise=True)
        assert not made.black


def _everything(image):
    from imgan.types import Region

    return Region(0, 0, *image.shape[:2])


class Small(NearestEngine):
    """Runs out of memory for tiles of more pixels than `limit`."""

    limit = 40 * 40

    def run(self, pixels, crop, precision, *, quantise, compiled=False):
        if pixels.shape[0] * pixels.shape[1] > self.limit:
            raise MemoryError
        return super().run(pixels, crop, precision, quantise=quantise)


@pytest.mark.parametrize("tile", [0, 64, 128])
def test_out_of_memory_halves_the_tile_for_good(tile):
    engine = Small(halo=0)
    predictor = Predictor(engine, tile=tile)
    image = picture(100, 90, 3)
    np.testing.assert_array_equal(predictor(image), image.repeat(2, 0).repeat(2, 1))
    assert 16 <= predictor.tile <= 40
    engine.shapes.clear()
    predictor(image)
    tallest = max(height for height, _, _ in engine.shapes)
    assert predictor.tile / 2 < tallest <= predictor.tile


def test_out_of_memory_keeps_what_was_done():
    class Late(NearestEngine):
        def run(self, pixels, crop, precision, *, quantise, compiled=False):
            if len(self.shapes) == 3 and pixels.shape[0] > 32:
                raise MemoryError
            return super().run(pixels, crop, precision, quantise=quantise)

    engine = Late(halo=0)
    seen = []
    predictor = Predictor(engine)
    image = picture(128, 128, 3)
    made = predictor.predict(image, progress=lambda done, total: seen.append(done))
    np.testing.assert_array_equal(made.pixels, image.repeat(2, 0).repeat(2, 1))
    assert len(engine.shapes) == 3 + 4
    assert seen[-1] == 16


def test_no_tile_is_small_enough():
    engine = Small(halo=0)
    engine.limit = 0
    with pytest.raises(ImganError, match="Out of memory"):
        Predictor(engine)(picture(64, 64, 3))


def test_a_tensorflow_allocation_failure_counts_as_out_of_memory():
    import tensorflow as tf

    from imgan.inference.tiles import is_out_of_memory

    assert is_out_of_memory(tf.errors.ResourceExhaustedError(None, None, "OOM"))
    assert not is_out_of_memory(ValueError())


def test_it_can_be_cancelled():
    cancelled = threading.Event()
    engine = NearestEngine(tile=16)
    with pytest.raises(Cancelled):
        Predictor(engine).predict(
            picture(64, 64, 3),
            progress=lambda done, total: cancelled.set(),
            cancelled=cancelled,
        )
    assert len(engine.shapes) == 1


def test_threads_may_share_it(engine):
    predictor = Predictor(engine, tile=16)
    images = [picture(20 + k, 30, 3) for k in range(6)]
    expected = [predictor(image) for image in images]
    made = [None] * len(images)

    def work(index):
        made[index] = predictor(images[index])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_without_halo_is_never_tiled():
    engine = NearestEngine(tile=0)
    Predictor(engine, tile=16)(picture(64, 64, 3))
    assert engine.shapes == [(64, 64, 3)]


def test_impossible_wishes_are_refused(engine):
    with pytest.raises(UsageError, match="float16"):
        Predictor(engine, precision="float16")
    with pytest.raises(ValueError, match="tile=-1"):
        Predictor(engine, tile=-1)
    with pytest.raises(UnknownModelError):
        Predictor.load("no-such-model")
    with pytest.raises(UsageError, match="gpux"):
        Predictor.load("bicubic", device="gpux")


def test_load_takes_what_a_predictor_takes() -> None:
    taken = [
        {name: (one.kind, one.default) for name, one in given.parameters.items()}
        for given in map(inspect.signature, (imgan.load, Predictor.load))
    ]
    assert taken[0] == taken[1]
